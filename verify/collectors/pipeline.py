"""Asks GitHub's REST API what the newest runs of workflows took."""

import functools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote

from verify.collectors.world import Forge, World, in_turn
from verify.effects.errors import EffectError
from verify.effects.transport import Request
from verify.facts.http import LIMITED, Exchange
from verify.facts.pipeline import Durations, Runs, job_in, jobs_in, runs_in
from verify.model.need import Need
from verify.model.units import Duration

Read = TypeVar("Read")
#: as its documentation asks of clients
_HEADERS = (("Accept", "application/vnd.github+json"), ("X-GitHub-Api-Version", "2022-11-28"))
#: jobs of one run that one answer lists
_JOBS = 100


def collect(needs: tuple[Durations, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield what the runs of each workflow took."""
    ask = functools.cache(functools.partial(_asked, world.forge, world.deadline))  # several jobs, one list
    yield from in_turn(functools.partial(_see, ask=ask), needs, world)


def _see(need: Durations, world: World, *, ask: Callable[[str], Exchange]) -> Runs:
    words = (world.forge.repository if world.forge else "", need.workflow, need.job)
    query = f"status=success&per_page={need.newest}&exclude_pull_requests=true"
    listed = ask(f"workflows/{quote(need.workflow, safe='')}/runs?{query}")
    ran, again = _read(listed, runs_in)
    names: tuple[str, ...] = ()
    looked = len(ran) + again
    if need.job:
        every, ran = ran, []
        for each in every:
            answer = ask(f"runs/{each.id}/jobs?per_page={_JOBS}")
            names = names or _read(answer, jobs_in)
            took = _read(answer, functools.partial(job_in, name=need.job, run=each.id))
            ran += [] if took is None else [took]
    place = " ".join(word for word in words if word)
    return Runs(place=place, ran=tuple(ran), looked=looked, again=again, jobs=names)


def _asked(forge: Forge | None, deadline: Duration, path: str) -> Exchange:
    """Return the answer to one question about Actions; raise ``EffectError`` for one that tells nothing."""
    if forge is None:
        raise EffectError("expected `pipeline:` in the contract, which names the repository")
    url = f"{forge.url}/repos/{forge.repository}/actions/{path}"
    request = Request(url=url, headers=(*_HEADERS, *forge.headers))
    answer = forge.transport.send(request, deadline=deadline)
    if answer.status != HTTPStatus.OK:
        raise EffectError(f"{answer.place} answered {answer.status}: {_because(answer, forge)}")
    return answer


def _because(answer: Exchange, forge: Forge) -> str:
    """Return what an answer means that is none, and what to do."""
    token = forge.variable or "a token: state `token: $NAME` under `pipeline:`"
    spent = answer.header("X-RateLimit-Remaining") == "0" or answer.header("Retry-After") is not None
    if answer.status == LIMITED or (answer.status == HTTPStatus.FORBIDDEN and spent):
        return f"its limit of requests is used up{_until(answer)}"
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return f"it does not know who asks: check {token}"
    if answer.status == HTTPStatus.FORBIDDEN:
        return f"who asks may not read Actions there: check {token}"
    if answer.status == HTTPStatus.NOT_FOUND:
        return f"there is no such repository or workflow, or who asks may not see it: check {token}"
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        return "the repository has moved: state `repository:` as it is called now"
    return "expected 200"


def _until(answer: Exchange) -> str:
    reset, after = answer.header("X-RateLimit-Reset") or "", answer.header("Retry-After") or ""
    if after.isdecimal():
        return f" for {after} s"
    if reset.isdecimal():
        return f" until {datetime.fromtimestamp(min(int(reset), 2**32), UTC):%F %T}Z"
    return ""


def _read(answer: Exchange, read: Callable[[object], Read]) -> Read:
    """Return what ``read`` finds in an answer; raise ``EffectError`` where it is another than documented."""
    try:
        return read(answer.json())
    except ValueError as error:
        raise EffectError(f"{answer.place}: not as GitHub documents it: {error}") from error
