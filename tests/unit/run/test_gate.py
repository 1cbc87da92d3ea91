"""A suite summed up: what counts, what is only told, and what nothing may be said of."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from verify.facts.gate import Gate, Judged
from verify.facts.http import Exchange, Get
from verify.judge.registry import Registry
from verify.model.need import Need, Unseen
from verify.model.verdict import Decision, Outcome, Standing
from verify.run.gate import summed
from verify.run.options import Options
from verify.run.session import Session, prepare

REGISTRY = Registry(("verify.rules",))
CONTRACT = """verify: 1
system: sample
document: d.md
files: [compose.yml]
baseline: none
environments:
  test: {url: 'https://test.example', gate: [smoke]}
  other: {url: 'https://other.example'}
endpoints:
  a: {path: /a}
  b: {path: /b}
  c: {path: /c}
claims:
  A: {says: s, at: a, rule: endpoint/answers, with: {endpoint: a}}
  B: {says: s, at: a, rule: endpoint/answers, with: {endpoint: b}}
  ELSEWHERE: {says: s, at: a, checks: [{rule: tls/chain, environments: [other]}]}
  FILE: {says: s, at: a, rule: compose/restart-policy}
  GREEN: {says: s, at: a, rule: gate/green}
  MIXED: {says: s, at: a, checks: [{rule: gate/green}, {rule: endpoint/answers, with: {endpoint: c}}]}
  WATCHED: {says: s, at: a, rule: watch/error-budget, with: {for: 1s}}
waivers:
  - {claim: B, until: 2999-01-01, owner: ops, reason: not yet}
"""
WELL = {Get(path=f"/{name}"): Exchange(status=200) for name in "abc"}
GREEN = "smoke::GREEN"


@pytest.fixture(autouse=True)
def contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VERIFY_STATE_DIR", str(tmp_path / "state"))
    path = tmp_path / "verify.yaml"
    path.write_text(CONTRACT)
    return path


def judged(contract: Path, seen: dict[Need, object], only: str = "", **options: Any) -> Session:
    prepared = prepare(contract, Options(environment="test", **options), registry=REGISTRY)
    session = Session(prepared)
    session.select([entry.id for entry in prepared.plan.selected if not only or entry.id in only.split()])
    session.judge(seen)
    session.close()
    return session


def said(session: Session, name: str = GREEN) -> Iterator[str]:
    for judgement in session.verdicts[name].judgements:
        yield from (str(one) for one in (*judgement.findings, *judgement.unknowns, *judgement.seen))


def test_it_is_green_where_all_of_the_suite_holds(contract: Path) -> None:
    session = judged(contract, WELL)
    assert {verdict.outcome for verdict in session.verdicts.values()} == {Outcome.HOLDS}
    assert list(said(session)) == ["claims of suite smoke that hold (not judged here: ELSEWHERE) 3"]
    assert session.run().decision is Decision.HOLD  # B's waiver is stale, whatever the sum says


def test_what_is_waived_is_told_and_does_not_count(contract: Path) -> None:
    session = judged(contract, {**WELL, Get(path="/b"): Exchange(status=500)})
    assert session.verdicts["smoke::B"].outcome is Outcome.WAIVED
    assert session.verdicts[GREEN].outcome is Outcome.HOLDS
    assert "waived: B" in next(said(session))
    assert session.run().decision is Decision.PROMOTE


def test_each_claim_that_is_violated_is_named(contract: Path) -> None:
    bad = {**WELL, Get(path="/a"): Exchange(status=500), Get(path="/c"): Exchange(status=404)}
    session = judged(contract, bad)
    for name in (GREEN, "smoke::MIXED"):
        (summing,) = (one for one in session.verdicts[name].judgements if one.rule == "gate/green")
        assert [finding.at for finding in summing.findings] == ["smoke::A", "smoke::MIXED"]
        assert "seen 500" in summing.findings[0].seen


def test_what_could_not_be_seen_makes_it_unknown(contract: Path) -> None:
    session = judged(contract, {**WELL, Get(path="/a"): Unseen("nobody answered")})
    assert session.verdicts[GREEN].outcome is Outcome.INCONCLUSIVE
    assert any(
        "inconclusive in suite smoke: A; the first because: nobody answered" in one for one in said(session)
    )


@pytest.mark.parametrize(
    ("only", "options"),
    [
        ("smoke::A smoke::GREEN", {}),
        ("smoke::GREEN", {}),
        ("", {"claims": ("A", "GREEN")}),
        ("", {"claims": ("GREEN",)}),
    ],
)
def test_a_part_of_the_suite_shows_nothing(contract: Path, only: str, options: dict[str, Any]) -> None:
    session = judged(contract, WELL, only, **options)
    assert session.verdicts[GREEN].outcome is Outcome.INCONCLUSIVE
    assert any("run the whole suite smoke: this run leaves out" in one for one in said(session))
    assert session.run().decision is Decision.HOLD


def test_a_part_that_is_violated_shows_enough(contract: Path) -> None:
    bad = {**WELL, Get(path="/a"): Exchange(status=500)}
    assert judged(contract, bad, "smoke::A smoke::GREEN").verdicts[GREEN].outcome is Outcome.VIOLATED


def test_nothing_counts_itself(contract: Path) -> None:
    alone = CONTRACT.replace("endpoint/answers, with: {endpoint: a}", "gate/green").replace(
        "endpoint/answers, with: {endpoint: b}", "gate/green"
    )
    contract.write_text(
        alone.replace(
            "{rule: gate/green}, {rule: endpoint/answers, with: {endpoint: c}}", "{rule: gate/green}"
        )
    )
    session = judged(contract, WELL)
    outcomes = {name: verdict.outcome for name, verdict in session.verdicts.items()}
    assert set(outcomes) == {"smoke::A", "smoke::B", GREEN, "smoke::MIXED"}
    assert set(outcomes.values()) == {Outcome.INCONCLUSIVE}
    assert any("no other claim of suite smoke was judged" in one for one in said(session))


def test_another_suite_is_summed_up_where_it_is_judged(contract: Path) -> None:
    contract.write_text(
        CONTRACT.replace("rule: gate/green}\n", "rule: gate/green, with: {suite: policy}}\n", 1)
    )
    plan = prepare(contract, Options(environment="test"), registry=REGISTRY).plan
    entry = plan.find(GREEN)
    assert entry is not None
    assert entry.standing is Standing.NOT_JUDGED_HERE
    assert entry.reason == "it sums up suite policy: give --suite=policy too"
    session = judged(contract, WELL, suites=("smoke", "policy"))
    assert session.verdicts["policy::FILE"].outcome is Outcome.INCONCLUSIVE
    assert any("inconclusive in suite policy: FILE" in one for one in said(session))


def test_it_needs_an_environment(contract: Path) -> None:
    entry = prepare(contract, Options(), registry=REGISTRY).plan.find(GREEN)
    assert entry is not None
    assert entry.reason == "it needs an environment: give --env"


def test_it_is_no_evidence_and_comes_anew_from_what_is_judged_again(contract: Path) -> None:
    session = judged(contract, WELL)
    assert not any(need.sums for need in session.answers)
    again = judged(contract, {**session.answers, Get(path="/a"): Exchange(status=500)})
    assert again.verdicts[GREEN].outcome is Outcome.VIOLATED


def test_what_was_asked_for_is_answered_and_nothing_else(contract: Path) -> None:
    plan = prepare(contract, Options(environment="test"), registry=REGISTRY).plan
    assert summed(plan, ["smoke::A"], {}, {}) == {}
    (answer,) = summed(plan, [GREEN, "smoke::A"], {}, WELL).values()
    assert isinstance(answer, Gate)
    assert answer.named(Outcome.HOLDS) == ("A",)
    assert answer.left_out == ("B", "MIXED")
    assert Judged(suite="smoke").sums
