"""Each word that the Observatory's tables name, and each side of a bound."""

import pytest

from verify.facts.http import Exchange
from verify.facts.observatory import EXTRA_FROM, Modifier, modifiers, score

BASE = {
    "Strict-Transport-Security": "max-age=15768000",
    "Content-Security-Policy": "default-src 'self'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def points(changed: dict[str, str], *cookies: str, plain: Exchange | None = None) -> int:
    """Return what is added to a page that is worth a hundred."""
    lines = [*(BASE | changed).items(), *(("Set-Cookie", cookie) for cookie in cookies)]
    return score(modifiers(Exchange(status=200, headers=tuple(lines)), plain)) - 100


def policy(value: str) -> int:
    return points({"Content-Security-Policy": value})


@pytest.mark.parametrize(
    ("value", "change"),
    [
        ("no-referrer", 5), ("same-origin", 5), ("strict-origin", 5),
        ("strict-origin-when-cross-origin", 5),
        ("origin", -5), ("origin-when-cross-origin", -5), ("unsafe-url", -5),
        ("no-referrer-when-downgrade", -5), ("no-referrer, odd", 5), ("no-referrer, origin", -5),
        ("no-referrer, origin-when-cross-origin", -5),
        ("no-referrer, unsafe-url", -5), ("no-referrer, no-referrer-when-downgrade", -5),
        ("origin, no-referrer", 5),
    ],
)  # fmt: skip
def test_referrer_policies(value: str, change: int) -> None:
    assert points({"Referrer-Policy": value}) == change


@pytest.mark.parametrize("source", ["*", "http:", "https:", "data:", "ftp:"])
def test_broad_sources(source: str) -> None:
    assert policy(f"default-src 'self'; script-src {source}") == -20
    assert policy(f"default-src 'self'; object-src {source}") == -20
    exact = "script-src 'nonce-1' 'strict-dynamic'"
    assert policy(f"default-src 'self'; {exact} {source}; style-src 'unsafe-inline'") in {0, -20}


@pytest.mark.parametrize("exact", ["'nonce-1'", "'sha256-1'", "'sha384-1'", "'sha512-1'"])
def test_exact_sources_make_others_harmless(exact: str) -> None:
    styles = "style-src 'unsafe-inline'"
    assert policy(f"default-src 'self'; script-src 'unsafe-inline' {exact}; {styles}") == 0
    assert policy(f"default-src 'self'; script-src 'unsafe-inline'; {styles}") == -20
    assert policy(f"default-src 'self'; script-src https: {exact} 'strict-dynamic'; {styles}") == 0
    assert policy(f"default-src 'self'; script-src https: {exact}; {styles}") == -20
    assert policy(f"default-src 'self'; script-src https: 'strict-dynamic'; {styles}") == -20


@pytest.mark.parametrize(
    ("value", "change"),
    [
        ("script-src 'self'; object-src 'none'; style-src 'self'", 5),
        ("script-src 'self'; object-src 'none'", 0),
        ("script-src 'self'; style-src 'self'", -20),
        ("object-src 'none'; style-src 'self'", -20),
        ("default-src 'none'; form-action 'none'", 10),
        ("default-src 'none'; form-action 'self'", 10),
        ("default-src 'none'", 5),
        ("default-src 'self'; form-action 'self'", 5),
        ("default-src 'none'; form-action *", 5),
    ],
)
def test_policies(value: str, change: int) -> None:
    assert policy(value) == change


@pytest.mark.parametrize(
    ("cookie", "change"),
    [
        ("a=1; Secure; HttpOnly; SameSite=Strict", 5),
        ("a=1; Secure; HttpOnly; SameSite=Lax", 5),
        ("a=1; Secure; HttpOnly; SameSite=None", 0),
        ("a=1; Secure", 0),
        ("login=1; Secure", -30),
        ("login=1", -10),
        ("a=", -5),
        ("a=; Max-Age=0", 0),
    ],
)
def test_cookies(cookie: str, change: int) -> None:
    assert points({}, cookie) == change


def test_a_cookie_without_secure_and_hsts() -> None:
    without = Exchange(status=200, headers=(*list(BASE.items())[1:], ("Set-Cookie", "a=1")))
    assert [one.points for one in modifiers(without)] == [-20, -20]


@pytest.mark.parametrize(
    ("value", "change"),
    [("same-origin", 10), ("same-site", 10), ("cross-origin", 0), ("", 0), ("odd", -5)],
)
def test_resource_policies(value: str, change: int) -> None:
    assert points({"Cross-Origin-Resource-Policy": value}) == change


def test_half_a_year() -> None:
    assert points({"Strict-Transport-Security": "max-age=15767999"}) == -10
    missing = [one.why for one in modifiers(Exchange(status=200))]
    assert "no Strict-Transport-Security" in missing
    broken = modifiers(Exchange(status=200, headers=(("Strict-Transport-Security", "preload"),)))
    assert "a broken Strict-Transport-Security" in [one.why for one in broken]


@pytest.mark.parametrize(("status", "change"), [(299, -20), (300, 0), (399, 0), (400, -20)])
def test_statuses_of_a_redirect(status: int, change: int) -> None:
    moved = Exchange(status=status, url="http://a.example/", headers=(("Location", "https://a.example/"),))
    assert points({}, plain=moved) == change
    assert points({}, plain=Exchange(status=301, url="http://a.example/")) == -20


def test_bonuses_count_from_ninety() -> None:
    assert EXTRA_FROM == 90
    assert score((Modifier(-10, "a"), Modifier(1, "b"))) == 91
    assert score((Modifier(-11, "a"), Modifier(1, "b"))) == 89
    assert score((Modifier(-1, "a"), Modifier(1, "b"))) == 100
    assert score((Modifier(-200, "a"),)) == 0
