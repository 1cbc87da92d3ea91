"""What became of webhooks that were signed rightly, wrongly, and not at all."""

from dataclasses import dataclass
from typing import ClassVar

from verify.facts.http import Exchange
from verify.model.need import Effect, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: its answer, and what the system then says of its event, None where that was not asked."""

    answer: Exchange
    state: Exchange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Three calls with events of their own, each the same but for its signature."""

    unsigned: Call
    forged: Call
    signed: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWebhook(Need):
    """Ask for the three calls; ``{id}`` in ``body`` (JSON text) and in ``state`` is the event's own."""

    kind: ClassVar[str] = "webhook"
    answer: ClassVar[type] = Calls
    effect: ClassVar[Effect] = Effect.DESTROYS

    webhook: str
    body: str
    state: str = ""
    account: str | None = None
