"""Whatever a server sends, however long, it is looked through in a time that grows with its length."""

import contextlib
import signal
from collections.abc import Callable, Iterator

import pytest

from verify.facts import edge, prometheus
from verify.facts.conformance import deviations
from verify.facts.debug import given_away
from verify.facts.exposure import PATHS, exposed, is_page, listed, names_version
from verify.facts.headers import cookies, directives, same_value
from verify.facts.http import Exchange
from verify.facts.leaks import leaks
from verify.facts.links import hosts_of, target_of
from verify.facts.monitoring import names
from verify.facts.observatory import modifiers
from verify.facts.openapi import Described

MOST = 256 * 1024  # bytes of a body; the transport keeps four times as many
HEADER = 65_000  # bytes of a header that it takes
#: generous: what grows with the square of the length takes minutes, with its power for ever
SECONDS = 15


def full(part: str, end: str = "", length: int = MOST) -> str:
    return part * ((length - len(end)) // len(part)) + end


BODIES = [
    *map(
        full,
        ("a", "a-", "a.", "1", "1.", "-", ".", " ", "\n", "\t\n", "=", '"', "'", "<", ">", "(", "/", "\\"),
    ),
    *map(full, ("at ", "at (/", "at a(/", "at a.b(c.java:1", "<h1>500 Server Error</h1>", "Stack trace: ")),
    *map(full, ("Server Error in '/", "psycopg.", "psycopg.errors.", "DEBUG ", "DEBUG=", ".rb:1", "ORA-1")),
    *map(
        full, ("/usr/", "/usr", "redis:/", "10.0.0.", "a.internal-", "172.16.", "<script", "<script src=//")
    ),
    *map(
        full,
        (
            "<script ",
            "<script src =",
            "<script src=//a ",
            '<script "',
            "src = ",
            "<!---->",
            "<!--",
            "<!-- -->",
        ),
    ),
    *map(
        full, ("<title>", "<title> ", "<h1>", "-- PostgreSQL ", "-- MySQL dum", "export ", "a=", "[", "ref:")
    ),
    *map(
        full,
        ("href ", "href=", "href='", "a b\n", "# TYPE ", "# TYPE a ", 'a{b="', 'a{b="c",', "a{", "a 1 #"),
    ),
    full("<!---->", "x"),
    full("a", " b c"),
    full(" ", "b"),
    "at a(/" + full("x", length=MOST - 9),
    "at a(/" + full(":1", length=MOST - 9),
    "".join(["<script src=//", full("x", length=MOST - 14)]),
    "<script " + full("src=//a ", length=MOST - 8),
    "a{" + ",".join(f'a{number}="b"' for number in range(20_000)) + "} 1",
    '{"python": "' + full("1", '"}', length=MOST - 12),
]
LOOKS: list[Callable[[Exchange], object]] = [
    lambda answer: list(given_away(answer)),
    lambda answer: list(leaks(answer)),
    lambda answer: [exposed(path, answer) for path in PATHS],
    is_page,
    listed,
    lambda answer: list(hosts_of(answer)),
    lambda answer: names("page", answer),
    modifiers,
    prometheus.looks_like_metrics,
    lambda answer: metrics(answer.text),
    lambda answer: list(deviations(Described(document=answer))),
]
VALUES = [
    *(
        full(part, length=HEADER)
        for part in ("a", "1", " ", "/", "/ ", ";", "=", ",", ", ", "url", "url ", "url=", "\\")
    ),
    *(
        full(part, length=HEADER)
        for part in ("cache-a", ".cloudfront.net ", "a=b; ", "a=b, ", "\t", "//", "'", "1 ")
    ),
    "cache-" + full("-", length=HEADER),
    "," + full(" ", length=HEADER),
]
NAMES = ("Content-Security-Policy", "Set-Cookie", "Strict-Transport-Security", "Referrer-Policy", "Location")
ALL = (*NAMES, "Refresh", "Via", "Server", "CF-Ray", "X-Amz-Cf-Id", "X-Served-By", "X-Frame-Options", "Date")


def metrics(text: str) -> object:
    with contextlib.suppress(prometheus.MetricsError):
        return prometheus.parse(text)
    return None


@pytest.fixture(autouse=True)
def deadline() -> Iterator[None]:
    """End what takes too long: a regular expression lets signals through."""

    def late(*_: object) -> None:
        raise AssertionError(f"still not looked through after {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("text", BODIES, ids=range(len(BODIES)))
def test_a_long_body_is_looked_through(look: Callable[[Exchange], object], text: str) -> None:
    with contextlib.suppress(ValueError):
        look(Exchange(status=200, body=text.encode()))


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_long_headers_are_looked_through(value: str) -> None:
    answer = Exchange(status=200, headers=tuple((name, value) for name in ALL))
    modifiers(answer)
    target_of(answer)
    list(hosts_of(answer))
    edge.in_front(answer)
    names_version(value)
    list(cookies(answer))
    directives(value)
    same_value("Content-Security-Policy", "x", value)
