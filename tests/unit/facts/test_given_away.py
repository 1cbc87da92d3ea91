"""Debug marks, leaks, exposed files and links: what is found, and what is not taken for it."""

import pytest

from verify.facts.debug import given_away
from verify.facts.exposure import PATHS, exposed, is_page, listed, names_version
from verify.facts.http import Exchange
from verify.facts.leaks import leaks
from verify.facts.links import hosts_of, target_of

HTML = b"<!-- a -->\n<!DOCTYPE html><title>Shop</title><body>NAME=1 [core] ref: </body>"


def answer(body: bytes, status: int = 200, **headers: str) -> Exchange:
    return Exchange(status=status, body=body, headers=tuple(headers.items()))


@pytest.mark.parametrize(
    "body",
    [
        b"Traceback (most recent call last):\n  File",
        b"<title>TypeError // Werkzeug Debugger</title>",
        b"    at Layer.handle (/app/node_modules/express/lib/router/layer.js:95:5)",
        b"app/models/user.rb:12:in `save'",
        b"SQLSTATE[42S02]: Base table not found",
        b"psycopg.OperationalError" + b": no, psycopg.errors.UndefinedError",
        b"Server Error in '/' Application.",
        b"<b>Fatal error</b>: Uncaught",
    ],
)
def test_debug_marks(body: bytes) -> None:
    assert list(given_away(answer(body, 500)))


@pytest.mark.parametrize(
    "body", [b"", b"<h1>Not Found</h1>", b'{"detail": "at 12:30 (noon)"}', b"Error 500: sorry"]
)
def test_plain_error_pages_show_nothing(body: bytes) -> None:
    assert list(given_away(answer(body, 500))) == []


def named(body: bytes) -> set[str]:
    return {what for _, what, _ in leaks(answer(body))}


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b'{"db": {"version": 15}}', "a version"),
        (b'{"redis": "7.2.4"}', "a version"),
        (b'{"pod": "web-7f"}', "a host"),
        (b'{"e": "redis://:x@cache:6379/0"}', "a connection string"),
        (b'{"e": "no route to 10.1.2.3"}', "an internal address"),
        (b"db-1.prod.internal refused", "an internal address"),
        (b'{"e": "/app/shop/views.py"}', "a file of the system"),
    ],
)
def test_leaks(body: bytes, what: str) -> None:
    assert what in named(body)


@pytest.mark.parametrize(
    "body",
    [b"OK", b'{"redis": "ok", "django": true, "took": 0.12, "at": "2026-01-02T10:11:12Z", "version": ""}'],
)
def test_a_plain_health_answer_leaks_nothing(body: bytes) -> None:
    assert named(body) == set()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/.env", b"\n# ours\nexport SECRET_KEY='x'\n"),
        ("/.git/HEAD", b"0123456789abcdef0123456789abcdef01234567\n"),
        ("/.git/config", b"[core]\n"),
        ("/admin/", b"<!doctype html><title>Log in | Django site admin</title>"),
        ("/server-status", b"Active connections: 2"),
        ("/backup.sql", b"-- MySQL dump 10.13"),
        ("/notes.txt", b"todo"),
    ],
)
def test_exposed_by_content(path: str, body: bytes) -> None:
    assert exposed(path, answer(body))
    assert exposed(path, answer(body, 403)) == exposed(path, answer(body, 404)) == ""


@pytest.mark.parametrize("path", [*PATHS, "/notes.txt"])
def test_a_start_page_exposes_nothing(path: str) -> None:
    assert exposed(path, answer(HTML)) == exposed(path, answer(b" ")) == ""


def test_listings() -> None:
    assert listed(answer(b"<html><head><title>Index of /media/</title>"))
    assert listed(answer(b'<pre><A HREF="/">[To Parent Directory]</A>'))
    assert not listed(answer(b"<title>Index of /media/</title>", 403))
    assert not listed(answer(b"<title>An index of products</title>"))


def test_versions() -> None:
    assert all(map(names_version, ("nginx/1.18.0", "PHP/8", "Apache/2.4.41 (Ubuntu)")))
    assert not any(map(names_version, ("nginx", "cloudflare", "AmazonS3", "granian")))


@pytest.mark.parametrize("location", ["//a.example/x", r"\\a.example", "/\t/a.example", "HTTPS://A.example"])
def test_a_redirect_is_read_as_browsers_do(location: str) -> None:
    assert list(hosts_of(answer(b"", 302, Location=location))) == ["a.example"]


@pytest.mark.parametrize("location", ["/x?next=//a.example", "a.example", "/", "http://[broken"])
def test_a_redirect_that_stays(location: str) -> None:
    assert "a.example" not in hosts_of(answer(b"", 302, Location=location))


def test_links_and_refreshes_count() -> None:
    found = hosts_of(
        answer(b'<a href="https://a.example/"><form action=//b.example/>', Refresh="0; url=https://c.example")
    )
    assert set(found) == {"a.example", "b.example", "c.example"}
    assert target_of(answer(b"")) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("db.internal", "db.internal"),
        ("(shop.default.svc.cluster.local)", "shop.default.svc.cluster.local"),
        (".".join("abcdefghijkl") + ".internal", "e.f.g.h.i.j.k.l.internal"),
        ("x" * 64 + ".internal", ""),
        ("an internal matter, local to us", ""),
    ],
)
def test_internal_names(text: str, shown: str) -> None:
    assert [words for _, what, words in leaks(answer(text.encode())) if what == "an internal address"] == [
        *([shown] if shown else [])
    ]


@pytest.mark.parametrize(
    ("body", "page"),
    [
        (b"<!-- a --><!---->\n<!-- b\n--> <HTML lang=en>", True),
        (b"<!-- a <html> -->", False),
        (b"<!-- a", False),
        (b"<htmlx>", False),
        (b"\n\n\tA=1", False),
    ],
)
def test_a_page_begins_as_one(body: bytes, page: bool) -> None:  # noqa: FBT001 - a table
    assert is_page(answer(body)) == page
