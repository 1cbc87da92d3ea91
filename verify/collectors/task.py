"""Starts a task and asks for its state until it is done, or the time is up."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from verify.collectors.world import World, in_turn
from verify.effects.transport import Request
from verify.facts.body import compare, member
from verify.facts.http import Exchange
from verify.facts.task import Enqueue, Task
from verify.model.need import Effect, Need
from verify.model.units import seconds

INTERVAL = 0.1  # seconds between two questions about the state
GOOD = range(200, 300)


def collect(needs: tuple[Enqueue, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each task."""
    yield from in_turn(_see, needs, world)


def _see(need: Enqueue, world: World) -> Task:
    headers = (*world.headers(need.account), ("Content-Type", "application/json"))
    request = Request(method="POST", url=world.url + need.path, headers=headers, body=need.body.encode())
    began = time.monotonic()
    started = world.wire.send(request, effect=Effect.DESTROYS)
    name = _name(started, need.task)
    if started.status not in GOOD or name is None:
        return Task(started=started)
    state = Request(
        url=world.url + need.state.replace("{task}", quote(name, safe="")),
        headers=world.headers(need.account),
    )
    done: Mapping[str, Any] = json.loads(need.done)
    pause = threading.Event()
    while True:
        last = world.wire.send(state)
        took = time.monotonic() - began
        if _done(last, done) or took > need.within:
            return Task(started=started, last=last, done=_done(last, done), took=seconds(took))
        pause.wait(INTERVAL)


def _name(answer: Exchange, path: str) -> str | None:
    try:
        value = member(answer.json(), path)
    except ValueError:
        return None
    return str(value) if isinstance(value, str | int) else None


def _done(answer: Exchange, done: Mapping[str, Any]) -> bool:
    try:
        return answer.status in GOOD and not list(compare(answer.json(), done, ""))
    except ValueError:
        return False
