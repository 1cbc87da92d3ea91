"""What an earlier run wrote down is read as it was meant, and what was damaged is named."""

import json
from pathlib import Path

import pytest

from verify.collectors.record import collect
from verify.collectors.world import World
from verify.contract.load import load
from verify.facts.backup import Outcome, Restore, RoundTrip, Step
from verify.facts.files import ParseError
from verify.facts.record import Record, Records, Success, read
from verify.judge.registry import Registry
from verify.judge.verdict import Check, judge
from verify.model.need import Need, Unseen
from verify.model.place import Place
from verify.model.units import Duration
from verify.model.verdict import Judgement, Standing, Verdict
from verify.model.verdict import Outcome as Came
from verify.report import metrics, verdict_json
from verify.run.record import Row, Run

TRIP = RoundTrip(backup="nightly", outcome=Outcome.EQUAL, steps=(Step(stage="take", argv=("pg_dump",)),))
AT = 1767225600.0 + 12.0
DONE = {"at": AT, "system": "shop", "environment": "staging"}
DAYS, AGES = Duration(31 * 86_400), Duration(1e9)
CONTRACT = """verify: 1
system: shop
environments: {reference: {reference: {}}}
backups: {nightly: {engine: postgresql, store: backups}}
claims:
  X-1: {says: nothing, at: here, unverifiable: people}
"""


def run(*, outcome: Came = Came.HOLDS, rule: str = "backup/restores", evidence: str = "") -> Run:
    judged = Judgement(rule=rule, severity="error", outcome=outcome)
    verdict = Verdict(claim="S-1", suite="backup", outcome=outcome, judgements=(judged,))
    row = Row(
        claim="S-1", says="", at="", place=Place("verify.yaml"), suite="backup", standing=Standing.SELECTED,
        verdict=verdict,
    )  # fmt: skip
    return Run(
        id="1", version="1", system="shop", contract="verify.yaml", digest="0" * 64, environment="staging",
        url="", protection="disposable", started=1767225600.0, seconds=12.0, requests=0, interrupted=False,
        rows=(row,), evidence=evidence, answers={Restore(backup="nightly"): TRIP},
    )  # fmt: skip


def test_metrics_of_a_run() -> None:
    found = read("a.prom", metrics.render(run()), 5.0)
    assert found == Records(
        path="a.prom", at=5.0, kind="metrics", successes=(Success(name="nightly", **DONE),)
    )


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({}, 1),
        ({"outcome": Came.VIOLATED}, 0),
        ({"outcome": Came.INCONCLUSIVE}, 0),
        ({"rule": "backup/fresh"}, 0),
        ({"evidence": "run 0 of yesterday"}, 0),
    ],
)
def test_a_verdict_of_a_run(changes: dict[str, object], count: int) -> None:
    found = read("v.json", verdict_json.render(run(**changes)), 5.0)
    assert (found.kind, found.successes) == ("verdict", (Success(name="S-1", **DONE),) * count)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a:1:1: `# EOF` is missing"),
        ("# TYPE x gauge\nx 1\n", "a:3:1: `# EOF` is missing"),
        ("x 1\nx{ 2\n# EOF\n", "a:2:1: "),
        ('{"run": 1,\n  oops}', "a:2:3: no JSON"),
        ("{}", "a:1:1: expected the verdict.json of a run: KeyError: 'run'"),
        (json.dumps({"run": []}), "a:1:1: expected the verdict.json of a run"),
    ],
)
def test_what_is_damaged_is_named(text: str, says: str) -> None:
    with pytest.raises(ParseError) as raised:
        read("a", text, 0.0)
    assert str(raised.value).startswith(says)


@pytest.fixture
def world(tmp_path: Path) -> World:
    contract = load(CONTRACT.encode(), "verify.yaml").contract
    return World(contract=contract, root=tmp_path, run_id="record-test", credentials={})


def came_out(world: World, **stated: object) -> Judgement:
    rule = Registry(("verify.rules",)).get("backup/drilled")
    check = Check(rule=rule, stated=rule.params(backup="nightly", **stated))
    answers: dict[Need, object] = dict(collect(tuple(check.needs), world))
    return judge(check, answers)


def test_never_drilled_drilled_too_long_ago_and_in_time(world: World) -> None:
    never = came_out(world, within=DAYS)
    assert (never.outcome, never.findings[0].seen) == (Came.VIOLATED, "no such file")
    (world.root / "reports").mkdir()
    (world.root / "reports" / "backup.prom").write_text(metrics.render(run()))
    assert came_out(world, within=DAYS).outcome is Came.VIOLATED  # it was in January
    (world.root / "new.prom").write_text(metrics.render(run()))
    assert came_out(world, within=AGES, record="new.prom").outcome is Came.HOLDS


def test_a_file_that_cannot_be_read_is_inconclusive(world: World) -> None:
    for data, says in (
        (b"\xff", "a: byte 0 is not UTF-8"),
        (b"x 1", "a:1:1: `# EOF` is missing: the file was cut: expected backup.prom"),
    ):
        (world.root / "a").write_bytes(data)
        ((_, fact),) = collect((Record(path="a"),), world)
        assert isinstance(fact, Unseen)
        assert says in fact.reason
    (world.root / "a").unlink()
    (world.root / "a").symlink_to("/etc/hostname")
    ((_, fact),) = collect((Record(path="a"),), world)
    assert isinstance(fact, Unseen)


def test_a_verdict_needs_the_claim(world: World) -> None:
    (world.root / "v.json").write_text(verdict_json.render(run()))
    assert came_out(world, within=AGES, record="v.json").outcome is Came.INCONCLUSIVE
    assert came_out(world, within=AGES, record="v.json", claim="S-1").outcome is Came.HOLDS
