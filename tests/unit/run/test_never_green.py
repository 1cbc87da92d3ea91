"""What must not look better than it is."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from verify.contract.errors import ContractError
from verify.facts.http import Exchange
from verify.judge.proof import answers
from verify.judge.registry import Registry
from verify.judge.verdict import Check, conclude, judge
from verify.model.finding import Unknown
from verify.model.place import Place
from verify.model.verdict import Decision, Judgement, Outcome, Verdict, Waiver, decide
from verify.run.options import Options, UsageError
from verify.run.session import Session, prepare

IN_FORCE = Waiver(
    claim="C-1",
    until="2999-12-31",
    owner="ops",
    reason="not yet",
    expired=False,
    place=Place("verify.yaml", 9),
)
ENDED = dataclasses.replace(IN_FORCE, until="2020-01-01", expired=True)
VIOLATED = Judgement(rule="a/b", severity="error", outcome=Outcome.VIOLATED)
UNSEEN = Judgement(
    rule="a/c", severity="error", outcome=Outcome.INCONCLUSIVE, unknowns=(Unknown("no answer"),)
)
HOLDS = Judgement(rule="a/d", severity="error", outcome=Outcome.HOLDS)


def test_a_waiver_accepts_what_is_violated() -> None:
    assert conclude("C-1", "smoke", [VIOLATED, HOLDS], IN_FORCE).outcome is Outcome.WAIVED
    assert conclude("C-1", "smoke", [VIOLATED, HOLDS], ENDED).outcome is Outcome.VIOLATED


def test_a_waiver_does_not_accept_what_is_unknown() -> None:
    assert conclude("C-1", "smoke", [VIOLATED, UNSEEN], IN_FORCE).outcome is Outcome.INCONCLUSIVE
    half = dataclasses.replace(VIOLATED, unknowns=(Unknown("the other page"),))
    assert conclude("C-1", "smoke", [half], IN_FORCE).outcome is Outcome.INCONCLUSIVE


def test_a_waiver_is_stale_where_no_suite_needs_it() -> None:
    holds = Verdict(claim="C-1", suite="policy", outcome=Outcome.HOLDS, waiver=IN_FORCE)
    waived = Verdict(claim="C-1", suite="smoke", outcome=Outcome.WAIVED, waiver=IN_FORCE)
    assert decide([holds]) is Decision.HOLD
    assert decide([holds, waived]) is Decision.PROMOTE


POLICY = """
verify: 1
system: s
baseline: none
files: [compose.yml]
environments:
  staging: {url: 'https://staging.example.com'}
claims:
  C-1: {says: a, at: A, severity: blocker, rule: compose/privileged}
  C-2: {says: b, at: A, rule: compose/services, with: {services: [web]}}
"""


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    (tmp_path / "verify.yaml").write_text(POLICY)
    (tmp_path / "compose.yml").write_text("services: {web: {privileged: true}}\n")
    return tmp_path / "verify.yaml"


def judged(contract: Path, *ids: str, options: Options | None = None) -> Session:
    session = Session(prepare(contract, options or Options(suites=("policy",))))
    try:
        session.open(ids)
        session.judge()
    finally:
        session.close()
    return session


def test_a_claims_own_severity_counts(contract: Path) -> None:
    run = judged(contract, "policy::C-1", "policy::C-2").run()
    assert run.decision is Decision.ROLL_BACK


def test_a_part_never_promotes(contract: Path) -> None:
    part = judged(contract, "policy::C-2").run()
    assert part.partial
    assert part.decision is Decision.HOLD
    chosen = judged(contract, "policy::C-2", options=Options(suites=("policy",), claims=("C-2",))).run()
    assert chosen.decision is Decision.HOLD


def test_evidence_never_promotes(contract: Path) -> None:
    (contract.parent / "compose.yml").write_text("services: {web: {}}\n")
    session = judged(contract, "policy::C-1", "policy::C-2")
    assert session.run().decision is Decision.PROMOTE
    assert session.run(evidence="run 1 of yesterday").decision is Decision.HOLD


def test_a_version_cannot_be_expected_where_none_is_read(contract: Path) -> None:
    with pytest.raises(UsageError, match="does not say where its `version:` is read"):
        prepare(contract, Options(environment="staging", expect_version="2"))


@pytest.mark.parametrize(
    ("rule", "stated"),
    [
        ("compose/services", "services: []"),
        ("headers/present", "headers: [], on: [/]"),
        ("headers/present", "headers: [Server], on: []"),
        ("health/dependencies", "endpoint: health, dependencies: []"),
        ("metrics/families", "endpoint: health, families: []"),
        ("access/anonymous-refused", "endpoints: []"),
    ],
)
def test_nothing_cannot_be_stated(tmp_path: Path, rule: str, stated: str) -> None:
    file = tmp_path / "verify.yaml"
    file.write_text(
        "verify: 1\nsystem: s\nbaseline: none\nendpoints: {health: {path: /health/}}\n"
        f"claims:\n  C-1: {{says: a, at: A, rule: {rule}, with: {{{stated}}}}}\n"
    )
    with pytest.raises(ContractError, match="at least one entry"):
        prepare(file, Options())


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    "rule_id", ["exposure/paths", "exposure/listing", "exposure/banner", "debug/pages", "redirect/open"]
)
def test_an_answer_of_somebody_in_front_shows_nothing(rule_id: str, status: int) -> None:
    rule = Registry().get(rule_id)
    for proof in rule.holds:
        facts = {name: _in_front(fact, status) for name, fact in proof.facts.items()}
        seen = answers(rule, dataclasses.replace(proof, facts=facts))
        assert judge(Check(rule=rule, stated=proof.stated), seen).outcome is Outcome.INCONCLUSIVE


def _in_front(fact: Any, status: int) -> Any:
    if isinstance(fact, tuple):
        return tuple(_in_front(one, status) for one in fact)
    nothing = {"body": b"", "headers": ()} if isinstance(fact, Exchange) else {"shown": ""}
    return dataclasses.replace(fact, status=status, **nothing)
