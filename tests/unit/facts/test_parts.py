"""A body that is not here as a whole: what is found in it counts, what it does not show tells nothing."""

import re

import pytest

from verify.facts.debug import given_away
from verify.facts.exposure import exposed, is_page, listed
from verify.facts.http import Exchange, Headers, Part, PartError
from verify.facts.leaks import leaks
from verify.facts.links import hosts_of
from verify.facts.prometheus import looks_like_metrics

WHY = "its body was cut after 9 bytes"
TRACE = "Traceback (most recent call last):"
SHIP = re.compile("ship")


def part(read: bytes = b"", status: int = 200, **headers: str) -> Exchange:
    return Exchange(status=status, body=Part(read=read, why=WHY), headers=tuple(headers.items()))


def written(text: str, charset: str, as_type: str | None = None) -> Exchange:
    return Exchange(
        status=200,
        body=text.encode(charset),
        headers=(("content-type", f"text/html; charset={as_type or charset}"),),
    )


def test_nothing_takes_a_part_for_the_whole() -> None:
    answer = part(b"{}")
    for ask in (lambda: answer.text, lambda: answer.content, answer.json, lambda: answer.search(SHIP)):
        with pytest.raises(
            PartError, match=f"^GET https://system.example/: {WHY}, so its content cannot be judged$"
        ):
            ask()
    assert not isinstance(answer.body, bytes)
    assert not issubclass(PartError, ValueError)  # which rules take for what is wrong with an answer
    assert answer.partial
    assert (answer.shown, answer.size) == ("{}", "at least 2 bytes")


def test_what_is_found_in_a_part_was_there() -> None:
    answer = part(b"a ship, a ship")
    found = answer.search(SHIP)
    assert found is not None
    assert found.start() == 2
    for looking in (answer.showing({"it": SHIP, "more": re.compile("boat")}), answer.every(SHIP)):
        assert next(looking)
        with pytest.raises(PartError):
            list(looking)


def test_the_whole_tells_everything() -> None:
    answer = Exchange(status=200, body=b"a ship, a ship")
    assert answer.search(re.compile("boat")) is None
    assert [name for name, _ in answer.showing({"it": SHIP, "more": re.compile("boat")})] == ["it"]
    assert len(list(answer.every(SHIP))) == 2
    assert not answer.partial
    assert (answer.content, answer.text, answer.size) == (b"a ship, a ship", "a ship, a ship", "14 bytes")


@pytest.mark.parametrize(
    "charset",
    ["utf-16", "UTF-16LE", "utf-16be", "iso-8859-1", "windows-1252", "Shift_JIS", "utf8", "us-ascii"],
)
def test_a_text_is_read_in_its_charset(charset: str) -> None:
    answer = written("a ship", charset)
    assert answer.text.endswith("a ship")
    assert answer.search(SHIP)
    assert not answer.partial


@pytest.mark.parametrize(
    ("body", "headers", "text"),
    [
        ("ä".encode(), (), "ä"),
        (b"\xe4", (), "\ufffd"),
        (b"\xe4", (("Content-Type", 'text/plain; Charset = "latin1"'),), "ä"),
        ("ä".encode("utf-16"), (), "ä"),
        ("ä".encode("utf-8-sig"), (("Content-Type", "text/plain; charset=latin1"),), "ä"),
        (b"", (("Content-Type", "text/plain; charset=klingon"),), ""),
    ],
)
def test_a_mark_at_the_beginning_says_more_than_the_type(body: bytes, headers: Headers, text: str) -> None:
    assert Exchange(status=200, body=body, headers=headers).text == text


@pytest.mark.parametrize(
    "charset", ["klingon", "punycode", "unicode_escape", "rot13", "utf-7", "iso-8859-99", "x" * 999]
)
def test_a_charset_that_nobody_knows_is_told(charset: str) -> None:
    answer = written("a ship", "ascii", charset)
    with pytest.raises(PartError, match=f"its charset {charset} is not known"):
        answer.text  # noqa: B018 - raises
    assert answer.partial
    assert answer.search(SHIP)  # whoever does not believe it reads this
    with pytest.raises(PartError):
        answer.search(re.compile("boat"))
    assert answer.shown == "a ship"


def test_who_states_a_wrong_charset_hides_nothing() -> None:
    assert list(given_away(written(f"{TRACE} ", "ascii", "utf-16")))


@pytest.mark.parametrize("answer", [part(TRACE.encode()), written(TRACE, "utf-16")])
def test_marks_are_found(answer: Exchange) -> None:
    looking = given_away(answer)
    assert next(looking)[0] == "a Python traceback"
    assert next(leaks(answer))[1] == "a Python traceback"


def test_what_a_part_does_not_show() -> None:
    answer = part(b"one")
    for look in (given_away, leaks, hosts_of):
        with pytest.raises(PartError):
            list(look(answer))  # type: ignore[operator] # each takes an answer
    for judge in (
        listed,
        looks_like_metrics,
        lambda each: exposed("/.env", each),
        lambda each: exposed("/admin/", each),
    ):
        with pytest.raises(PartError):
            judge(answer)


def test_a_dump_that_is_too_long_to_be_read_is_exposed() -> None:
    assert exposed("/dump.sql", part(b"-- PostgreSQL database dump"))
    assert exposed("/backup.zip", part(b"PK", **{"Content-Type": "a/zip"})) == "at least 2 bytes of a/zip"
    assert exposed("/.env", part(b"<html>a=1")) == ""
    assert exposed("/.env", part(status=404)) == ""
    with pytest.raises(PartError):
        exposed("/backup.zip", part())  # coded: who knows what is in it


def test_a_part_begins_as_a_page_or_not() -> None:
    assert is_page(part(b"<html>"))
    assert not is_page(part(b"one"))
    with pytest.raises(PartError):
        is_page(part(b" \n"))


def test_links_in_a_part_count() -> None:
    assert "a.example" in hosts_of(part(b'<a href="//a.example/">'))
    with pytest.raises(PartError):
        assert "b.example" not in hosts_of(part(b'<a href="//a.example/">'))
