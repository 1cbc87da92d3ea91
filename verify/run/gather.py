"""Asks every need once, in phases: readiness, reads, consumes, destroys."""

import importlib
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from verify.collectors.world import Collector, World
from verify.facts.readiness import Readiness, Ready
from verify.model.need import Effect, Need, Unseen

Answers = dict[Need, object]
Progress = Callable[[str], None]
#: seconds between two looks for a signal
LOOK = 0.2


def gather(needs: Iterable[Need], world: World, answers: Answers, progress: Progress) -> None:
    """Put an answer for each need into ``answers``, which keeps what came before an interrupt."""
    wanted = frozenset(needs)
    if any(need.live and (need.after_ready or isinstance(need, Ready)) for need in wanted):
        progress(f"waiting until {world.url} is ready")
        _ask((Ready(),), world, answers)
        _rule_out(wanted, answers)
    for effect in Effect:
        phase = [need for need in wanted if need.effect is effect and need not in answers]
        if phase:
            progress(f"{effect.label}: {len(phase)} needs")
            _phase(effect, phase, world, answers)


def follow(needs: Iterable[Need], world: World, answers: Answers, progress: Progress) -> None:
    """Ask what comes after everything else, in the main thread: an interrupt reaches it."""
    for need in sorted(needs, key=repr):
        if need not in answers:
            progress(f"{need.kind}: {world.url}")
            _ask((need,), world, answers)


def _rule_out(wanted: frozenset[Need], answers: Answers) -> None:
    """Without readiness, what depends on it is unseen: one reason instead of many failures."""
    ready = answers[Ready()]
    if isinstance(ready, Readiness) and ready.ready:
        return
    reason = ready.reason if isinstance(ready, Readiness | Unseen) else "unknown"
    for need in wanted:
        if need.live and need.after_ready and need not in answers:
            answers[need] = Unseen(f"the environment is not ready: {reason}")


def _phase(effect: Effect, needs: list[Need], world: World, answers: Answers) -> None:
    kinds: dict[str, list[Need]] = {}
    for need in needs:
        kinds.setdefault(need.kind, []).append(need)
    # what stops a part of the system comes last, so that nothing else meets it
    ordered = sorted(kinds.items(), key=lambda item: _turn(item[1]))
    groups = [tuple(sorted(group, key=repr)) for _, group in ordered]
    if effect is Effect.DESTROYS:
        # in the main thread: an interrupt must reach the clean-up inside the collector
        for group in groups:
            if left := tuple(need for need in group if need not in answers):
                _ask(left, world, answers)
        return
    pool = ThreadPoolExecutor(len(groups) if effect is Effect.READS else 1, thread_name_prefix="collect")
    try:
        pending = {pool.submit(_ask, group, world, answers) for group in groups}
        while pending:
            # never without a timeout: a signal just before the thread falls asleep would wake nobody
            done, pending = wait(pending, LOOK, FIRST_COMPLETED)
            for each in done:
                each.result()
    except BaseException:
        world.stopping.set()
        for transport in world.transports:
            transport.close()  # wakes every thread that waits for an answer
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _turn(needs: list[Need]) -> tuple[bool, bool, bool, str]:
    """Return what puts a kind into its place among others."""
    first = needs[0]
    return first.closing, first.breaking, not _tells(needs), first.kind


def _tells(needs: Iterable[Need]) -> bool:
    return any(need.tells_more for need in needs)


def _ask(needs: tuple[Need, ...], world: World, answers: Answers) -> None:
    """Ask one kind; whatever its collector raises or leaves out is unseen."""
    kind = needs[0].kind
    reason = f"collector {kind} gave no answer"
    try:
        for need, fact in _collector(kind)(needs, world):
            answers[need] = fact
    except Exception as error:  # noqa: BLE001 - the border to collectors: what one raises is unseen, never green
        reason = f"collector {kind} failed: {type(error).__name__}: {error}"
        if isinstance(error, ModuleNotFoundError):
            reason += ': pip install "pytest-deploy-verify[all]"'
    for need in needs:
        answers.setdefault(need, Unseen(reason))


def _collector(kind: str) -> Collector:
    module = importlib.import_module(f"verify.collectors.{kind}")
    collect: Collector = module.collect
    return collect
