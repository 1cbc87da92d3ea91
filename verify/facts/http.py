"""One HTTP exchange as it was seen, and the need that asks for it."""

import json
from dataclasses import dataclass, field
from typing import ClassVar, Self

from verify.contract import EndpointSpec
from verify.model.need import Need
from verify.model.units import Duration, seconds

#: what a proxy says when nobody is behind it
IN_FRONT = frozenset({502, 503, 504})
#: too many requests
LIMITED = 429
#: what says nothing about the system that was asked
SHOWS_NOTHING = IN_FRONT | {LIMITED}

Headers = tuple[tuple[str, str], ...]

#: a path of our own, asked on the plain address by every rule that looks at its redirect
PLAIN_PROBE = "/verify/redirect?probe=1"
#: a host that is nobody's (RFC 2606)
FOREIGN_HOST = "verify.invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and its answer.

    ``headers`` are the answer's, in order, repeated names kept; ``body`` holds at most
    the transport's cap and ``truncated`` says whether more came; ``elapsed`` runs from
    sending to the last byte read; ``at`` is the Unix time of sending; ``sent`` are the
    request's own headers.
    """

    status: int
    url: str = "https://system.example/"
    method: str = "GET"
    headers: Headers = ()
    body: bytes = b""
    truncated: bool = False
    elapsed: Duration = field(default=seconds(0.01))
    at: float = 0.0
    sent: Headers = ()

    @property
    def place(self) -> str:
        """Return the request line as findings name it: ``GET https://…``."""
        return f"{self.method} {self.url}"

    def header(self, name: str) -> str | None:
        """Return the first value of header ``name``, in any case, or None."""
        return next(iter(self.header_values(name)), None)

    def header_values(self, name: str) -> tuple[str, ...]:
        """Return each value of header ``name``, in any case, in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)

    @property
    def shows_nothing(self) -> bool:
        """Tell whether somebody in front answered, or a limit did: that says nothing about the system."""
        return self.status in SHOWS_NOTHING

    @property
    def refusal(self) -> str:
        """Return why an answer that shows nothing does not."""
        return refusal_of(self.place, self.status)

    @property
    def text(self) -> str:
        """Return the body as UTF-8, wrong bytes replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> object:
        """Return the body's JSON value; raise ``ValueError`` where it is none."""
        if self.truncated:
            raise ValueError(f"the body was cut after {len(self.body)} bytes")
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("the JSON is nested too deeply") from None


def refusal_of(place: str, status: int) -> str:
    """Return why ``status`` shows nothing of what was asked at ``place``."""
    who = "a limit, a proxy or a system that is not well" if status in IN_FRONT else "a limit of requests"
    return f"{place} answered {status}: {who} refused it, which shows nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Get(Need):
    """Ask for one read-only exchange; answered by ``Exchange``.

    ``origin`` is empty for the environment's own address, else a declared one;
    ``plain`` asks the plain-HTTP address instead; ``account`` names who asks.
    """

    kind: ClassVar[str] = "http"
    answer: ClassVar[type] = Exchange

    path: str
    method: str = "GET"
    origin: str = ""
    plain: bool = False
    account: str | None = None
    headers: Headers = ()

    @classmethod
    def of(cls, endpoint: EndpointSpec) -> Self:
        """Return the need for a stated endpoint."""
        origin = endpoint.host or ""
        return cls(path=endpoint.path, origin=origin, account=endpoint.account)
