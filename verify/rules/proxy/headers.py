"""The proxy tells the application who asks and how, and believes no client about it.

The application builds links, redirects to HTTPS, counts limits and writes logs by these
headers. What a client sends under their names must not get through.

Fix: nginx ``proxy_set_header Host $host; X-Real-IP $remote_addr; X-Forwarded-For
$remote_addr; X-Forwarded-Proto $scheme``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from verify.facts.health import find_member
from verify.facts.http import Exchange, Get
from verify.rules import (
    Endpoint,
    EndpointSpec,
    Finding,
    ReferenceSpec,
    Seen,
    Some,
    Stated,
    Unknown,
    given,
    rule,
)

FORGED, PROTO = "203.0.113.7", "X-Forwarded-Proto"
SPOOF = ((PROTO, "http"), ("X-Forwarded-For", FORGED), ("X-Real-IP", FORGED))


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """An endpoint that shows what reached the application as JSON; with ``appends`` lists may grow."""

    endpoint: Endpoint
    headers: Some[str] = ("Host", "X-Real-IP", "X-Forwarded-For", PROTO)
    appends: bool = False

    def needs(self) -> dict[str, Get]:
        """Ask as a client does, and as one that lies."""
        one = self.endpoint
        lie = Get(path=one.path, origin=one.host or "", account=one.account, headers=SPOOF)
        return {"plain": Get.of(one), "spoofed": lie}


def shown(answer: Exchange, name: str) -> str:
    """Return what reached the application as header ``name``; raise ``ValueError`` where it is not JSON."""
    body = answer.json()
    for key in (name, name.lower(), "HTTP_" + name.upper().replace("-", "_")):
        found, value = find_member(body, key)
        if found:
            return str(value[0] if isinstance(value, list) and value else value).strip()
    return ""


def echoed(proto: str = "https", address: str = "198.51.100.2", host: str = "system.example") -> Exchange:
    """Return an answer for the proofs."""
    body = f'{{"Host": "{host}", "X-Real-IP": "{address}", "X-Forwarded-For": "{address}", '
    body += f'"{PROTO}": "{proto}"}}'
    return Exchange(status=200, body=body.encode())


STATED = Params(endpoint=EndpointSpec(path="/echo/"))
GOOD = echoed()
HOLDS = given(STATED, plain=GOOD, spoofed=GOOD)
FAILS = [
    given(STATED, plain=Exchange(status=200, body=b"{}"), spoofed=GOOD),
    given(STATED, plain=echoed(proto="http"), spoofed=GOOD),
    given(STATED, plain=echoed(host="upstream"), spoofed=GOOD),
    given(STATED, plain=GOOD, spoofed=echoed(proto="http")),
    given(STATED, plain=GOOD, spoofed=echoed(address=FORGED)),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether a header that the faults concern is stated of the reference's own page."""
    return stated.endpoint.path == reference.echo and any(name != "Host" for name in stated.headers)


@rule(severity="error", faults=["forwarded-missing", "forwarded-believed"], refs=["RFC 7239 8"])
def check(plain: Exchange, spoofed: Exchange, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Compare what reached the application with the truth."""
    asked = urlsplit(plain.url)
    truth = {"host": {asked.netloc, asked.hostname or ""}, PROTO.lower(): {asked.scheme}}
    try:
        values = [(name, shown(plain, name), shown(spoofed, name)) for name in stated.headers]
    except ValueError as error:
        yield Unknown(f"{plain.place} does not show the headers as JSON: {error}")
        return
    yield Seen(", ".join(f"{name}: {value}" for name, value, _ in values), what="arrived")
    for name, value, lied in values:
        if not value or value not in truth.get(name.lower(), {value}):
            wanted = " or ".join(sorted(filter(None, truth.get(name.lower(), {"the client's address"}))))
            yield Finding(plain.place, f"{name} does not arrive as it should", wanted, value or "absent")
        forged = dict(SPOOF).get(name)
        parts = [part.strip() for part in lied.split(",")]
        if forged is not None and forged in (parts[-1:] if stated.appends else parts):
            yield Finding(spoofed.place, f"{name} of a client is believed", value or "replaced", lied)
