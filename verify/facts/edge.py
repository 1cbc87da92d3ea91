"""Who stands in front of a system, and what the origin behind says to whoever comes past that."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from verify.contract.reference import Cdn
from verify.facts.http import LIMITED, Exchange
from verify.model.need import Need

#: by provider: the headers that it documents for every answer, and their values
MARKS: Mapping[Cdn, tuple[tuple[str, re.Pattern[str]], ...]] = {
    # developers.cloudflare.com/fundamentals/reference/http-headers/
    "cloudflare": (
        ("Server", re.compile(r"cloudflare", re.IGNORECASE)),
        ("CF-Ray", re.compile(r"[0-9a-f]{16}(-[A-Z]{3})?")),
    ),
    # docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html
    "cloudfront": (
        ("Via", re.compile(r".*\.cloudfront\.net \(CloudFront\).*")),
        ("X-Amz-Cf-Id", re.compile(r"\S+")),
    ),
    # www.fastly.com/documentation/reference/http/http-headers/X-Served-By/
    "fastly": (("X-Served-By", re.compile(r"(.*, *)?cache-[a-z0-9-]+-[A-Z]{3}")),),
}
#: what a guard says: no client certificate (nginx), not allowed, not this name; or it has failed
_REFUSALS = frozenset({400, 403, 421})
_FAILED = 500
#: why nothing came back from an address that lets nobody in
_SHUT = re.compile(
    r"connection (refused|reset|closed without an answer)|no route to host"
    r"|deadline of \S+ passed while connecting"
    r"|broken protocol: TLS: (\w*CERTIFICATE_REQUIRED|EOF occurred in violation of protocol.*)"
)
#: what another name would meet as well: nothing was said yet
_BEFORE = re.compile(
    r"connection refused|no route to host|name not found|.* while (connecting|looking up .*)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One question to the origin itself: under which name, its status, or the reason that there is none."""

    host: str
    status: int = 0
    reason: str = ""

    @property
    def let_in(self) -> bool:
        """Tell whether the system itself answered."""
        refused = self.status in _REFUSALS or self.status >= _FAILED or self.status == LIMITED
        return bool(self.status) and not refused

    @property
    def shut_out(self) -> bool:
        """Tell whether a guard refused, or nobody took the connection."""
        if self.status:
            return not self.let_in and self.status != LIMITED
        return _SHUT.fullmatch(self.reason) is not None

    @property
    def unheard(self) -> bool:
        """Tell whether it ended before a name was said, so that another fares alike."""
        return not self.status and _BEFORE.fullmatch(self.reason) is not None

    def __str__(self) -> str:
        """Return what came of it, under which name."""
        return f"{self.status or self.reason} as {self.host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Knocked:
    """What the origin at ``url`` said, under its own name and under the system's."""

    url: str = "https://origin.example/"
    tries: tuple[Try, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock(Need):
    """Ask the address ``origin`` for ``path``, past whatever stands in front of it."""

    kind: ClassVar[str] = "knock"
    answer: ClassVar[type] = Knocked

    origin: str
    path: str


def in_front(answer: Exchange) -> tuple[Cdn, ...]:
    """Return whose marks an answer carries, each of them."""
    return tuple(
        name
        for name, marks in MARKS.items()
        if all(any(kind.fullmatch(value) for value in answer.header_values(header)) for header, kind in marks)
    )
