"""The way to who is no part of the system: what watches it, and where its workflows run."""

from collections.abc import Callable
from pathlib import Path

from verify.contract.environment import BUDGET, RATE
from verify.effects.origin import Origin
from verify.effects.protection import Policy
from verify.effects.transport import Transport
from verify.model.units import Rate

#: opens a transport: what may be sent, and whose certificates are trusted
Way = Callable[[Policy, Path | None], Transport]


def reading(url: str, *, private: bool = False, ours: bool = False) -> Policy:
    """Return what others may be sent: reads, as many as production allows; to our own any number."""
    return Policy(
        origins=frozenset({Origin.of(url)}),
        private=private,
        budget=None if ours else BUDGET,
        rate=None if ours else Rate.parse(RATE),
    )
