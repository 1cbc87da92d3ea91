"""A foreign Host is refused with the stated status, stated hosts are served, spoofed ones not believed.

A system that answers to any name builds links from it: password-reset mails and cached
pages then lead to whoever sent the name.

Fix: list the names exactly (Django: ``ALLOWED_HOSTS``); take X-Forwarded-Host only from
your own proxy, and have the proxy replace it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.broken import redirects
from verify.facts.http import FOREIGN_HOST, Exchange, Get, PartError
from verify.facts.links import hosts_of
from verify.rules import Finding, OriginUrl, ReferenceSpec, Seen, Some, Stated, Unknown, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The path that is asked under a foreign Host, and the statuses of a refusal.

    ``hosts`` are declared addresses that serve it, ``links`` paths whose answers hold links of their own.
    """

    path: str = "/"
    status: Some[int] = (400,)
    hosts: tuple[OriginUrl, ...] = ()
    links: tuple[str, ...] = ()

    def needs(self) -> dict[str, Get | tuple[Get, ...]]:
        """Ask under a foreign name, under each stated one, and with a spoofed forwarding."""
        spoof = (("X-Forwarded-Host", FOREIGN_HOST),)
        return {
            "refused": Get(path=self.path, headers=(("Host", FOREIGN_HOST),)),
            "served": tuple(Get(path=self.path, origin=host) for host in self.hosts),
            "spoofed": tuple(Get(path=path, headers=spoof) for path in (*self.links, self.path)),
        }


STATED = Params(hosts=("https://system.example",))
GOOD, BAD = Exchange(status=200), Exchange(status=400)
LINKS = Exchange(status=200, body=b'<a href="https://verify.invalid/reset">')
MOVED = Exchange(status=301, headers=(("Location", "//verify.invalid/"),))
HOLDS = given(STATED, refused=BAD, served=(GOOD,), spoofed=GOOD)
FAILS = [
    given(STATED, refused=GOOD, served=(GOOD,), spoofed=GOOD),
    given(STATED, refused=BAD, served=(BAD,), spoofed=GOOD),
    given(STATED, refused=BAD, served=(GOOD,), spoofed=LINKS),
    given(STATED, refused=BAD, served=(GOOD,), spoofed=MOVED),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether a stated path shows what ``fault`` lets through."""
    if fault == "host-forgotten":
        return bool(stated.hosts)
    return fault == "any-host" or any(redirects(path, reference) for path in (*stated.links, stated.path))


@rule(
    severity="error",
    faults=["any-host", "host-forgotten", "trusts-forwarded-host"],
    refs=["OWASP WSTG-INPV-17"],
)
def check(
    refused: Exchange, served: tuple[Exchange, ...], spoofed: tuple[Exchange, ...], stated: Params
) -> Iterator[Finding | Unknown | Seen]:
    """Compare the answers under each name."""
    yield Seen(refused.status, what=f"Host {FOREIGN_HOST} is answered")
    if refused.status not in stated.status:
        expected = " or ".join(map(str, stated.status))
        yield Finding(
            refused.place, f"the foreign Host {FOREIGN_HOST} is not refused", expected, str(refused.status)
        )
    for answer in served:
        yield Seen(answer.status, what=f"{answer.url} is answered")
        if answer.status in stated.status or answer.status >= 500:  # noqa: PLR2004 - server errors
            yield Finding(answer.place, "a stated host is not served", "served", str(answer.status))
    for answer in spoofed:
        try:
            if FOREIGN_HOST in hosts_of(answer):
                message = "X-Forwarded-Host of a client is believed"
                yield Finding(answer.place, message, "own links", FOREIGN_HOST)
        except PartError as error:  # the others are looked at all the same
            yield Unknown(str(error))
