"""Counts quotas out: the allowed requests as fast as the stated pace lets them, then one more.

On the reference they leave from loopback addresses of their own, so that the limit of an
address does not refuse them, and what is counted for an address is not anybody else's.
"""

import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from verify.collectors.world import World, in_turn
from verify.effects.transport import Request
from verify.facts.http import Exchange
from verify.facts.quota import Counted, CountOut
from verify.model.need import Need
from verify.model.units import seconds

MOST_AT_ONCE = 4
_blocks = itertools.count(1)


@dataclass(kw_only=True)
class _Count:
    """The state of one count; ``stopped`` ends it at the first refusal, and on an interrupt."""

    need: CountOut
    world: World
    addresses: tuple[str | None, ...]
    started: float = field(default_factory=time.monotonic)
    stopped: threading.Event = field(default_factory=threading.Event)

    def send(self, number: int) -> Exchange | None:
        """Send request ``number`` at its own moment, None once another one was refused."""
        spacing = 1 / (self.need.pace * len(self.addresses))
        if self.stopped.wait(max(0.0, self.started + number * spacing - time.monotonic())):
            return None
        answer = self.world.wire.send(
            Request(
                url=self.world.url + self.need.path,
                headers=self.world.headers(self.need.account),
                source_address=self.addresses[number % len(self.addresses)],
            )
        )
        if answer.status == self.need.status:
            self.stopped.set()
        return answer


def collect(needs: tuple[CountOut, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each count, the small ones first."""
    yield from in_turn(_see, sorted(needs, key=lambda need: need.count), world)


def addresses_of(need: CountOut, world: World) -> tuple[str | None, ...]:
    """Return where requests leave from: None is wherever the system's route begins."""
    if world.environment is None or world.environment.reference is None:
        return (None,)
    block = next(_blocks) % 250 + 1
    # without an account the address is who is counted, so there is one
    count = need.addresses if need.account else 1
    return tuple(f"127.1.{block}.{number % 254 + 1}" for number in range(count))


def _see(need: CountOut, world: World) -> Counted:
    count = _Count(need=need, world=world, addresses=addresses_of(need, world))
    pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="quota")
    try:
        answers = [answer for answer in pool.map(count.send, range(need.count)) if answer is not None]
    finally:
        count.stopped.set()
        pool.shutdown(wait=True, cancel_futures=True)
    refused = [answer for answer in answers if answer.status == need.status]
    count.stopped.clear()
    last = refused[0] if refused else count.send(need.count)
    return Counted(
        passed=len(answers) - len(refused),
        last=last or answers[-1],
        took=seconds(time.monotonic() - count.started),
    )
