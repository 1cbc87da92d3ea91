"""Health answers anybody, is not kept by caches, and gives nothing away.

Probes have no login; a cached answer says the system lives when it does not; and an answer
for everybody is no place for versions, hosts, connection strings or stack traces.

Fix: no login on this path, ``Cache-Control: no-store``, and names of dependencies only.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.headers import directives
from verify.facts.http import IN_FRONT, Exchange, Get
from verify.facts.leaks import leaks
from verify.rules import Endpoint, EndpointSpec, Finding, ReferenceSpec, Seen, Stated, given, rule

LOGIN = frozenset({301, 302, 303, 307, 308, 401, 403, 407})


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The endpoint, and the members that it may show all the same: ``[version]``."""

    endpoint: Endpoint
    allow: tuple[str, ...] = ()

    def needs(self) -> dict[str, Get]:
        """Ask as nobody in particular."""
        return {"answer": Get(path=self.endpoint.path, origin=self.endpoint.host or "")}


def answered(body: bytes, control: str = "no-store", status: int = 200) -> Exchange:
    """Return an answer for the proofs."""
    return Exchange(status=status, body=body, headers=(("Cache-Control", control),))


STATED = Params(endpoint=EndpointSpec(path="/health/"), allow=("version",))
HOLDS = [
    given(STATED, answer=answered(b'{"status": "ok", "version": "1.4", "redis": "ok"}')),
    given(STATED, answer=answered(b"OK", "max-age=0, no-cache", 503)),
]
FAILS = [
    given(STATED, answer=answered(b"", status=401)),
    given(STATED, answer=answered(b"{}", "public, max-age=60")),
    *(
        given(STATED, answer=answered(body))
        for body in (
            b'{"django": "5.1.4"}',
            b'{"database": {"hostname": "web-1"}}',
            b'{"error": "cannot connect to postgres://shop@db:5432/shop"}',
            b"Traceback (most recent call last):",
        )
    ),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether the stated endpoint is the one that the faults change."""
    return stated.endpoint.path == reference.health


@rule(
    severity="warning",
    faults=["health-leaks", "health-cacheable", "health-login"],
    refs=["RFC 9111 5.2.2", "OWASP WSTG-INFO-02"],
    telling=IN_FRONT,
)
def check(answer: Exchange, stated: Params) -> Iterator[Finding | Seen]:
    """Look at status, lifetime and content."""
    yield Seen(answer.status, what="to anybody")
    if answer.status in LOGIN:
        yield Finding(answer.place, "health asks for a login", "an answer to anybody", str(answer.status))
        return
    control = ", ".join(answer.header_values("Cache-Control"))
    found = directives(control, ",")
    if not found.keys() & {"no-store", "no-cache"} and found.get("max-age") != "0":
        yield Finding(answer.place, "caches may keep the answer", "no-store", control or "no Cache-Control")
    for name, what, words in leaks(answer):
        if name not in stated.allow:
            yield Finding(answer.place, f"{what} is shown", "nothing of the kind", words)
