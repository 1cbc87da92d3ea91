"""What must not look better than it is."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from verify.contract import EndpointSpec
from verify.contract.errors import ContractError
from verify.facts.exposure import Probed
from verify.facts.flow import Stride
from verify.facts.http import Exchange
from verify.judge.proof import answers
from verify.judge.registry import Registry
from verify.judge.verdict import Check, conclude, judge
from verify.model.finding import Unknown
from verify.model.need import Unseen
from verify.model.place import Place
from verify.model.rule import given
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
    (contract.parent / "compose.yml").write_text("services: {web: {image: app:1}}\n")
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


def _holds_answers(fact: Any) -> bool:
    if isinstance(fact, tuple):
        return any(map(_holds_answers, fact))
    if isinstance(fact, Exchange | Probed | Stride):
        return True
    return dataclasses.is_dataclass(fact) and any(
        _holds_answers(getattr(fact, field.name)) for field in dataclasses.fields(fact)
    )


#: rules whose promise is that the system answers at all: a 503 breaks it, and readiness is waited for
ABOUT_ANSWERING = {
    *("recovery/within", "monitoring/answers"),
    *("endpoint/answers", "flow/works", "health/anonymous", "health/dependencies", "health/outage"),
    *("health/status", "logs/events", "openapi/served", "worker/canary"),
}
LOOKING = [
    (rule.id, status)
    for rule in Registry(("verify.rules",)).all()
    for status in (429, 503)
    if any(_holds_answers(fact) for proof in rule.holds for fact in proof.facts.values())
    and rule.family != "readiness"
    and not (status == 503 and rule.id in ABOUT_ANSWERING)
    and not (status == 429 and rule.id == "quota/counted")  # which states it
]


def test_whatever_rule_looks_at_answers_is_among_them() -> None:
    assert {"host/refused", "spa/fallback", "openapi/conforms", "headers/value", "logs/json"} <= {
        rule_id for rule_id, _ in LOOKING
    }


@pytest.mark.parametrize(("rule_id", "status"), LOOKING)
def test_an_answer_of_somebody_in_front_shows_nothing(rule_id: str, status: int) -> None:
    rule = Registry().get(rule_id)
    for proof in rule.holds:
        facts = {name: _in_front(fact, status) for name, fact in proof.facts.items()}
        seen = answers(rule, dataclasses.replace(proof, facts=facts))
        judgement = judge(Check(rule=rule, stated=proof.stated), seen)
        assert (judgement.outcome, judgement.findings) == (Outcome.INCONCLUSIVE, ())
        assert all("refused" in unknown.reason for unknown in judgement.unknowns)


def _in_front(fact: Any, status: int) -> Any:
    if isinstance(fact, tuple):
        return tuple(_in_front(one, status) for one in fact)
    if isinstance(fact, Exchange):
        return dataclasses.replace(fact, status=status, body=b"", headers=())
    if isinstance(fact, Probed):
        return dataclasses.replace(fact, status=status, shown="")
    if isinstance(fact, Stride):
        return dataclasses.replace(fact, status=status, problems=(f"status {status}",))
    if not dataclasses.is_dataclass(fact) or isinstance(fact, type):
        return fact
    changed = {field.name: _in_front(getattr(fact, field.name), status) for field in dataclasses.fields(fact)}
    return dataclasses.replace(fact, **changed)


def test_what_is_stated_is_judged_whoever_answered() -> None:
    rule = Registry().get("host/refused")
    assert rule.params is not None
    foreign, own = Exchange(status=503), Exchange(status=200)
    proof = given(rule.params(status=(503,)), refused=foreign, served=(), spoofed=own)  # type: ignore[call-arg] # its own
    seen = answers(rule, proof)
    assert judge(Check(rule=rule, stated=proof.stated), seen).outcome is Outcome.HOLDS
    maintained = EndpointSpec(path="/", expect=(503,))
    rule = Registry().get("migrations/applied")
    assert rule.params is not None
    stated = rule.params(endpoint=maintained, member="n", equals=0)  # type: ignore[call-arg] # its own
    proof = given(stated, answer=Exchange(status=503, body=b'{"n": 0}'))
    assert judge(Check(rule=rule, stated=proof.stated), answers(rule, proof)).outcome is Outcome.HOLDS


def test_a_webhook_whose_state_nobody_tells_is_unclear() -> None:
    rule = Registry().get("webhook/signed")
    calls: Any = next(proof for proof in rule.holds if proof.facts["calls"].signed.state).facts["calls"]
    silent = dataclasses.replace(calls.unsigned, state=Exchange(status=503))
    seen = given(rule.holds[0].stated, calls=dataclasses.replace(calls, unsigned=silent))
    judgement = judge(Check(rule=rule, stated=seen.stated), answers(rule, seen))
    assert (judgement.outcome, judgement.findings) == (Outcome.INCONCLUSIVE, ())


def test_secrets_that_a_limit_kept_out_prove_nothing() -> None:
    rule = Registry().get("logs/secret")
    facts = {"leaks": dataclasses.replace(rule.holds[0].facts["leaks"], refused=("a limit refused it",))}  # type: ignore[type-var] # a fact is a dataclass
    seen = answers(rule, dataclasses.replace(rule.holds[0], facts=facts))
    assert judge(Check(rule=rule, stated=rule.holds[0].stated), seen).outcome is Outcome.INCONCLUSIVE


def test_what_was_never_seen_is_the_one_reason() -> None:
    rule = Registry().get("headers/present")
    assert rule.params is not None
    stated = rule.params(headers=("X-A",), on=("/health/", "/"))  # type: ignore[call-arg] # its own
    first, second = rule.needs(stated)["answers"]
    seen = {first: Exchange(status=503), second: Unseen("the environment is not ready: last answer 503")}
    judgement = judge(Check(rule=rule, stated=stated), seen)
    assert [unknown.reason for unknown in judgement.unknowns] == [
        "the environment is not ready: last answer 503"
    ]
