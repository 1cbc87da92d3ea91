"""Walks stated flows, one after the other, and always cleans up behind itself.

Each clean-up request is in the journal before anything else is sent, so that
``deploy-verify clean`` can send it after a KILL.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from verify.collectors.signing import signature
from verify.collectors.world import World, in_turn
from verify.contract.flow import RUN_ID, Flow, Step
from verify.effects.errors import EffectError
from verify.effects.journal import Entry
from verify.effects.transport import Request
from verify.facts.body import compare
from verify.facts.flow import Stride, Walk, WalkThrough
from verify.facts.headers import seconds_of
from verify.facts.http import Exchange, Headers, PartError
from verify.model.need import Need

_PLACEHOLDER = re.compile(r"\{([^{}/]*)\}")
_INDEX = re.compile(r"\[(\d+)\]")
_JSON = ("Content-Type", "application/json")
#: seconds that a clean-up waits for a limit, at most (an interrupted run has little more) and at least
PATIENCE, LEAST = 5.0, 0.5
#: values that would lead a path elsewhere
_DOTS = frozenset({"", ".", ".."})


class _MissingError(LookupError):
    """A step needs the name ``name``, which no earlier answer gave."""

    def __init__(self, name: str, message: str = "") -> None:
        """Say what is missing."""
        super().__init__(message or name)
        self.name = name


@dataclass(kw_only=True)
class _Journey:
    """The state of one walk: names saved, strides taken, clean-up promised in the journal."""

    name: str
    world: World
    saved: dict[str, str]
    headers: Headers = ()
    strides: list[Stride] = field(default_factory=list)
    promised: dict[int, Entry] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    stopped: str = ""
    #: names that an answer should have given -> the request that may have created what they name
    nameless: dict[str, str] = field(default_factory=dict)


def collect(needs: tuple[WalkThrough, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each walk."""
    yield from in_turn(_see, needs, world)


def _see(need: WalkThrough, world: World) -> Walk:
    return walk(need.flow, world)


def walk(name: str, world: World, headers: Headers = ()) -> Walk:
    """Walk the flow ``name``; each request also carries ``headers``."""
    flow = world.contract.flows[name]
    journey = _Journey(name=name, world=world, saved={RUN_ID: world.run_id}, headers=headers)
    try:
        _forward(journey, flow)
    finally:
        _clean_up(journey, flow)
    return Walk(flow=name, strides=tuple(journey.strides), left=tuple(journey.left), stopped=journey.stopped)


def _forward(journey: _Journey, flow: Flow) -> None:
    _promise(journey, flow)
    for step in flow.steps:
        if step.always:
            continue
        try:
            stride, answer = _take(journey, step)
            problems = (*stride.problems, *_save(journey, step, answer))
        except _MissingError as error:
            journey.stopped = str(error)
            return
        except (EffectError, PartError) as error:
            journey.stopped = str(error)
            if step.method == "POST" and step.save:
                journey.stopped += "; what it may have created cannot be named, so it is not removed"
            return
        journey.strides.append(replace(stride, problems=problems))
        _promise(journey, flow)
        if journey.strides[-1].problems:
            return


def _clean_up(journey: _Journey, flow: Flow) -> None:
    """Send each clean-up step that can be filled; what cannot be removed is named."""
    for index, step in enumerate(flow.steps):
        if not step.always:
            continue
        try:
            stride = _insist(journey, step)
        except _MissingError as error:
            maker = journey.nameless.get(error.name)
            if maker is not None:
                journey.left.append(f"{maker}: its answer does not name what it created")
            elif error.name in journey.saved:
                journey.left.append(f"{step.method} {step.path}: {error.name} cannot stand in a path")
            continue  # else nothing was created that this step would remove
        except (EffectError, PartError) as error:
            journey.left.append(f"{step.method} {_path(step, journey.saved)}: {error}")
            continue
        journey.strides.append(stride)
        if stride.problems:
            journey.left.append(stride.request)
        elif index in journey.promised:
            journey.promised[index].gone()


def _insist(journey: _Journey, step: Step) -> Stride:
    """Take a clean-up step, again where a limit refused it and says to come back soon."""
    until = time.monotonic() + PATIENCE
    while True:
        stride, answer = _take(journey, step)
        wait = seconds_of(answer.header("Retry-After"))
        if not stride.refusal or wait is None or time.monotonic() + wait > until:
            return stride
        if journey.world.stopping.wait(max(wait, LEAST)):
            return stride


def _promise(journey: _Journey, flow: Flow) -> None:
    """Put each clean-up request into the journal as soon as it can be written down."""
    environment = journey.world.environment
    embedded = environment is not None and environment.reference is not None  # its data goes with it
    if journey.world.journal is None or embedded or not journey.world.wire.policy.destructive:
        return  # what may not be sent creates nothing either
    for index, step in enumerate(flow.steps):
        if not step.always or index in journey.promised:
            continue
        try:
            path = _path(step, journey.saved)
        except _MissingError:
            continue
        account = journey.world.contract.accounts[step.account] if step.account else None
        journey.promised[index] = journey.world.journal.plan(
            "http-resource",
            url=journey.world.url + path,
            method=step.method,
            trust=str(journey.world.trust) if journey.world.trust else None,
            private=journey.world.wire.policy.private,
            # the name of the variable, never its value
            account=account.model_dump(mode="json", by_alias=True) if account else None,
        )


def _take(journey: _Journey, step: Step) -> tuple[Stride, Exchange]:
    path = _path(step, journey.saved)
    headers = [*journey.world.headers(step.account), *journey.headers]
    body = None
    if step.json_ is not None:
        headers.append(_JSON)
        body = json.dumps(_fill(step.json_, journey.saved)).encode()
    if step.webhook is not None:
        headers.append(signature(journey.world, step.webhook, body or b""))
    request = Request(method=step.method, url=journey.world.url + path, headers=tuple(headers), body=body)
    answer = journey.world.wire.send(request)
    stride = Stride(
        request=answer.place,
        status=answer.status,
        expected=" or ".join(map(str, step.expect)),
        problems=tuple(_problems(step, answer, journey.saved)),
        cleanup=step.always,
    )
    return stride, answer


def _problems(step: Step, answer: Exchange, saved: Mapping[str, str]) -> Iterator[str]:
    if answer.status not in step.expect:
        yield f"status {answer.status}"
        return
    if step.answer is not None:
        try:
            body = answer.json()
        except ValueError as error:
            yield f"the answer is not JSON: {error}"
            return
        for message, stated, seen in compare(body, _fill(dict(step.answer), saved), ""):
            yield f"{message}: stated {stated}, seen {seen}"


def _save(journey: _Journey, step: Step, answer: Exchange) -> Iterator[str]:
    """Keep what later steps need; yield a problem for each name that a good answer does not give."""
    for name, path in step.save.items():
        try:
            value = _at(answer.json(), path)
        except PartError:
            if answer.status in step.expect:
                raise  # else there was nothing to save
            continue
        except (ValueError, _MissingError):
            if answer.status in step.expect:
                journey.nameless[name] = answer.place
                yield f"the answer has no {path}, which {{{name}}} is saved from"
            continue
        journey.saved[name] = str(value)


def _at(body: object, path: str) -> object:
    for part in _INDEX.sub(r".\1", path).split(".")[1:]:
        if isinstance(body, dict) and part in body:
            body = body[part]
        elif isinstance(body, list) and part.isdigit() and int(part) < len(body):
            body = body[int(part)]
        else:
            raise _MissingError(path)
    if isinstance(body, dict | list) or body is None:
        raise _MissingError(path)
    return body


def _filled(text: str, saved: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] not in saved:
            raise _MissingError(found[1], f"{found[0]} was not in any earlier answer")
        return saved[found[1]]

    return _PLACEHOLDER.sub(value, text)


def _path(step: Step, saved: Mapping[str, str]) -> str:
    """Fill a step's path; what an answer gave stays one segment, whatever it holds."""
    safe = {name: quote(value, safe="") for name, value in saved.items() if value not in _DOTS}
    return _filled(step.path, safe)


def _fill(value: Any, saved: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _filled(value, saved)
    if isinstance(value, Mapping):
        return {key: _fill(child, saved) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_fill(child, saved) for child in value]
    return value
