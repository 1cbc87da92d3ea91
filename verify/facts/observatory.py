"""Scores an answer's security headers as the HTTP Observatory of MDN does (version 2 of its tests).

Left out is what one answer does not show: preload lists, CORS files, policies in ``<meta>``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from verify.facts.headers import Cookie, cookies, directives, seconds_of
from verify.facts.http import Exchange
from verify.facts.links import host_of

BASE = 100
#: bonuses count from this score on
EXTRA_FROM = 90
_HALF_A_YEAR = 15_768_000
_PRIVATE = frozenset({"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"})
_OPEN = frozenset({"origin", "origin-when-cross-origin", "unsafe-url", "no-referrer-when-downgrade"})
_BROAD = frozenset({"*", "http:", "https:", "data:", "ftp:"})
_EXACT = ("'nonce-", "'sha256-", "'sha384-", "'sha512-")
_SCRIPT = re.compile(r"<script\b([^>]{0,2000}+)>", re.IGNORECASE)
_SOURCE = re.compile(r"(?<![\w-])src\s*=\s*[\"']?((?:https?:)?//[^\"'\s]+)", re.IGNORECASE)
_REDIRECT = 3  # the first digit of its status


@dataclass(frozen=True, slots=True)
class Modifier:
    """What one test adds to the score (negative: takes from it), and why."""

    points: int
    why: str


def score(modifiers: tuple[Modifier, ...]) -> int:
    """Return the score: bonuses only count where it is at least 90 without them."""
    plain = BASE + sum(one.points for one in modifiers if one.points < 0)
    extra = sum(one.points for one in modifiers if one.points > 0)
    return max(0, plain + extra if plain >= EXTRA_FROM else plain)


def modifiers(page: Exchange, plain: Exchange | None = None) -> tuple[Modifier, ...]:
    """Return what each test says of ``page`` (HTTPS) and of the answer on plain HTTP."""
    policy = _policy(page.header("Content-Security-Policy") or "")
    tests = (
        _csp(policy), _cookies(page), _cors(page), _hsts(page), _referrer(page),
        _frames(page, policy), _sniffing(page), _corp(page), _scripts(page), _redirect(plain),
    )  # fmt: skip
    return tuple(found for test in tests for found in test if found.points)


def _policy(value: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for part in value.split(";"):
        words = part.split()
        if words:
            found.setdefault(words[0].lower(), tuple(word.lower() for word in words[1:]))
    return found


def _csp(policy: Mapping[str, tuple[str, ...]]) -> Iterator[Modifier]:
    if not policy:
        yield Modifier(-25, "no Content-Security-Policy")
        return
    scripts = policy.get("script-src", policy.get("default-src", ("*",)))
    objects = policy.get("object-src", policy.get("default-src", ("*",)))
    styles = policy.get("style-src", policy.get("default-src", ("*",)))
    exact = any(word.startswith(_EXACT) for word in scripts)
    strict = exact and "'strict-dynamic'" in scripts
    inline = "'unsafe-inline'" in scripts and not exact
    broad = _BROAD.intersection(scripts) and not strict
    if inline or broad or _BROAD.intersection(objects):
        yield Modifier(-20, "Content-Security-Policy allows unsafe or any scripts or objects")
    elif any(word.startswith("http:") for word in (*scripts, *styles)):
        yield Modifier(-20, "Content-Security-Policy allows plain HTTP")
    elif "'unsafe-eval'" in scripts:
        yield Modifier(-10, "Content-Security-Policy allows unsafe-eval")
    elif any(word.startswith("http:") for words in policy.values() for word in words):
        yield Modifier(-10, "Content-Security-Policy allows images or media over plain HTTP")
    elif not ("'unsafe-inline'" in styles or _BROAD.intersection(styles)):
        closed = policy.get("default-src") == ("'none'",) and policy.get("form-action") in {
            ("'none'",),
            ("'self'",),
        }
        yield Modifier(10 if closed else 5, "Content-Security-Policy without unsafe sources")


def _cookies(page: Exchange) -> Iterator[Modifier]:
    found = [one for one in cookies(page) if not one.deleted]
    if not found:
        return
    worst = min(_cookie(one, hsts=page.header("Strict-Transport-Security") is not None) for one in found)
    if worst[0]:
        yield Modifier(*worst)
    elif all(one.same_site in {"strict", "lax"} for one in found):
        yield Modifier(5, "cookies are Secure, HttpOnly and SameSite")


def _cookie(one: Cookie, *, hsts: bool) -> tuple[int, str]:
    name = one.name.lower()
    session = "sess" in name or "login" in name
    if "secure" not in one.attributes:
        points = {(True, True): -10, (True, False): -40, (False, True): -5, (False, False): -20}[
            session, hsts
        ]
        return points, f"cookie {one.name} without Secure"
    if session and "httponly" not in one.attributes:
        return -30, f"session cookie {one.name} without HttpOnly"
    if "csrf" in name and not one.same_site:
        return -20, f"anti-CSRF cookie {one.name} without SameSite"
    if "samesite" in one.attributes and not one.same_site:
        return -20, f"cookie {one.name} with an unknown SameSite"
    return 0, ""


def _cors(page: Exchange) -> Iterator[Modifier]:
    open_to_all = page.header("Access-Control-Allow-Origin") == "*"
    if open_to_all and page.header("Access-Control-Allow-Credentials") == "true":
        yield Modifier(-50, "every origin may read answers with credentials")


def _hsts(page: Exchange) -> Iterator[Modifier]:
    value = page.header("Strict-Transport-Security")
    age = seconds_of(directives(value or "").get("max-age"))
    if value is None or age is None:
        yield Modifier(-20, f"{'no' if value is None else 'a broken'} Strict-Transport-Security")
    elif age < _HALF_A_YEAR:
        yield Modifier(-10, "Strict-Transport-Security for less than six months")


def _referrer(page: Exchange) -> Iterator[Modifier]:
    values = [part.strip().lower() for part in ",".join(page.header_values("Referrer-Policy")).split(",")]
    known = [value for value in values if value in _PRIVATE | _OPEN]
    if known and known[-1] in _PRIVATE:
        yield Modifier(5, "Referrer-Policy keeps addresses private")
    elif any(values):
        yield Modifier(-5, "an unsafe or unknown Referrer-Policy")


def _frames(page: Exchange, policy: Mapping[str, tuple[str, ...]]) -> Iterator[Modifier]:
    value = page.header("X-Frame-Options") or ""
    if "frame-ancestors" in policy:
        yield Modifier(5, "frame-ancestors says who may frame pages")
    elif value.strip().lower() not in {"deny", "sameorigin"}:
        yield Modifier(-20, "no X-Frame-Options of DENY or SAMEORIGIN")


def _sniffing(page: Exchange) -> Iterator[Modifier]:
    if (page.header("X-Content-Type-Options") or "").strip().lower() != "nosniff":
        yield Modifier(-5, "no X-Content-Type-Options: nosniff")


def _corp(page: Exchange) -> Iterator[Modifier]:
    value = (page.header("Cross-Origin-Resource-Policy") or "cross-origin").strip().lower()
    if value != "cross-origin":
        good = value in {"same-origin", "same-site"}
        yield Modifier(10 if good else -5, f"Cross-Origin-Resource-Policy: {value}")


def _scripts(page: Exchange) -> Iterator[Modifier]:
    own = urlsplit(page.url).hostname
    tags = ((tag[1], _SOURCE.search(tag[1])) for tag in _SCRIPT.finditer(page.text))
    foreign = [(found[1], tag) for tag, found in tags if found and host_of(found[1]) != own]
    bare = [url for url, tag in foreign if "integrity" not in tag.lower()]
    if any(url.lower().startswith("http:") for url in bare):
        yield Modifier(-50, "scripts of other sites over plain HTTP")
    elif bare:
        yield Modifier(-5, "scripts of other sites without integrity")
    elif foreign:
        yield Modifier(5, "scripts of other sites with integrity")


def _redirect(plain: Exchange | None) -> Iterator[Modifier]:
    if plain is None:
        return
    target = urlsplit(plain.header("Location") or "")
    if plain.status // 100 != _REDIRECT or target.scheme != "https":
        yield Modifier(-20, "plain HTTP is not redirected to HTTPS")
    elif target.hostname != urlsplit(plain.url).hostname:
        yield Modifier(-5, "plain HTTP is redirected to another host")
