"""Repeats the blockers of a green gate every interval, until the time or the error budget is used up."""

import importlib
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from verify.collectors.once import Once
from verify.collectors.world import Collector, Watching, World, in_turn
from verify.effects.errors import EffectError
from verify.facts.http import Get
from verify.facts.readiness import Ready
from verify.facts.watch import Watch, Watched
from verify.judge.verdict import Check, judge
from verify.model.need import Need
from verify.model.units import seconds
from verify.model.verdict import Judgement, Outcome

MOST_EXAMPLES = 5
TELL_EVERY = 10.0  # seconds between two lines of progress
BAD = frozenset({Outcome.VIOLATED, Outcome.INCONCLUSIVE})


@dataclass(kw_only=True)
class _Vigil:
    """The state of one watch."""

    world: World
    watching: Watching
    started: float = field(default_factory=time.monotonic)
    told: float = 0.0
    rounds: int = 0
    #: moments of the plan that had passed before the round before them ended
    skipped: int = 0
    judged: int = 0
    failed: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def needs(self) -> frozenset[Need]:
        """Return what each round asks."""
        return frozenset(need for check in self.watching.checks for need in check.needs)

    @property
    def allowed(self) -> float:
        """Return how many failures the budget allows over the rounds that the whole time has room for."""
        planned = self.watching.duration / self.watching.interval + 1 - self.skipped
        return self.watching.budget * max(planned, self.rounds) * len(self.watching.checks)


def collect(needs: tuple[Watch, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield how the watch ended."""
    yield from in_turn(_see, needs, world)


def _see(_need: Watch, world: World) -> Watched:
    watching = world.watching
    if watching is None:
        raise EffectError("nothing was to be watched: give --watch")
    if not watching.checks:
        raise EffectError("this run judges no blocker that only reads: select more claims to watch")
    vigil = _Vigil(world=world, watching=watching)
    pause, stopped = threading.Event(), ""
    while not (stopped := _short(vigil)):
        _round(vigil)
        due = _due(vigil)
        if vigil.failed > vigil.allowed or due > vigil.started + watching.duration:
            break
        pause.wait(max(0.0, due - time.monotonic()))
    _tell(vigil, "ended")
    return Watched(
        rounds=vigil.rounds,
        judged=vigil.judged,
        failed=vigil.failed,
        planned=watching.duration,
        took=seconds(time.monotonic() - vigil.started),
        spent=vigil.failed > vigil.allowed,
        stopped=stopped,
        rules=tuple(sorted({check.rule.id for check in watching.checks})),
        examples=tuple(vigil.examples),
    )


def _due(vigil: _Vigil) -> float:
    """Return when the next round is due; moments that have passed are skipped, not caught up with."""
    interval = vigil.watching.interval
    elapsed = time.monotonic() - vigil.started
    moment = max(vigil.rounds + vigil.skipped, math.ceil(elapsed / interval))
    vigil.skipped = moment - vigil.rounds
    return vigil.started + moment * interval


def _short(vigil: _Vigil) -> str:
    """Return why one more round may not be asked: what protection refuses is no failure of the system."""
    budget = vigil.world.wire.policy.budget
    # what is no single request may need a second one: readiness its version, a handshake its reason
    planned = sum(1 if need.kind == Get.kind else 2 for need in vigil.needs)
    if budget is None or vigil.world.wire.sent + planned <= budget:
        return ""
    return f"the environment's budget of {budget} requests is used up after {vigil.rounds} rounds"


def _round(vigil: _Vigil) -> None:
    kinds: dict[str, list[Need]] = {}
    for need in vigil.needs:
        kinds.setdefault(need.kind, []).append(need)
    answers: dict[Need, object] = {}
    world = replace(vigil.world, once=Once())
    # readiness first: its answer is also that of whoever asks the same endpoint
    for kind in sorted(kinds, key=lambda kind: (kind != Ready.kind, kind)):
        collector: Collector = importlib.import_module(f"verify.collectors.{kind}").collect
        group = sorted((need for need in kinds[kind] if need not in answers), key=repr)
        answers.update(collector(tuple(group), world))
    vigil.rounds += 1
    for check in vigil.watching.checks:
        judgement = judge(check, answers)
        vigil.judged += 1
        if judgement.outcome in BAD:
            vigil.failed += 1
            vigil.examples += [_words(vigil, check, judgement)] * (len(vigil.examples) < MOST_EXAMPLES)
    if time.monotonic() - vigil.told >= TELL_EVERY:
        _tell(vigil, "watching")


def _tell(vigil: _Vigil, word: str) -> None:
    vigil.told = time.monotonic()
    vigil.watching.progress(
        f"{word}: {vigil.told - vigil.started:.0f}s of {vigil.watching.duration}, {vigil.rounds} rounds, "
        f"{vigil.failed} of {vigil.judged} checks failed"
    )


def _words(vigil: _Vigil, check: Check, judgement: Judgement) -> str:
    after = seconds(round(time.monotonic() - vigil.started, 1))
    if judgement.findings:
        finding = judgement.findings[0]
        return f"{check.rule.id} after {after}: {finding.at}: {finding.message}, seen {finding.seen}"
    return f"{check.rule.id} after {after}: {judgement.unknowns[0].reason}"
