"""Asks what watches an environment: each source within its own limits, and shown its own account only."""

import time
from collections.abc import Callable, Iterator

from verify.collectors.world import Watcher, World, concurrently
from verify.contract.values import variable_of
from verify.drills.aws import Access
from verify.drills.cloudwatch import CloudWatch
from verify.effects.errors import EffectError, Unreachable
from verify.effects.transport import Request
from verify.facts.http import Exchange
from verify.facts.monitoring import (
    LOGS,
    Ask,
    Look,
    Looked,
    OddAnswerError,
    Ship,
    Shipped,
    lines_path,
    look_path,
    shipped,
)
from verify.model.need import Need
from verify.model.units import Duration, seconds

#: seconds between two questions for a line: more each time, up to a most
FIRST, MOST = 0.1, 2.0
#: an answer, the lines in it, and why it says nothing
Found = tuple[Exchange | None, tuple[str, ...], str]
Find = Callable[[str, Duration], Found]


def collect(needs: tuple[Ask | Look | Ship, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield what each source answered."""
    yield from concurrently(_see, needs, world)


def _see(need: Ask | Look | Ship, world: World) -> object:
    watcher = _watcher(need.source, world)
    if isinstance(need, Ship):
        return _shipped(need, watcher, world)
    if isinstance(need, Look):
        return _looked(watcher, world)
    _require(watcher, need.source, need.of)
    return _send(watcher, need.path)


def _watcher(name: str, world: World) -> Watcher:
    if name not in world.watchers:
        raise EffectError(f"no source {name} is stated here: add it under `monitoring:` of the environment")
    return world.watchers[name]


def _require(watcher: Watcher, name: str, *kinds: str) -> None:
    if watcher.source.kind not in kinds:
        wanted = " or ".join(sorted(kinds))
        raise EffectError(f"source {name} is of kind {watcher.source.kind}, and {wanted} is asked for")


def _send(watcher: Watcher, path: str, deadline: Duration | None = None) -> Exchange:
    base = watcher.url + watcher.source.path
    url = base.removesuffix("/") + path if path else base
    return watcher.transport.send(Request(url=url, headers=watcher.headers), deadline=deadline)


def _looked(watcher: Watcher, world: World) -> Looked:
    """Look once; that nobody answers is an answer here, that we may not ask is none."""
    source, reason = watcher.source, ""
    if source.kind == "cloudwatch":
        names = _cloudwatch(watcher, world).dashboards(world.deadline)
        return Looked(kind=source.kind, listed=names, url=watcher.url, knows=source.knows or "")
    try:
        answer = _send(watcher, look_path(source))
    except Unreachable as error:
        answer, reason = None, error.reason
    return Looked(
        kind=source.kind,
        answer=answer,
        reason=reason,
        url=watcher.url + source.path,
        knows=source.knows or "",
        expect=source.expect,
    )


def _shipped(need: Ship, watcher: Watcher, world: World) -> Shipped:
    """Mark a request, then ask for its lines until there are some, or the time is up."""
    _require(watcher, need.source, *LOGS)
    marker = world.marker()
    headers = (*world.headers(need.account), (need.header, marker))
    marked = world.wire.send(Request(url=world.url + need.path, headers=headers))
    look = _searched(watcher, world) if watcher.source.kind == "cloudwatch" else _asked(watcher)
    began, pause = time.monotonic(), FIRST
    while True:
        left = need.within - (time.monotonic() - began)
        last, lines, problem = look(marker, seconds(min(world.deadline, max(1.0, left))))
        took = time.monotonic() - began
        if lines or took >= need.within:
            return Shipped(
                marker=marker, marked=marked, lines=lines, last=last, problem=problem, took=seconds(took)
            )
        if world.stopping.wait(min(pause, need.within - took)):
            raise EffectError("the run was broken off while the line was waited for")
        pause = min(MOST, 2 * pause)


def _asked(watcher: Watcher) -> Find:
    """Return what asks a store of logs over HTTP; it may be away for a moment."""

    def find(marker: str, deadline: Duration) -> Found:
        try:
            answer = _send(watcher, lines_path(watcher.source, marker), deadline)
        except Unreachable as error:
            return None, (), str(error)
        try:
            return answer, shipped(watcher.source.kind, answer, marker), ""
        except OddAnswerError as error:
            return answer, (), str(error)

    return find


def _searched(watcher: Watcher, world: World) -> Find:
    """Return what searches a group of CloudWatch's logs."""
    group, there = watcher.source.group, _cloudwatch(watcher, world)
    if group is None:
        raise EffectError("expected `group:`, the log group that the system writes to")

    def find(marker: str, deadline: Duration) -> Found:
        try:
            return None, tuple(each for each in there.lines(group, marker, deadline) if marker in each), ""
        except EffectError as error:
            return None, (), str(error)

    return find


def _cloudwatch(watcher: Watcher, world: World) -> CloudWatch:
    source = watcher.source
    access = Access(
        region=source.region or "",
        access=variable_of(source.access or ""),
        secret=variable_of(source.secret or ""),
        endpoint=source.url,
        trust=str(watcher.trust) if watcher.trust else None,
        private=watcher.private,
    )
    return CloudWatch(access, redactor=world.redactor, environ=watcher.secrets)
