"""The edges of the rules about the gate as a whole, about workflows, and about snapshots that restore."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from verify.facts.backup import Outcome as Came
from verify.facts.backup import RoundTrip, Step
from verify.facts.gate import Gate, Told
from verify.facts.pipeline import Ran, Runs
from verify.judge.registry import Registry
from verify.model.verdict import Outcome
from verify.rules import BackupSpec, NamedBackup, ReferenceSpec, seconds
from verify.rules.gate.green import shown

Said = Callable[..., tuple[str, ...]]
REGISTRY = Registry(("verify.rules",))


def gate(*outcomes: Outcome, **more: Any) -> Gate:
    told = tuple(Told(claim=f"C{number}", outcome=one, why="because") for number, one in enumerate(outcomes))
    return Gate(suite="smoke", claims=told, **more)


HELD, BAD, OPEN = Outcome.HOLDS, Outcome.VIOLATED, Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (gate(HELD), ()),
        (gate(HELD, Outcome.WAIVED, Outcome.NOT_APPLICABLE, elsewhere=("E",)), ()),
        (gate(), ("?",)),
        (gate(Outcome.WAIVED), ("?",)),
        (gate(elsewhere=("E",)), ("?",)),
        (gate(HELD, OPEN), ("?",)),
        (gate(OPEN), ("?",)),
        (gate(HELD, left_out=("L",)), ("?",)),
        (gate(BAD), ("a claim of the gate is violated",)),
        (gate(BAD, OPEN, BAD, left_out=("L",)), ("a claim of the gate is violated",) * 2),
    ],
)
def test_when_a_gate_is_green(said: Said, seen: Gate, expected: tuple[str, ...]) -> None:
    assert said("gate/green", {}, gate=seen) == expected


def test_names_are_bounded() -> None:
    assert shown(("A", "B")) == "A, B"
    assert shown(tuple("ABCDEFG")) == "A, B, C, D, E and 2 more"


def runs(*minutes: float) -> Runs:
    ran = tuple(Ran(id=number, at=0.0, took=seconds(60 * one)) for number, one in enumerate(minutes))
    return Runs(place="shop/api deploy.yml", ran=ran, looked=len(ran))


@pytest.mark.parametrize(
    ("seen", "by", "expected"),
    [
        (runs(10), "slowest", ()),
        (runs(1, 10.01), "slowest", ("the slowest run takes too long",)),
        (runs(1, 10, 99), "median", ()),
        (runs(1, 11, 12), "median", ("the median run takes too long",)),
        (runs(9, 12), "median", ("the median run takes too long",)),
        (runs(9, 11), "median", ()),
        (runs(), "median", ("?",)),
    ],
)
def test_how_long_workflows_take(said: Said, seen: Runs, by: str, expected: tuple[str, ...]) -> None:
    stated = {"workflow": "deploy.yml", "within": seconds(600), "by": by}
    assert said("pipeline/duration", stated, runs=seen) == expected


@pytest.mark.parametrize("wrong", [{"runs": 0}, {"runs": 31}, {"by": "mean"}, {"workflow": ""}])
def test_what_cannot_be_looked_at_is_refused(wrong: dict[str, Any]) -> None:
    rule = REGISTRY.get("pipeline/duration")
    stated = {"workflow": "deploy.yml", "within": "10m"}
    rule.validator.validate_python(stated)
    with pytest.raises(ValidationError):
        rule.validator.validate_python(stated | wrong)


def test_where_there_is_a_pipeline_to_slow_down() -> None:
    rule = REGISTRY.get("pipeline/duration")
    stated = rule.holds[0].stated
    assert rule.breaks("pipeline-slow", stated, ReferenceSpec(pipeline="/github/"))
    assert not rule.breaks("pipeline-slow", stated, ReferenceSpec())


FETCHED, RESTORED = (Step(stage=stage, argv=(stage,)) for stage in ("fetch", "restore"))
TRIP = RoundTrip(backup="database", outcome=Came.UNPROVABLE, steps=(FETCHED, RESTORED), reason="why")


@pytest.mark.parametrize(
    ("engine", "trip", "expected"),
    [
        ("snapshot", TRIP, ()),
        ("snapshot", replace(TRIP, outcome=Came.EQUAL), ()),
        ("snapshot", replace(TRIP, steps=(FETCHED,)), ("?",)),
        ("snapshot", replace(TRIP, steps=(FETCHED, replace(RESTORED, returncode=1))), ("?",)),
        ("snapshot", replace(TRIP, outcome=Came.NOT_RESTORABLE), ("the snapshot does not restore",)),
        ("postgresql", replace(TRIP, outcome=Came.EQUAL), ("?",)),
    ],
)
def test_when_a_snapshot_restores(
    said: Said, engine: str, trip: RoundTrip, expected: tuple[str, ...]
) -> None:
    instance = {"instance": "app"} if engine == "snapshot" else {}
    stated = {"backup": NamedBackup("database", BackupSpec.model_validate({"engine": engine, **instance}))}
    assert said("backup/snapshot-restores", stated, trip=trip) == expected
    rule = REGISTRY.get("backup/snapshot-restores")
    assert rule.params is not None
    broken = rule.breaks("snapshots-unusable", rule.params(**stated), ReferenceSpec())
    assert broken == (engine == "snapshot")
