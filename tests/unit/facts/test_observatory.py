"""The score, against the modifiers that MDN publishes."""

import pytest

from verify.facts.http import Exchange
from verify.facts.observatory import modifiers, score

BEST = {
    "Strict-Transport-Security": "max-age=63072000",
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: browsers that know the nonce leave 'unsafe-inline' aside
NONCE = "'unsafe-inline' 'nonce-1'"
PLAIN = {
    "Strict-Transport-Security": "max-age=15768000",
    "Content-Security-Policy": "default-src 'self'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}


def page(headers: dict[str, str], *cookies: str, body: bytes = b"") -> Exchange:
    lines = [*headers.items(), *(("Set-Cookie", cookie) for cookie in cookies)]
    return Exchange(status=200, headers=tuple(lines), body=body)


def points(headers: dict[str, str], *cookies: str, body: bytes = b"", plain: Exchange | None = None) -> int:
    return score(modifiers(page(headers, *cookies, body=body), plain))


def test_a_bare_page_loses_what_the_tables_say() -> None:
    assert points({}) == 100 - 25 - 20 - 20 - 5


def test_the_best_page_gets_each_bonus() -> None:
    assert points(BEST) == 100 + 10 + 5 + 5 + 10


def test_a_good_page_is_worth_a_hundred() -> None:
    assert points(PLAIN) == 100


@pytest.mark.parametrize(
    ("changed", "lost"),
    [
        ({"Strict-Transport-Security": "max-age=300"}, 10),
        ({"Strict-Transport-Security": "preload"}, 20),
        ({"Content-Security-Policy": "default-src 'self' 'unsafe-inline'"}, 20),
        ({"Content-Security-Policy": "script-src 'self'"}, 20),
        ({"Content-Security-Policy": "default-src 'self' 'unsafe-eval'"}, 10),
        ({"Content-Security-Policy": "default-src 'self'; img-src http://a.example"}, 10),
        ({"Content-Security-Policy": "default-src 'self' http://a.example"}, 20),
        ({"Content-Security-Policy": f"default-src 'self'; script-src {NONCE}; style-src *"}, 0),
        ({"X-Frame-Options": "ALLOW-FROM a"}, 20),
        ({"X-Content-Type-Options": "none"}, 5),
        ({"Referrer-Policy": "unsafe-url"}, 5),
        ({"Cross-Origin-Resource-Policy": "odd"}, 5),
        ({"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true"}, 50),
        ({"Access-Control-Allow-Origin": "*"}, 0),
    ],
)
def test_each_weakness_costs_its_points(changed: dict[str, str], lost: int) -> None:
    assert points(PLAIN | changed) == 100 - lost


@pytest.mark.parametrize(
    ("cookie", "change"),
    [
        ("sessionid=1; Secure; HttpOnly; SameSite=Lax", 5),
        ("sessionid=1; Secure; HttpOnly", 0),
        ("sessionid=1; Secure", -30),
        ("sessionid=1", -10),
        ("theme=1", -5),
        ("csrftoken=1; Secure", -20),
        ("theme=1; Secure; SameSite=Odd", -20),
    ],
)
def test_cookies(cookie: str, change: int) -> None:
    assert points(PLAIN, cookie) == 100 + change


def test_cookies_without_hsts_cost_more() -> None:
    bare = {name: value for name, value in PLAIN.items() if "Strict" not in name}
    assert points(bare, "sessionid=1") == 100 - 20 - 40


def test_bonuses_count_from_ninety_only() -> None:
    without = {name: value for name, value in BEST.items() if "Strict" not in name}
    assert points(without) == 80
    assert points(BEST | {"Strict-Transport-Security": "max-age=1"}) == 90 + 30


@pytest.mark.parametrize(
    ("status", "location", "lost"),
    [(301, "https://a.example/", 0), (301, "https://www.a.example/", 5), (301, "/", 20), (200, "", 20)],
)
def test_the_redirect_counts(status: int, location: str, lost: int) -> None:
    plain = Exchange(status=status, url="http://a.example/", headers=(("Location", location),))
    assert points(PLAIN, plain=plain) == 100 - lost


def test_scripts_of_others_need_integrity() -> None:
    assert points(PLAIN, body=b'<script src="https://cdn.example/a.js">') == 95
    assert points(PLAIN, body=b'<script src="http://cdn.example/a.js">') == 50
    assert points(PLAIN, body=b'<script integrity="sha384-x" src=//cdn.example/a.js>') == 105
    assert points(PLAIN, body=b'<script src="/a.js">') == 100
    assert points(PLAIN, body=b'<script data-src="//cdn.example/a.js" src="/a.js">') == 100
    assert points(PLAIN, body=b'<script src="//[">') == 95
