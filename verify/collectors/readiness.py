"""Polls the readiness endpoint until it gave enough good answers in a row, or time is up.

Under ``--watch`` it is asked once: waiting would hide the very failures that are counted.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from verify.collectors.world import World
from verify.contract.endpoint import Endpoint
from verify.contract.environment import Environment, VersionFrom
from verify.effects.errors import EffectError, Refused, Unreachable
from verify.effects.transport import Request
from verify.facts.body import member
from verify.facts.http import Exchange, Get, PartError
from verify.facts.readiness import Readiness, Ready
from verify.model.need import Need, Unseen
from verify.model.units import Duration, seconds

#: answers that waiting will not mend; 404 is none: an edge gives it until it has a route to the release
FINAL = frozenset({301, 302, 303, 307, 308, 401, 403, 405})
TOO_MANY = 429
#: seconds by which a clock may wake whoever waits for a deadline before it
EARLY = 0.005
#: seconds before the second question, where the first was answered well
QUICK = 0.05


@dataclass(kw_only=True)
class _Poll:
    """The state of one wait."""

    need: Get
    environment: Environment
    started: float
    interval: float
    #: good answers in a row that are enough
    enough: int
    attempts: int = 0
    good: int = 0
    version: str | None = None
    last: Exchange | None = None
    reason: str = "never asked"
    final: bool = False
    pause: threading.Event = field(default_factory=threading.Event)


def collect(needs: tuple[Ready, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield the readiness, and the last answer for whoever asks the same endpoint."""
    for need in needs:
        try:
            poll = _wait(world)
        except (EffectError, PartError) as error:
            yield need, Unseen(str(error))
            continue
        yield need, _readiness(poll, world)
        if poll.last is not None:
            world.once.keep(poll.need, poll.last)
            yield poll.need, poll.last


def endpoint_of(world: World) -> Endpoint | None:
    """Return the endpoint that readiness asks: the stated one, else a usual name."""
    contract, environment = world.contract, world.environment
    for name, known in contract.environments.items():
        if known is environment:
            chosen = contract.readiness_endpoint(name)
            return contract.endpoints[chosen] if chosen else None
    return None


def _wait(world: World) -> _Poll:
    environment, endpoint = world.environment, endpoint_of(world)
    if environment is None or endpoint is None:
        raise EffectError(
            "no readiness endpoint: declare an endpoint `health`, "
            "or name one under `readiness: {endpoint: …}`"
        )
    rules = environment.readiness
    once = world.watching is not None  # a system that was ready is looked at, not waited for
    poll = _Poll(
        need=Get.of(endpoint),
        environment=environment,
        started=time.monotonic(),
        interval=rules.interval,
        enough=1 if once else rules.consecutive,
    )
    end = poll.started + rules.within
    while poll.good < poll.enough and not poll.final:
        left = end - time.monotonic()
        if left <= 0:
            break
        _ask(poll, endpoint, world, left)
        if once:
            break
        if poll.good < poll.enough and not poll.final:
            at_once = poll.attempts == poll.good
            pause = min(poll.interval, QUICK) if at_once else poll.interval
            poll.pause.wait(max(0.0, min(pause, end - time.monotonic())))
    return poll


def _ask(poll: _Poll, endpoint: Endpoint, world: World, left: float) -> None:
    poll.attempts += 1
    deadline = poll.environment.readiness.deadline
    base = poll.need.origin or world.url
    request = Request(url=base + poll.need.path, headers=world.headers(poll.need.account))
    began = time.monotonic()
    try:
        answer = world.wire.send(request, deadline=seconds(min(left, deadline)))
    except Refused:
        raise
    except Unreachable as error:
        poll.good, poll.final = 0, not error.transient
        cut = left < deadline and time.monotonic() - began >= left - EARLY
        # what came before says more than a question that the end of waiting cut short
        if poll.attempts == 1 or not cut or poll.final:
            poll.last, poll.reason = None, error.reason
        return
    poll.last = answer
    if answer.status not in endpoint.expect:
        poll.good, poll.reason = 0, f"last answer {answer.status}"
        poll.final = answer.status in FINAL
        if answer.status == TOO_MANY:
            poll.interval = max(poll.interval, _asked_to_wait(answer))
        return
    try:
        rest = max(EARLY, left - (time.monotonic() - began))
        poll.version = version_of(
            poll.environment.version, answer, world, deadline=seconds(min(rest, deadline))
        )
    except Unreachable as error:
        poll.version = None
        if world.expected_version is not None:
            poll.good, poll.reason, poll.final = 0, str(error), not error.transient
            return
    stated = poll.environment.version is not None  # else no waiting will show a version
    if stated and world.expected_version not in {None, poll.version}:
        poll.good, poll.reason = 0, f"version {poll.version} answers, not {world.expected_version}"
        return
    poll.good, poll.reason = poll.good + 1, ""


def _asked_to_wait(answer: Exchange) -> float:
    """Return the seconds of Retry-After: whoever polls faster than a limit never gets in."""
    stated = answer.header("Retry-After") or ""
    return float(stated) if stated.isascii() and stated.isdigit() else 0.0


def version_of(
    source: VersionFrom | None, answer: Exchange, world: World, *, deadline: Duration
) -> str | None:
    """Return the version that ``answer`` names, as ``source`` states it; None where it names none.

    Where another endpoint names it, that is asked; raise as ``Transport.send`` does.
    """
    if source is None:
        return None
    if source.endpoint is not None:
        stated = world.contract.endpoints[source.endpoint]
        request = Request(url=(stated.host or world.url) + stated.path, headers=world.headers(stated.account))
        answer = world.wire.send(request, deadline=deadline)
    if source.header is not None:
        return answer.header(source.header)
    try:
        value = member(answer.json(), source.json_ or "")
    except ValueError:
        return None
    return None if value is None else str(value)


def _readiness(poll: _Poll, world: World) -> Readiness:
    ready = poll.good >= poll.enough
    return Readiness(
        ready=ready,
        took=seconds(time.monotonic() - poll.started),
        within=poll.environment.readiness.within,
        attempts=poll.attempts,
        url=f"GET {(poll.need.origin or world.url) + poll.need.path}",
        version=poll.version,
        expected=world.expected_version,
        last=poll.last,
        reason=poll.reason,
    )
