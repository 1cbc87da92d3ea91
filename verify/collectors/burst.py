"""Sends many equal requests at a stated pace; slower bursts first, each from a rested limit."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from verify.collectors.world import World, in_turn
from verify.effects.errors import EffectError
from verify.effects.stop import Stop, wait
from verify.effects.transport import Request
from verify.facts.burst import Burst, Shot, Volley
from verify.facts.http import Exchange
from verify.model.need import Need
from verify.model.units import seconds

REFUSALS = frozenset({429, 503})
#: requests under way at once; fewer than a burst has would let slow answers set the pace
MOST = 256


def collect(needs: tuple[Burst, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each volley; the slow ones come first, so that no fast one has used up their limit."""
    yield from in_turn(_see, sorted(needs, key=lambda need: (need.pace, need.path, need.method)), world)


def _see(need: Burst, world: World) -> Volley:
    """Send each request at its own moment, whatever became of those before (open loop)."""
    url = world.url + need.path
    headers = (*world.headers(need.account), ("Content-Type", "application/json"))
    request = Request(
        method=need.method, url=url, headers=headers, body=b"{}" if need.method != "GET" else None
    )
    start, begun = time.monotonic(), time.time()
    ended = Stop()

    def shoot(number: int) -> Exchange:
        if wait(start + number / need.pace - time.monotonic(), world.stopping, ended):
            raise EffectError("the run was broken off before the burst was over")
        return world.wire.send(request)

    pool = ThreadPoolExecutor(min(need.count, MOST), thread_name_prefix="burst")
    try:
        answers = tuple(pool.map(shoot, range(need.count)))
    finally:
        ended.set()  # where one failed the others must not leave all at once
        pool.shutdown(wait=True, cancel_futures=True)
    # when it really left, which the environment's rate may have put off
    shots = tuple(
        Shot(
            sent=seconds(max(0.0, answer.at - begun)),
            status=answer.status,
            retry_after=answer.header("Retry-After"),
        )
        for answer in sorted(answers, key=lambda answer: answer.at)
    )
    if any(shot.status in REFUSALS for shot in shots):
        # nothing shows when a limit has forgotten; what comes next must not be refused for this
        world.stopping.wait(need.rest)
    return Volley(shots=shots, url=url, method=need.method)
