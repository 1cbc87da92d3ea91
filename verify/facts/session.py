"""One session, used over several connections."""

from dataclasses import dataclass
from typing import ClassVar

from verify.facts.http import Exchange
from verify.model.need import Effect, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """The answer that began a session, None where a token needs no beginning, and those that followed."""

    answers: tuple[Exchange, ...]
    begun: Exchange | None = None
    cookies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Return(Need):
    """Ask ``path`` ``count`` times as ``account``, each time over a connection of its own."""

    kind: ClassVar[str] = "session"
    answer: ClassVar[type] = Returned

    path: str
    count: int
    account: str | None = None
    login: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn(Return):
    """Ask the same with the cookies that a POST to ``login`` by ``account`` has set: it makes a session."""

    effect: ClassVar[Effect] = Effect.DESTROYS
