"""Cookies of the stated answers carry Secure, HttpOnly and SameSite as stated.

A session cookie that a script can read, that travels in the clear or that is sent along
with other sites' requests is a session for whoever gets hold of it.

Fix: set the flags in the framework's settings (Django: ``SESSION_COOKIE_SECURE``,
``CSRF_COOKIE_SECURE``, ``SESSION_COOKIE_HTTPONLY``, ``SESSION_COOKIE_SAMESITE``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from verify.facts.headers import Cookie, cookies
from verify.facts.http import Exchange, Get
from verify.rules import Finding, ReferenceSpec, Seen, Some, Stated, Unknown, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """Paths that set cookies (``on``), names that must be set, the flags; ``readable`` are for scripts."""

    on: Some[str]
    cookies: tuple[str, ...] = ()
    secure: bool = True
    http_only: bool = True
    same_site: Literal["Strict", "Lax", "None", "any"] = "Lax"
    readable: Some[str] = ("csrftoken", "XSRF-TOKEN")

    def needs(self) -> dict[str, tuple[Get, ...]]:
        """Ask each path once."""
        return {"answers": tuple(Get(path=path) for path in self.on)}

    def lacks(self, cookie: Cookie) -> Iterator[str]:
        """Yield each flag that ``cookie`` should have and has not."""
        http_only = self.http_only and cookie.name not in self.readable
        return cookie.lacks(secure=self.secure, http_only=http_only, same_site=self.same_site)


def sets(*lines: str) -> Exchange:
    """Return an answer for the proofs."""
    return Exchange(status=200, headers=tuple(("Set-Cookie", line) for line in lines))


STATED = Params(on=("/login/",), cookies=("sessionid",))
HOLDS = given(
    STATED, answers=sets("sessionid=1; Secure;HttpOnly; samesite=lax", "csrftoken=2; secure; SameSite=Strict")
)
FAILS = [
    given(STATED, answers=sets(line))
    for line in (
        "sessionid=Secure; HttpOnly; SameSite=Lax",
        "sessionid=1; Secure; SameSite=Lax",
        "sessionid=1; Secure; HttpOnly; SameSite=None",
        "other=1; Secure; HttpOnly; SameSite=Lax",
        "__Host-sessionid=1; Secure; HttpOnly; SameSite=Lax; Path=/a",
    )
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether the flag that ``fault`` drops is stated for a page with cookies."""
    wanted = {
        "cookie-insecure": stated.secure,
        "cookie-readable": stated.http_only,
        "cookie-cross-site": stated.same_site != "any",
    }
    return wanted[fault] and reference.signin in stated.on


@rule(
    severity="error",
    faults=["cookie-insecure", "cookie-readable", "cookie-cross-site"],
    refs=["RFC 6265 4.1.2", "RFC 6265bis 4.1.3"],
)
def check(answers: tuple[Exchange, ...], stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Look at each cookie that is set."""
    found = [(answer.place, one) for answer in answers for one in cookies(answer) if not one.deleted]
    names = {cookie.name for _, cookie in found}
    if not found and not stated.cookies:
        yield Unknown(f"{', '.join(stated.on)}: no cookie was set: state a path that sets one")
        return
    yield Seen(", ".join(sorted(names)) or "none", what="cookies")
    for place, cookie in found:
        for flag in stated.lacks(cookie):
            seen = "; ".join(f"{key}={value}".rstrip("=") for key, value in cookie.attributes.items())
            yield Finding(place, f"cookie {cookie.name} lacks {flag}", flag, seen or "no attributes")
    for name in stated.cookies:
        if not names & {name, f"__Host-{name}", f"__Secure-{name}"}:
            others = ", ".join(sorted(names)) or "none"
            yield Finding(answers[0].place, f"cookie {name} is not set", name, others)
