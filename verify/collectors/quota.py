"""Counts quotas out: the allowed requests as fast as the stated pace lets them, then one more.

On the reference they leave from loopback addresses of their own, so that the limit of an
address does not refuse them, and what is counted for an address is not anybody else's.
"""

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from verify.collectors.world import World, in_turn
from verify.effects.errors import EffectError
from verify.effects.stop import Stop, wait
from verify.effects.transport import Request
from verify.facts.http import Exchange
from verify.facts.quota import Counted, CountOut
from verify.model.need import Need
from verify.model.units import seconds

MOST_AT_ONCE = 4
_blocks = itertools.count(1)


@dataclass(kw_only=True)
class _Count:
    """The state of one count; ``refused`` ends it at the first refusal."""

    need: CountOut
    world: World
    addresses: tuple[str | None, ...]
    started: float = field(default_factory=time.monotonic)
    refused: Stop = field(default_factory=Stop)

    def send(self, number: int) -> Exchange | None:
        """Send request ``number`` at its own moment, None once another one was refused."""
        if self._waited(number, self.refused):
            return None
        answer = self._ask(number)
        if answer.status == self.need.status:
            self.refused.set()
        return answer

    def send_last(self) -> Exchange:
        """Send the one that is too many, once the others are answered."""
        self._waited(self.need.count)
        return self._ask(self.need.count)

    def _waited(self, number: int, *ends: Stop) -> bool:
        """Wait for the moment of request ``number``; tell whether one of ``ends`` came first."""
        moment = self.started + number / (self.need.pace * len(self.addresses))
        stopped = wait(moment - time.monotonic(), self.world.stopping, *ends)
        if self.world.stopping.is_set():
            raise EffectError("the run was broken off while the quota was counted out")
        return stopped

    def _ask(self, number: int) -> Exchange:
        return self.world.wire.send(
            Request(
                url=self.world.url + self.need.path,
                headers=self.world.headers(self.need.account),
                source_address=self.addresses[number % len(self.addresses)],
            )
        )


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
        count.refused.set()  # where one failed the others are of no use any more
        pool.shutdown(wait=True, cancel_futures=True)
    refused = [answer for answer in answers if answer.status == need.status]
    return Counted(
        passed=len(answers) - len(refused),
        last=refused[0] if refused else count.send_last(),
        took=seconds(time.monotonic() - count.started),
    )
