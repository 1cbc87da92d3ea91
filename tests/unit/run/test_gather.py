"""Every need is asked once and answered once, whatever its collector does."""

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest

from verify.collectors.world import World
from verify.contract.load import load
from verify.facts.http import Exchange
from verify.facts.readiness import Readiness, Ready
from verify.model.need import Effect, Need, Unseen
from verify.run.gather import gather

CONTRACT = b"verify: 1\nsystem: s\ndocument: d.md\nenvironments: {test: {url: 'https://a.example'}}\n"
FACT = Exchange(status=200)


@dataclass(frozen=True)
class Reading(Need):
    kind: ClassVar[str] = "sample"
    answer: ClassVar[type] = Exchange
    name: str = "a"


@dataclass(frozen=True)
class Other(Reading):
    kind: ClassVar[str] = "other"


@dataclass(frozen=True)
class Early(Reading):
    kind: ClassVar[str] = "early"
    after_ready: ClassVar[bool] = False


@dataclass(frozen=True)
class Consuming(Reading):
    kind: ClassVar[str] = "sample"
    effect: ClassVar[Effect] = Effect.CONSUMES


@dataclass(frozen=True)
class Destroying(Reading):
    kind: ClassVar[str] = "sample"
    effect: ClassVar[Effect] = Effect.DESTROYS


@dataclass(frozen=True)
class OfFiles(Reading):
    kind: ClassVar[str] = "sample"
    live: ClassVar[bool] = False


@dataclass(frozen=True)
class Telling(Destroying):
    kind: ClassVar[str] = "telling"
    tells_more: ClassVar[bool] = True


Collect = Callable[[tuple[Need, ...], World], Iterator[tuple[Need, object]]]


def answering(needs: tuple[Need, ...], _: World) -> Iterator[tuple[Need, object]]:
    yield from ((need, FACT) for need in needs)


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Collect], None]:
    """Put a collector of a kind in place."""

    def put(kind: str, collect: Collect) -> None:
        module = ModuleType(f"verify.collectors.{kind}")
        module.collect = collect  # type: ignore[attr-defined] # what a collector is
        monkeypatch.setitem(sys.modules, module.__name__, module)

    def ready(needs: tuple[Need, ...], _: World) -> Iterator[tuple[Need, object]]:
        yield from ((need, Readiness(ready=True)) for need in needs)

    put("readiness", ready)
    for kind in ("sample", "other", "early"):
        put(kind, answering)
    return put


@pytest.fixture
def world(tmp_path: Path) -> World:
    contract = load(CONTRACT, "verify.yaml").contract
    return World(contract=contract, root=tmp_path, run_id="test", url="https://a.example", credentials={})


def gathered(world: World, *needs: Need) -> dict[Need, Any]:
    answers: dict[Need, Any] = {}
    gather(needs, world, answers, lambda _: None)
    return answers


def test_what_another_answer_tells_is_not_asked_for(offer: Callable[..., None], world: World) -> None:
    asked: list[Need] = []

    def telling(needs: tuple[Need, ...], _: World) -> Iterator[tuple[Need, object]]:
        for need in needs:
            yield need, FACT
            yield Destroying("told"), FACT

    def counting(needs: tuple[Need, ...], _: World) -> Iterator[tuple[Need, object]]:
        asked.extend(needs)
        yield from ((need, FACT) for need in needs)

    offer("telling", telling)
    offer("sample", counting)
    answers = gathered(world, Destroying("told"), Destroying("other"), Telling())
    assert asked == [Destroying("other")]
    assert answers[Destroying("told")] is FACT
    gathered(world, Destroying("told"), Telling())  # then there is nothing left to ask
    assert asked == [Destroying("other")]


def test_equal_needs_are_asked_once(offer: Callable[..., None], world: World) -> None:
    asked: list[Need] = []

    def counting(needs: tuple[Need, ...], _: World) -> Iterator[tuple[Need, object]]:
        asked.extend(needs)
        yield from ((need, FACT) for need in needs)

    offer("sample", counting)
    answers = gathered(world, Reading("a"), Reading("a"), Reading("b"), Reading("a"))
    assert sorted(need.name for need in asked if isinstance(need, Reading)) == ["a", "b"]
    assert answers[Reading("a")] is FACT
    assert set(answers) == {Reading("a"), Reading("b"), Ready()}


def test_files_alone_wait_for_nothing(offer: Callable[..., None], world: World) -> None:
    def never(*_: object) -> Iterator[tuple[Need, object]]:
        raise AssertionError("nobody needs it")
        yield  # type: ignore[unreachable] # makes it a generator

    offer("readiness", never)
    assert gathered(world, OfFiles()) == {OfFiles(): FACT}


def test_a_collector_that_raises(offer: Callable[..., None], world: World) -> None:
    def raising(needs: tuple[Need, ...], _: World) -> Iterator[tuple[Need, object]]:
        yield needs[0], FACT
        raise ZeroDivisionError("by accident")

    offer("sample", raising)
    answers = gathered(world, Reading("a"), Reading("b"), Other())
    assert answers[Reading("a")] is FACT
    assert answers[Reading("b")] == Unseen("collector sample failed: ZeroDivisionError: by accident")
    assert answers[Other()] is FACT


def test_a_collector_that_says_nothing(offer: Callable[..., None], world: World) -> None:
    offer("sample", lambda *_: iter(()))
    assert gathered(world, Reading())[Reading()] == Unseen("collector sample gave no answer")


def test_a_collector_whose_parts_are_not_installed(
    offer: Callable[..., None], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(offer)
    monkeypatch.setitem(sys.modules, "verify.collectors.sample", None)
    unseen = gathered(world, Reading())[Reading()]
    assert isinstance(unseen, Unseen)
    assert "ModuleNotFoundError" in unseen.reason
    assert "pip install" in unseen.reason


def test_a_readiness_that_fails_to_answer(offer: Callable[..., None], world: World) -> None:
    offer("readiness", lambda *_: iter(()))
    answers = gathered(world, Reading(), Early(), OfFiles())
    assert answers[Reading()].reason.startswith("the environment is not ready: collector readiness")
    assert answers[Early()] is FACT
    assert answers[OfFiles()] is FACT


def test_one_reason_where_it_is_not_ready(offer: Callable[..., None], world: World) -> None:
    needs = (Reading(), Consuming(), Destroying(), Other())

    def not_ready(asked: tuple[Need, ...], _: World) -> Iterator[tuple[Need, object]]:
        yield asked[0], Readiness(ready=False, reason="last answer 503")
        yield Reading("seen"), FACT

    offer("readiness", not_ready)
    answers = gathered(world, *needs, Early(), Reading("seen"))
    assert {answers[need].reason for need in needs} == {"the environment is not ready: last answer 503"}
    assert answers[Early()] is FACT
    assert answers[Reading("seen")] is FACT  # what readiness has seen is not asked again


def test_phases_come_one_after_the_other_and_destruction_in_the_main_thread(
    offer: Callable[..., None], world: World
) -> None:
    order: list[tuple[Effect, bool]] = []

    def noting(needs: tuple[Need, ...], _: World) -> Iterator[tuple[Need, object]]:
        main = threading.current_thread() is threading.main_thread()
        order.extend((need.effect, main) for need in needs)
        yield from ((need, FACT) for need in needs)

    offer("sample", noting)
    gathered(world, Destroying(), Consuming(), Reading(), Destroying("b"))
    assert [effect for effect, _ in order] == sorted(effect for effect, _ in order)
    assert dict(order) == {
        Effect.READS: False,
        Effect.CONSUMES: False,
        Effect.DESTROYS: True,
    }


def test_an_interrupt_keeps_what_came_before(offer: Callable[..., None], world: World) -> None:
    def interrupted(needs: tuple[Need, ...], _: World) -> Iterator[tuple[Need, object]]:
        yield needs[0], FACT
        raise KeyboardInterrupt

    offer("sample", interrupted)
    for need in (Reading(), Consuming(), Destroying()):
        answers: dict[Need, object] = {}
        with pytest.raises(KeyboardInterrupt):
            gather((need, type(need)("b")), world, answers, lambda _: None)
        assert len({need, type(need)("b")} & answers.keys()) == 1


def test_progress_is_told(offer: Callable[..., None], world: World) -> None:
    assert callable(offer)
    told: list[str] = []
    gather((Reading(), Consuming()), world, {}, told.append)
    assert told == ["waiting until https://a.example is ready", "reads: 1 needs", "consumes: 1 needs"]
