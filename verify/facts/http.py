"""One HTTP exchange as it was seen, and the need that asks for it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

from verify.contract import EndpointSpec
from verify.facts.charset import charset_of, decoded, texts
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


class PartError(Exception):
    """Something was asked of a body that the part of it which could be read does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What could be read of a body that is not here as a whole, and ``why``.

    It stands in the body's place and is no ``bytes``, so that nobody takes it for the whole.
    """

    read: bytes = b""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and its answer.

    ``headers`` are the answer's, in order, repeated names kept; ``body`` is a ``Part`` where it
    is longer than the transport's cap, or coded in a way that nobody here can undo; ``elapsed``
    runs from sending to the last byte read; ``at`` is the Unix time of sending; ``sent`` are the
    request's own headers.

    Who needs all of the body asks for ``text`` or ``json``, who looks for something in it for
    ``search`` or ``showing``: what is found was there, and a part that does not show it tells
    nothing. Each raises ``PartError`` then, which makes a check unknown.
    """

    status: int
    url: str = "https://system.example/"
    method: str = "GET"
    headers: Headers = ()
    body: bytes | Part = b""
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
    def content(self) -> bytes:
        """Return all of the body; raise ``PartError``."""
        if isinstance(self.body, Part):
            raise self._unread(self.body.why)
        return self.body

    @property
    def text(self) -> str:
        """Return all of the body in its charset, wrong bytes replaced; raise ``PartError``."""
        content = self.content
        text = decoded(content, self._charset)
        if text is None and content:
            raise self._unread(f"its charset {self._charset} is not known")
        return text or ""

    def json(self) -> object:
        """Return the body's JSON value; raise ``ValueError`` where it is none, and ``PartError``."""
        content = self.content
        try:
            return json.loads(content)
        except RecursionError:
            raise ValueError("the JSON is nested too deeply") from None

    def search(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Return where the body matches; raise ``PartError`` where a part does not."""
        found = self._found(pattern)
        return found if found is not None else pattern.search(self.text)

    def every(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Yield each place where the body matches; then raise ``PartError`` of a part."""
        for text in texts(self._read, self._charset):
            yield from pattern.finditer(text)
        self.text  # noqa: B018 - raises

    def showing(self, patterns: Mapping[str, re.Pattern[str]]) -> Iterator[tuple[str, re.Match[str]]]:
        """Yield each of ``patterns`` that the body matches, by name; then raise ``PartError`` of a part."""
        for name, pattern in patterns.items():
            found = self._found(pattern)
            if found is not None:
                yield name, found
        self.text  # noqa: B018 - raises

    @property
    def partial(self) -> bool:
        """Tell whether there is more to the body than could be read."""
        return isinstance(self.body, Part) or (bool(self.body) and decoded(self.body, self._charset) is None)

    @property
    def shown(self) -> str:
        """Return as text what could be read, for people to see; what it lacks proves nothing."""
        return next(iter(texts(self._read, self._charset)), "")

    @property
    def size(self) -> str:
        """Return how long the body is, as far as is known."""
        return f"{'at least ' if isinstance(self.body, Part) else ''}{len(self._read)} bytes"

    @property
    def _read(self) -> bytes:
        return self.body.read if isinstance(self.body, Part) else self.body

    @property
    def _charset(self) -> str:
        return charset_of(self.header("Content-Type") or "", self._read)

    def _found(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        each = (pattern.search(text) for text in texts(self._read, self._charset))
        return next((found for found in each if found is not None), None)

    def _unread(self, why: str) -> PartError:
        return PartError(f"{self.place}: {why}, so its content cannot be judged")


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
