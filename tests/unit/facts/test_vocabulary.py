"""The words and bounds that facts are read by; each is one that systems really use."""

import pytest

from verify.facts import conformance, health, leaks, openapi
from verify.facts.burst import Shot, Volley
from verify.facts.debug import given_away
from verify.facts.exposure import Probed, exposed, listed
from verify.facts.headers import Cookie, cookies, directives, same_value
from verify.facts.health import find_member, is_well
from verify.facts.http import Exchange
from verify.facts.leaks import leaks as given_away_to_all
from verify.facts.links import host_of, hosts_of, target_of
from verify.facts.logs import differences, is_timestamp
from verify.facts.openapi import open_gets, problems_of
from verify.facts.quota import Counted
from verify.facts.watch import Watched
from verify.model.units import Rate, seconds


def ok(
    *headers: tuple[str, str], status: int = 200, body: bytes = b"", url: str = "https://a.example/"
) -> Exchange:
    return Exchange(status=status, headers=headers, body=body, url=url)


@pytest.mark.parametrize(
    "word", ["ok", "UP", "pass", "passing", "healthy", "connected", "available", "working", "true"]
)
def test_words_for_well(word: str) -> None:
    assert is_well(word)
    assert not is_well(f"not {word}")


@pytest.mark.parametrize("key", ["status", "state", "healthy", "ok"])
def test_members_that_tell_of_well(key: str) -> None:
    assert is_well({key: True})
    assert not is_well({key: True, "status" if key != "status" else "state": "down"})
    assert not is_well({"other": "ok"})


def test_a_member_is_found_in_lists_of_lists_and_searching_ends() -> None:
    assert find_member([[{"a": 1}]], "a") == (True, 1)
    wide = [[]] * (health.MOST_MEMBERS - 2)
    assert health.MOST_MEMBERS == 10_000
    assert find_member([*wide, {"a": 1}], "a") == (True, 1)
    assert find_member([*wide, [], {"a": 1}], "a") == (False, None)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_shows_nothing(status: int) -> None:
    assert ok(status=status).shows_nothing
    assert not ok(status=500).shows_nothing
    assert not ok(status=505).shows_nothing


def test_places() -> None:
    assert ok().place == "GET https://a.example/"
    assert Probed(url="https://a.example/").place == "GET https://a.example/"
    assert Volley(shots=(), url="https://a.example/").place == "GET https://a.example/ (0 times)"
    assert ok(body=b"\xff").text == "\ufffd"


@pytest.mark.parametrize(
    ("times", "pace"),
    [((), 0.0), ((0.0,), 0.0), ((5.0,), 0.0), ((0.0, 0.0), 0.0), ((0.0, 0.5), 2.0), ((0.0, 0.5, 1.0), 2.0)],
)
def test_a_pace_needs_two_shots_apart(times: tuple[float, ...], pace: float) -> None:
    assert Volley(shots=tuple(Shot(sent=seconds(one), status=200) for one in times)).pace == Rate(pace)


@pytest.mark.parametrize(
    ("status", "refusal", "strange"),
    [
        (404, 429, True),
        (429, 503, True),
        (429, 429, False),
        (500, 429, True),
        (499, 429, False),
        (503, 503, False),
    ],
)
def test_strange_answers(status: int, refusal: int, strange: bool) -> None:  # noqa: FBT001 - what is expected
    assert bool(Volley(shots=(Shot(sent=seconds(0), status=status),)).strange(refusal)) is strange


@pytest.mark.parametrize(
    "name",
    [
        "Cache-Control", "Content-Type", "Cross-Origin-Embedder-Policy", "Cross-Origin-Opener-Policy",
        "Cross-Origin-Resource-Policy", "Referrer-Policy", "Strict-Transport-Security",
        "X-Content-Type-Options",
        "X-Frame-Options", "X-XSS-Protection",
    ],
)  # fmt: skip
def test_headers_compared_without_case(name: str) -> None:
    assert same_value(name, "Aa; b", "aA;B ;")
    assert not same_value("ETag", "Aa", "aA")


def test_directives_lose_their_quotes() -> None:
    assert directives('a="1"; b=X1X') == {"a": "1", "b": "X1X"}


def test_cookies_as_browsers_read_them() -> None:
    answer = ok(
        ("Set-Cookie", "a=1; Max-Age=-5"), ("Set-Cookie", "b=1; SameSite=None"), ("Set-Cookie", "c=1")
    )
    gone, none, bare = cookies(answer)
    assert [one.deleted for one in (gone, none, bare)] == [True, False, False]
    assert [one.same_site for one in (gone, none, bare)] == ["", "none", ""]


@pytest.mark.parametrize(
    ("asked", "given", "missing"),
    [
        ("Strict", "strict", []), ("Strict", "lax", ["SameSite=Strict"]),
        ("Strict", "none", ["SameSite=Strict"]),
        ("Lax", "strict", []), ("Lax", "lax", []), ("Lax", "none", ["SameSite=Lax"]),
        ("None", "strict", []), ("None", "lax", []), ("None", "none", []), ("None", "", ["SameSite=None"]),
        ("any", "", []),
    ],
)  # fmt: skip
def test_same_site_at_least(asked: str, given: str, missing: list[str]) -> None:
    cookie = Cookie(name="a", attributes={"samesite": given})
    assert list(cookie.lacks(secure=False, http_only=False, same_site=asked)) == missing
    assert list(cookie.lacks(secure=True, http_only=True, same_site="any")) == ["Secure", "HttpOnly"]


def test_what_is_served_under_a_path_that_must_not_be() -> None:
    assert exposed("/.env?a", ok(body=b"A_KEY=secret")) == "A_KEY"
    assert exposed("/a.sql", ok(body=b"<html>")) == ""
    assert exposed("/a.sql", ok(body=b"SQLite format 3")) == "SQLite format"
    assert exposed("/dump.txt", ok(("Content-Type", "text/plain"), body=b"1234")) == "4 bytes of text/plain"
    assert exposed("/dump.txt", ok(body=b"1234")) == "4 bytes of no type"
    assert exposed("/__debug__/", ok(body=b"<html>Debug Toolbar")) == "Debug Toolbar"
    assert exposed("/admin/", ok(body=b"<html>Django administration")) == "Django administration"
    assert exposed("/server-status", ok(body=b"<html>Apache Server Status")) == "Apache Server Status"
    assert exposed("/.env", ok(body=b"A" * 70 + b"=1")) == "A" * 59 + "…"
    assert exposed("/.env", ok(status=206, body=b"A=1")) == "A"
    assert listed(ok(body=b"..Parent Directory</a>"))
    assert listed(ok(status=206, body=b"[To Parent Directory]"))
    assert not listed(ok(status=205, body=b"[To Parent Directory]"))


@pytest.mark.parametrize(
    "word", ["debug", "info", "notice", "warn", "warning", "error", "critical", "fatal", "exception"]
)
def test_levels(word: str) -> None:
    assert list(differences({"a": word}, {"a": "level"})) == []
    assert len(list(differences({"a": f"{word}s"}, {"a": "level"}))) == 1


def test_a_level_that_is_missing_and_stamps_that_are_no_time() -> None:
    assert list(differences({}, {"a": "level"})) == [("a is missing", "level", "absent")]
    assert is_timestamp("2026-01-01T10:00:00.123Z") is True
    assert is_timestamp("2026-13-01T10:00:00.123Z") is False
    assert is_timestamp(1) is False


def test_addresses_that_are_none() -> None:
    assert host_of("https://[broken") == ""
    assert host_of("/a") == ""
    assert target_of(ok()) is None
    assert target_of(ok(("Location", "https://[broken"))) == ""
    assert target_of(ok(("Location", "/\n/b.example"))) == "https://b.example"
    assert list(hosts_of(ok(body=b'<a href="//b.example/\xff">'))) == ["b.example"]
    assert list(hosts_of(ok())) == []


@pytest.mark.parametrize("name", ["version", "app_release", "revision", "commit", "build_id", "git_sha"])
def test_members_that_are_versions(name: str) -> None:
    assert list(given_away_to_all(ok(body=f'[[{{"{name}": "7"}}]]'.encode()))) == [
        (name, "a version", f"{name}: 7")
    ]


def test_what_is_given_away_is_shown_in_short() -> None:
    (host,) = given_away_to_all(ok(body=b'{"pod": "' + b"x" * 99 + b'"}'))
    assert host == ("pod", "a host", "pod: " + "x" * 74 + "…")
    (version,) = given_away_to_all(ok(body=b'{"build": "' + b"x" * 99 + b'"}'))
    assert version == ("build", "a version", "build: " + "x" * 72 + "…")
    (secret,) = given_away_to_all(ok(body=b"redis://" + b"x" * 99))
    assert secret == ("", "a connection string", "redis://" + "x" * 71 + "…")
    (mark,) = given_away_to_all(ok(body=b"\tat a.b(C.java:1)"))
    assert mark[0] == ""
    long = b"\tat " + b"a." * 60 + b"b(C.java:1)"
    assert [len(words) for _, words in given_away(ok(body=long))] == [80]
    assert [words for _, words in given_away(ok(body=b"DEBUG  =\n True"))] == ["DEBUG = True"]
    assert leaks._MOST == 10_000


GOOD = {"openapi": "3.1.0", "info": {"title": "a", "version": "1"}, "paths": {"/a": {"get": {}}}}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, None),
        ({"openapi": "2.0"}, "`openapi` is '2.0', expected a version 3"),
        ({"openapi": 3.1}, "`openapi` is 3.1, expected a version 3"),
        ({"info": {"title": "a"}}, "`info` has no title and version"),
        ({"info": {"version": "1"}}, "`info` has no title and version"),
        ({"info": []}, "`info` has no title and version"),
        ({"paths": {}}, "`paths` is empty"),
        ({"paths": []}, "`paths` is empty"),
        ({"paths": {"/a": {}, "b": {}, "c": {}}}, "a path does not begin with /: 'b'"),
        ({"paths": {"/a": {}, "/b": []}}, "a path item is not an object"),
        (
            {"paths": {"/a": {}, "/b": {"parameters": 1}, "/c": {"parameters": 1}}},
            "the parameters of /b are not a list",
        ),
        ({"paths": {"/a": {"get": {"parameters": 1}}}}, "the parameters of /a are not a list"),
    ],
)
def test_what_keeps_a_document_from_being_one(change: dict[str, object], problem: str | None) -> None:
    assert problems_of(GOOD | change) == (() if problem is None else (problem,))
    assert problems_of([]) == ("the document is not an object",)
    assert openapi.MOST_OPERATIONS == 50


@pytest.mark.parametrize(
    ("path", "item", "general", "asked", "secured"),
    [
        ("/a", {"get": {}}, None, True, True),
        ("/a/{id}", {"get": {}}, None, False, False),
        ("/a", {"post": {}}, None, False, False),
        ("/a", {"get": []}, None, False, False),
        ("/a", {"get": {"parameters": [{"name": "a"}]}}, None, True, True),
        ("/a", {"get": {"parameters": [{"name": "a", "required": True}]}}, None, False, False),
        ("/a", {"parameters": [{"name": "a", "required": True}], "get": {}}, None, False, False),
        ("/a", {"get": {"parameters": [1]}}, None, False, False),
        ("/a", {"get": {"security": [{"token": []}]}}, None, False, True),
        ("/a", {"get": {"security": [{"token": []}, {}]}}, None, True, True),
        ("/a", {"get": {"security": []}}, [{"token": []}], True, True),
        ("/a", {"get": {}}, [{"token": []}], False, True),
    ],
)
def test_which_operations_are_asked(
    path: str,
    item: object,
    general: object,
    asked: bool,  # noqa: FBT001 - what is expected
    secured: bool,  # noqa: FBT001 - what is expected
) -> None:
    document = GOOD | {"paths": {path: item}} | ({"security": general} if general else {})
    assert list(open_gets(document)) == [path] * asked
    assert list(open_gets(document, secured=True)) == [path] * secured
    assert list(open_gets({})) == []


def test_numbers_of_nothing() -> None:
    assert Counted(passed=0, last=ok()).wait is None
    assert Watched(rounds=0, judged=0).errors == 0
    assert conformance._MOST == 3
