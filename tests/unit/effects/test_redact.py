"""No secret survives, in any form that programs write it in, in any text."""

import base64
import html
import json
import shlex
import textwrap
import time
import urllib.parse
from collections.abc import Callable
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from verify.effects import redact as redacting
from verify.effects.redact import Redactor
from verify.effects.trie import trie

_SECRET = st.text(st.characters(codec="utf-8"), min_size=6, max_size=40).filter(
    lambda text: len(text.strip()) >= 6
)
_TEXT = st.text(max_size=30)

_ENCODINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "quote": urllib.parse.quote,
    "quote all": lambda value: urllib.parse.quote(value, safe=""),
    "quote plus": urllib.parse.quote_plus,
    "encodeURIComponent": lambda value: urllib.parse.quote(value, safe="!~*'()"),
    "quoted twice": lambda value: urllib.parse.quote(urllib.parse.quote(value, safe=""), safe=""),
    "percent upper": lambda value: "".join(f"%{byte:02X}" for byte in value.encode()),
    "percent lower": lambda value: "".join(f"%{byte:02x}" for byte in value.encode()),
    "hex": lambda value: value.encode().hex(),
    "hex upper": lambda value: value.encode().hex().upper(),
    "json": lambda value: json.dumps(value)[1:-1],
    "json utf-8": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "json slash": lambda value: json.dumps(value)[1:-1].replace("/", "\\/"),
    "json in json": lambda value: json.dumps(json.dumps(value)[1:-1])[1:-1],
    "html": html.escape,
    "html text": lambda value: html.escape(value, quote=False),
    "html of json": lambda value: html.escape(json.dumps(value)[1:-1]),
    "xml": escape,
    "xml attribute": lambda value: quoteattr(value)[1:-1],
    "repr": lambda value: repr(value)[1:-1],
    "ascii": lambda value: ascii(value)[1:-1],
    "repr bytes": lambda value: repr(value.encode())[2:-1],
    "shell": shlex.quote,
    "latin-1 of utf-8": lambda value: value.encode().decode("latin-1"),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 url": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "base64 bare": lambda value: base64.b64encode(value.encode()).decode().rstrip("="),
    "base64 quoted": lambda value: urllib.parse.quote(base64.b64encode(value.encode()).decode(), safe=""),
}


def test_what_is_known_is_known_to_another_too() -> None:
    redactor = _redactor(ONE="correct horse battery st", TWO="s3cr3t-token")
    redactor.add("AGAIN", "s3cr3t-token")
    assert redactor.secrets == (("ONE", "correct horse battery st"), ("TWO", "s3cr3t-token"))
    other = Redactor()
    for name, value in redactor.secrets:
        other.add(name, value)
    assert other.text("correct horse battery st, s3cr3t-token") == "***ONE***, ***TWO***"
    assert Redactor().secrets == ()


def _redactor(**secrets: str) -> Redactor:
    redactor = Redactor()
    for name, value in secrets.items():
        redactor.add(name, value)
    return redactor


def _usable(value: str) -> bool:
    return value not in "***N***"


@example(secret="000'\n0", encoding="xml attribute", before="", after="")
@settings(max_examples=250, deadline=None)
@given(
    secret=_SECRET.filter(_usable), encoding=st.sampled_from(sorted(_ENCODINGS)), before=_TEXT, after=_TEXT
)
def test_no_form_of_a_secret_survives(secret: str, encoding: str, before: str, after: str) -> None:
    redactor = _redactor(N=secret)
    planted = _ENCODINGS[encoding](secret)
    seen = redactor.text(before + planted + after)
    assert planted not in seen
    assert secret not in seen
    assert redactor.text(seen) == seen
    assert secret.encode() not in redactor.bytes((before + planted + after).encode())


def _longest(part_of: str, text: str) -> int:
    """Return how many characters in a row of ``part_of`` stand in ``text``."""
    ends = range(len(part_of) + 1)
    return max(end - start for start in ends for end in ends[start:] if part_of[start:end] in text)


@example(secret="a...bcdefghi", encoding="raw", mark="…", at=10)
@settings(max_examples=250, deadline=None)
@given(
    secret=_SECRET.filter(_usable),
    encoding=st.sampled_from(sorted(_ENCODINGS)),
    mark=st.sampled_from(
        ["…", "...", "......", "…...", ascii("…")[1:-1], repr("…".encode())[2:-1], "%E2%80%A6"]
    ),
    at=st.integers(0, 200),
)
def test_no_part_of_a_secret_that_was_cut_survives(secret: str, encoding: str, mark: str, at: int) -> None:
    redactor = _redactor(N=secret)
    planted = _ENCODINGS[encoding](secret)
    beginning, end = planted[:at], planted[-at:] if at else ""
    for text in (f"<{beginning}{mark}", f"{mark}{end}>", f"<{beginning}{mark}{end}>"):
        seen = redactor.text(text)
        left = seen.replace("***N***", "\0").replace(mark, "\0")
        assert _longest(planted, left) < 6, seen
        assert redactor.text(seen) == seen


def test_what_a_cut_left_is_called_by_its_own_name() -> None:
    redactor = _redactor(SHORT="token-of", LONG="token-of-the-shop-0123456789")
    assert redactor.text("x token-of-the-shop-01… y") == "x ***LONG***… y"
    assert redactor.text("token-of…, token-of") == "***SHORT***…, ***SHORT***"
    assert redactor.text("shop-0123456789 token…") == "shop-0123456789 token…", "neither cut nor long enough"


@settings(deadline=None)
@given(
    secret=_SECRET.filter(_usable),
    before=st.binary(max_size=9),
    after=st.binary(max_size=9),
    url=st.booleans(),
)
def test_a_secret_inside_base64_does_not_survive(secret: str, before: bytes, after: bytes, url: bool) -> None:  # noqa: FBT001 - drawn
    encode = base64.urlsafe_b64encode if url else base64.b64encode
    seen = _redactor(N=secret).text(encode(before + secret.encode() + after).decode())
    assert "***N***" in seen
    left = seen.replace("***N***", "")
    # What is left is what surrounds it: at most a character on either side is shared with it.
    assert len(left.rstrip("=")) <= -(-len(before + after) * 8 // 6) + 2


@pytest.mark.parametrize("width", [64, 76])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\\n", "\\r\\n", "\n  "])
@given(
    secret=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=6, max_size=60).filter(
        _usable
    ),
    padding=st.integers(0, 120),
)
def test_wrapped_base64_does_not_hide_a_secret(width: int, newline: str, secret: str, padding: int) -> None:
    text = base64.b64encode(b"\x01" * padding + secret.encode() + b"\x02" * 90).decode()
    seen = _redactor(N=secret).text(newline.join(textwrap.wrap(text, width)))
    assert "***N***" in seen


@settings(max_examples=20, deadline=None)
@given(
    secrets=st.lists(_SECRET, min_size=2, max_size=5, unique=True),
    text=_TEXT,
    order=st.randoms(use_true_random=False),
)
def test_many_secrets_do_not_hide_each_other(secrets: list[str], text: str, order) -> None:
    redactor = Redactor()
    known = []
    for number, secret in enumerate(secrets):
        try:
            redactor.add(f"S{number}", secret)
        except ValueError:
            continue
        known.append(secret)
    order.shuffle(known)
    seen = redactor.text(text.join(known))
    assert not any(secret in seen for secret in known)
    assert redactor.text(seen) == seen


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=30), st.text(max_size=40))
def test_the_trie_finds_what_the_longest_word_first_would(words: list[str], text: str) -> None:
    import re

    plain = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    assert re.findall(trie(words), text + words[0]) == re.findall(plain, text + words[0])


@pytest.mark.parametrize("value", ["", "short", "     abc     "])
def test_a_secret_too_short_to_be_told_is_an_error(value: str) -> None:
    with pytest.raises(ValueError, match=r"\$TOKEN: expected a secret of at least 6 characters") as caught:
        Redactor().add("TOKEN", value)
    assert "abc" not in str(caught.value)


def test_a_secret_that_a_replacement_would_show_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"\$PASSWORD: its value stands in the name"):
        Redactor().add("PASSWORD", "PASSWORD")
    redactor = _redactor(TOKEN="hunter2")
    with pytest.raises(ValueError, match=r"\$TOKEN: its value stands in the name"):
        redactor.add("THE_hunter2", "something else")
    assert redactor.text("something else hunter2") == "something else ***TOKEN***"


def test_the_first_name_of_a_value_stays() -> None:
    redactor = _redactor(FIRST="same-value", SECOND="same-value")
    assert redactor.secrets == (("FIRST", "same-value"),)
    assert redactor.text("same-value") == "***FIRST***"


def test_each_line_of_a_key_is_a_secret() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nshort\n-----END PRIVATE KEY-----\n"
    seen = _redactor(KEY=key).text("log: MIIEvQIBADANBgkqhkiG9w0BAQ\nlog: -----BEGIN PRIVATE KEY-----")
    assert seen == "log: ***KEY***\nlog: -----BEGIN PRIVATE KEY-----"


def test_a_value_that_came_from_bytes_is_found_in_bytes() -> None:
    secret = b"caf\xe9caf\xe9".decode("utf-8", "surrogateescape")
    assert _redactor(N=secret).bytes(b"x caf\xe9caf\xe9 \xff") == b"x ***N*** \xff"
    assert "ud800" not in _redactor(N="\ud800secret").text("\ud800secret")


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("authorization: Basic abc\r\nHost: a", "authorization: ***\r\nHost: a"),
        ("'Authorization': 'Bearer abc', 'Host': 'a'", "'Authorization': '***', 'Host': 'a'"),
        ('{"Proxy-Authorization": "Digest a=\\"b\\", c=\\"d\\""}', '{"Proxy-Authorization": "***"}'),
        ('{\\"Authorization\\": \\"Bearer abc\\"}', '{\\"Authorization\\": \\"***\\"}'),
        ("('X-Api-Key', 'abc')", "('X-Api-Key', '***')"),
        ("x-api-key=abc", "x-api-key=***"),
        ('Authorization: Digest username="a", response="b"', "Authorization: ***"),
        ("Cookie: a=b; c=d", "Cookie: a=***; c=***"),
        (
            "Set-Cookie: id=abc; Path=/; HttpOnly; SameSite=Lax",
            "Set-Cookie: id=***; Path=/; HttpOnly; SameSite=Lax",
        ),
        ("Cookie: alone", "Cookie: ***"),
        ("Cookie: a=b; alone", "Cookie: a=***; ***"),
        ("https://user:pass@host/x", "https://***@host/x"),
        ("postgresql://u:p@ss@host:5432/db?sslmode=x", "postgresql://***@host:5432/db?sslmode=x"),
        ("https://token@host", "https://***@host"),
        ("https://host/@x", "https://host/@x"),
        ("host=a password=abc user=b", "host=a password=*** user=b"),
        ("password='a b' user=b", "password='***' user=b"),
        ("PGPASSWORD=abc pg_dump", "PGPASSWORD=*** pg_dump"),
        ('"password": "abc"', '"password": "***"'),
        ("the password: is long", "the password: is long"),
        ("an authorization was needed", "an authorization was needed"),
        ('"Authorization": ""', '"Authorization": ""'),
        ('"Cookie: a=***", "next": 1', '"Cookie: a=***", "next": 1'),
        ('"Authorization: ***", "next": 1', '"Authorization: ***", "next": 1'),
    ],
)
def test_what_is_secret_by_its_place_needs_no_registration(text: str, seen: str) -> None:
    redactor = Redactor()
    assert redactor.text(text) == seen
    assert redactor.text(seen) == seen


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("POSTGRES_PASSWORD=${DB_PASSWORD}", "POSTGRES_PASSWORD=${DB_PASSWORD}"),
        ("PASSWORD=${DB_PASSWORD:?set it}", "PASSWORD=${DB_PASSWORD:?set it}"),
        ('"password": "${DB}${NAME}"', '"password": "${DB}${NAME}"'),
        ("PASSWORD=${DB:-hunter2}", "PASSWORD=${DB:-***}"),
        ('"password": "${DB-hunter2}", "a": 1', '"password": "${DB-***}", "a": 1'),
        ("password=${DB:+hunter2} next", "password=${DB:+***} next"),
        ("password=${A:-${B}}", "password=${A:-${B}}"),
        ("password=${A:-${B:-hunter2}}", "password=${A:-${B:-***}}"),
        ("password=${A:-}", "password=${A:-}"),
        ("password=${A}hunter2 b", "password=*** b"),
        ("password=hunter2${A} b", "password=*** b"),
        ("password=${A:-hunter 2}x b", "password=*** b"),
        ("password=${A:-hunter2", "password=***"),
        ("password=$hunter2", "password=***"),
        ("password=${}", "password=***"),
        (
            "password=" + "${A:-" * 9 + "hunter2" + "}" * 9,
            "password=${A:-***}".replace("***", "${A:-" * 7 + "***" + "}" * 7),
        ),
        ("POSTGRES_PASSWORD: ${DB_PASSWORD:-hunter2}", "POSTGRES_PASSWORD: ${DB_PASSWORD:-***}"),
        ("key: ${API_TOKEN-hunter2}", "key: ${API_TOKEN-***}"),
        ("level: ${LEVEL:-info}", "level: ${LEVEL:-info}"),
        ("redis://:${PW}@host/0", "redis://:${PW}@host/0"),
        ("postgres://app:${PW}@db/x", "postgres://***:${PW}@db/x"),
        ("postgres://${U}:${PW:-a?b/c}@db/x", "postgres://${U}:${PW:-***}@db/x"),
        ("postgres://app:x${PW}@db/x", "postgres://***@db/x"),
        ("postgres://${U}:hunter2@db/x", "postgres://***@db/x"),
        ("https://${TOKEN}@host", "https://${TOKEN}@host"),
        ("https://${TOKEN@host", "https://***@host"),
    ],
)
def test_the_name_of_a_variable_is_no_secret_and_its_default_may_be(text: str, seen: str) -> None:
    redactor = Redactor()
    assert redactor.text(text) == seen
    assert redactor.text(seen) == seen


def test_the_name_of_a_variable_under_the_key_of_a_secret() -> None:
    value = {"password": "${DB_PASSWORD}", "passwd": "${DB:-hunter2}", "secret_key": "hunter2"}
    hidden = {"password": "${DB_PASSWORD}", "passwd": "${DB:-***}", "secret_key": "***"}
    assert Redactor().value(value) == hidden


@given(
    st.text(st.sampled_from("Authorization: Cookie=;,'\"\\*\n xpassword://@ab${}-?"), max_size=60) | st.text()
)
def test_redacting_twice_changes_nothing(text: str) -> None:
    redactor = _redactor(A="ab*ab*", B="**ab**")
    seen = redactor.text(text)
    assert redactor.text(seen) == seen


def test_values_are_walked() -> None:
    redactor = _redactor(TOKEN="hunter22")
    seen = redactor.value(
        {
            "hunter22": [1, None, True, 1.5, ("x", b"hunter22")],
            "Authorization": "Basic abc",
            "password": "abc",
            "nested": {"Set-Cookie": "a=b; Secure", "password": {"deep": "hunter22"}},
            "headers": [("Authorization", "Bearer abc"), ["Host", "hunter22"]],
            3: "x",
        }
    )
    assert seen == {
        "***TOKEN***": [1, None, True, 1.5, ("x", b"***TOKEN***")],
        "Authorization": "***",
        "password": "***",
        "nested": {"Set-Cookie": "a=***; Secure", "password": {"deep": "***TOKEN***"}},
        "headers": [("Authorization", "***"), ["Host", "***TOKEN***"]],
        3: "x",
    }


@pytest.mark.parametrize("text", [
    "a" * 1_000_000, "password=" * 100_000, "://" * 300_000, "Authorization:" * 70_000,
    "A" * 76 + "\n" + "B" * 900_000, "\\" * 500_000, "Cookie: " + "a;" * 300_000,
    "password=${ " * 100_000, "://" + "${a}}}" * 200_000, "password=" + "${a:-" * 200_000 + "}" * 200_000,
    "password='" + "${a}" * 100_000 + "'", "${token" * 200_000,
    "hunter22…" * 10_000, "." * 1_000_000, ". … " * 20_000, "hunter" * 160_000 + "…",
    "…" + "22aaaa" * 160_000,
])  # fmt: skip
def test_no_text_takes_forever(text: str) -> None:
    redactor = _redactor(TOKEN="hunter22aaaa", OTHER="aaaaaaaaab")
    started = time.monotonic()
    redactor.text(text)
    assert time.monotonic() - started < 30  # generous: quadratic would be minutes


def test_the_number_of_passes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redacting, "_PASSES", 1)
    assert _redactor(TOKEN="hunter22").text("hunter22") == "***TOKEN***"
