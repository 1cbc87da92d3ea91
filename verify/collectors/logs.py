"""Does something to a system, then reads in its log what was written of it."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

from verify.collectors.flow import walk
from verify.collectors.tail import Tail
from verify.collectors.world import World, in_turn
from verify.effects.errors import EffectError
from verify.effects.forms import forms
from verify.effects.transport import Request
from verify.facts.flow import WalkThrough
from verify.facts.http import Exchange, Headers, refusal_of
from verify.facts.logs import Leak, Leaks, Logged, Mark, Record, Recorded, parsed
from verify.model.need import Effect, Need
from verify.model.units import Duration

INTERVAL = 0.05  # seconds between two looks at the log
MOST_ODD = 3


def collect(needs: tuple[Mark | Leak | Record, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield what was logged, one need after the other: each looks at new lines only.

    A flow that was walked for its lines was walked for whoever asks for the walk alone, too.
    """
    for need, fact in in_turn(_see, needs, world):
        yield need, fact
        if isinstance(need, Record) and isinstance(fact, Recorded):
            yield WalkThrough(flow=need.flow), fact.walk


def _see(need: Mark | Leak | Record, world: World) -> object:
    tail = Tail.of(world)
    if isinstance(need, Mark):
        return _marked(need, world, tail)
    if isinstance(need, Leak):
        return _leaked(need, world, tail)
    return _recorded(need, world, tail)


def _marked(need: Mark, world: World, tail: Tail) -> Logged:
    given = world.marker()
    headers = world.headers(need.account)
    marked = _ask(world, need.path, (*headers, (need.header, given)))
    plain = _ask(world, need.path, headers)
    made = plain.header(need.header)
    wanted = [given, *([made] if made else [])]
    lines = _wait(tail, world, lambda seen: all(_naming(seen, each) for each in wanted), need.within)
    return Logged(
        given=given,
        marked=marked,
        lines=_naming(lines, given),
        plain=plain,
        made=made,
        plain_lines=_naming(lines, made) if made else (),
        odd=tuple([line for line in lines if parsed(line) is None][:MOST_ODD]),
    )


def _leaked(need: Leak, world: World, tail: Tail) -> Leaks:
    canaries = {place: f"canary{secrets.token_hex(12)}" for place in ("query", "header", "cookie", "body")}
    mark = (need.header, world.marker())
    asked = f"{need.path}{'&' if '?' in need.path else '?'}token={quote(canaries['query'])}"
    cookie = ("Cookie", f"sessionid={canaries['cookie']}")
    answers = [
        _ask(world, asked, (("Authorization", f"Bearer {canaries['header']}"), cookie, mark)),
        _ask(world, need.post, (mark,), f'{{"{need.member}": "{canaries["body"]}"}}'.encode()),
    ]
    text = "\n".join(_fenced(tail, world, need.header, need.within))
    paths = (need.path, need.post)
    said = "\n".join(answer.shown + "\n".join(value for _, value in answer.headers) for answer in answers)
    return Leaks(
        sent=tuple(canaries),
        logged=tuple(place for place, value in canaries.items() if _in(text, value)),
        answered=tuple(place for place, value in canaries.items() if _in(said, value)),
        refused=tuple(
            _silence(answer, f"{answer.method} {world.url}{path}")
            for answer, path in zip(answers, paths, strict=True)
            if answer.shows_nothing or answer.partial
        ),
        url=world.url + need.path,
    )


def _silence(answer: Exchange, asked: str) -> str:
    """Return why an answer does not tell what it repeats; its own address holds a secret."""
    if answer.shows_nothing:
        return refusal_of(asked, answer.status)
    return f"{asked}: not all of its body could be read, so what else it repeats is not known"


def _recorded(need: Record, world: World, tail: Tail) -> Recorded:
    walked = walk(need.flow, world, ((need.header, world.marker()),))
    lines = _fenced(tail, world, need.header, need.within)
    known = {name: _secret(name, value, world) for name, ((_, value), *_) in world.credentials.items()}
    text = "\n".join(lines)
    leaked = [name for name, value in (known | dict(world.keys)).items() if _in(text, value)]
    return Recorded(walk=walked, lines=lines, leaked=tuple(leaked))


def _secret(name: str, value: str, world: World) -> str:
    """Return what of an account's header is secret: all of its own header, what follows a scheme else."""
    return value if world.contract.accounts[name].header is not None else value.partition(" ")[2]


def _fenced(tail: Tail, world: World, header: str, within: Duration) -> tuple[str, ...]:
    """Return the lines up to that of one more request: what came before it was written before it.

    Its path names it as well as its header, so that it is found in whatever kind of line. Raise
    ``EffectError`` where it never shows: such a log proves nothing by what is not in it.
    """
    fence = world.marker()
    _ask(world, f"/{fence}", ((header, fence),))
    lines = _wait(tail, world, lambda lines: bool(_naming(lines, fence)), within)
    if not _naming(lines, fence):
        raise EffectError(
            f"the log shows no line of request {fence}, so what is not in it says nothing: "
            "log the path of each request, or name the right log under `logs:`"
        )
    return lines


def _wait(
    tail: Tail, world: World, good: Callable[[tuple[str, ...]], bool], within: Duration
) -> tuple[str, ...]:
    """Read on until ``good`` is content with the lines, or the time is up; return them all."""
    end = time.monotonic() + within
    while not good(lines := tail.lines()) and time.monotonic() < end:
        if world.stopping.wait(INTERVAL):
            raise EffectError("the run was broken off while a line of the log was waited for")
    return lines


def _ask(world: World, path: str, headers: Headers, body: bytes | None = None) -> Exchange:
    if body is None:
        return world.wire.send(Request(url=world.url + path, headers=headers))
    posted = (*headers, ("Content-Type", "application/json"))
    request = Request(method="POST", url=world.url + path, headers=posted, body=body)
    return world.wire.send(request, effect=Effect.DESTROYS)


def _naming(lines: Iterable[str], text: str) -> tuple[str, ...]:
    return tuple(line for line in lines if text in line)


def _in(text: str, value: str) -> bool:
    """Tell whether a value stands in ``text``, in any form that programs write it in."""
    return any(form in text for form in forms(value))
