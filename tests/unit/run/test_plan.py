"""What is judged, what may not be judged here, and why."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from verify.contract.load import load
from verify.judge.binding import bind
from verify.judge.registry import Registry
from verify.model.need import Effect
from verify.model.verdict import Standing
from verify.run.options import Options, UsageError
from verify.run.plan import Entry, Plan, plan
from verify.run.suites import all_suites

REGISTRY = Registry(("verify.rules",))
CONTRACT = """verify: 1
system: sample
document: d.md
baseline: none
environments:
  test: {url: 'https://test.example', protection: disposable, gate: [smoke, policy]}
  prod: {url: 'https://prod.example', gate: [smoke]}
  reference: {reference: {}}
endpoints:
  health: {path: /health}
flows:
  order: {steps: [{get: /}]}
claims:
  READ: {says: s, at: a, rule: tls/chain}
  BURST: {says: s, at: a, rule: rate-limit/under, with: {endpoint: health, rate: 10/s}}
  FLOW: {says: s, at: a, rule: flow/works, with: {flow: order}}
  FILE: {says: s, at: a, rule: compose/privileged}
  MIXED:
    says: s
    at: a
    checks: [{rule: tls/chain}, {rule: compose/privileged}, {rule: tls/floor, environments: [prod]}]
  PEOPLE: {says: s, at: a, unverifiable: people}
  BARE: {says: s, at: a}
waivers:
  - {claim: READ, until: 2030-06-30, owner: ops, reason: later}
  - {claim: FILE, until: 2030-06-30, environment: prod, owner: ops, reason: later}
"""
TODAY = dt.date(2030, 6, 30)


def planned(text: str = CONTRACT, **options: Any) -> Plan:
    loaded = load(text.encode(), "verify.yaml")
    settings = Options(**{"today": TODAY, **options})
    return plan(loaded, bind(loaded, REGISTRY), all_suites(), settings)


def standing(found: Plan) -> dict[str, Standing]:
    return {entry.id: entry.standing for entry in found.entries}


def selected(found: Plan) -> set[str]:
    return {entry.id for entry in found.selected}


def entry_of(found: Plan, name: str) -> Entry:
    entry = found.find(name)
    assert entry is not None
    return entry


def test_every_standing() -> None:
    assert standing(planned(environment="test")) == {
        "smoke::READ": Standing.SELECTED,
        "smoke::BURST": Standing.SELECTED,
        "smoke::FLOW": Standing.NOT_JUDGED_HERE,
        "smoke::MIXED": Standing.SELECTED,
        "policy::FILE": Standing.SELECTED,
        "policy::MIXED": Standing.SELECTED,
        "::PEOPLE": Standing.UNVERIFIABLE,
        "::BARE": Standing.WITHOUT_CHECK,
    }


def test_production_is_read_only() -> None:
    found = planned(environment="prod")
    assert selected(found) == {"smoke::READ", "smoke::MIXED"}
    assert entry_of(found, "smoke::BURST").reason == "it consumes, and prod is not `protection: disposable`"
    assert entry_of(found, "smoke::FLOW").standing is Standing.NOT_JUDGED_HERE
    assert entry_of(found, "policy::FILE").standing is Standing.NOT_SELECTED


def test_destruction_is_allowed_by_name_besides() -> None:
    found = planned(environment="test")
    assert entry_of(found, "smoke::FLOW").reason == "it destroys: give --allow-destructive=test"
    allowed = planned(environment="test", allow_destructive="test")
    assert "smoke::FLOW" in selected(allowed)


def test_the_reference_needs_no_permission() -> None:
    assert {"smoke::FLOW", "smoke::BURST"} <= selected(planned(environment="reference"))


def test_without_an_environment_only_files_are_judged() -> None:
    found = planned()
    assert selected(found) == {"policy::FILE", "policy::MIXED"}
    assert entry_of(found, "smoke::READ").reason == "it needs an environment: give --env"


def test_what_a_check_leaves_out_is_shown() -> None:
    mixed = entry_of(planned(environment="test"), "smoke::MIXED")
    assert mixed.left_out == ("tls/floor was not run: it is stated for prod only",)
    assert [check.rule.id for check in mixed.checks] == ["tls/chain"]
    assert len(entry_of(planned(environment="prod"), "smoke::MIXED").checks) == 2


def test_a_suite_that_does_not_allow_an_effect() -> None:
    loaded = load(CONTRACT.encode(), "verify.yaml")
    suites = [replace(suite, effects=Effect.READS) for suite in all_suites()]
    found = plan(loaded, bind(loaded, REGISTRY), suites, Options(environment="reference", today=TODAY))
    assert entry_of(found, "smoke::BURST").reason == "it consumes, which suite smoke does not allow"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"suites": ("policy",)}, {"policy::FILE", "policy::MIXED"}),
        ({"suites": ("smoke", "policy"), "claims": ("MIXED",)}, {"smoke::MIXED", "policy::MIXED"}),
        ({"claims": ("FILE",)}, {"policy::FILE"}),
        ({"suites": ("load",)}, set()),
    ],
)
def test_what_is_asked_for_is_selected(options: dict[str, Any], expected: set[str]) -> None:
    assert selected(planned(environment="prod", **options)) == expected


def test_everything_unknown_is_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        planned(environment="tset", suites=("smok",), claims=("REED",), allow_destructive="x")
    text = str(caught.value)
    for words in ("environment 'tset'", "'test'", "suite 'smok'", "'smoke'", "claim 'REED'", "READ"):
        assert words in text
    assert "must repeat the name given to --env" in text


def test_production_cannot_be_destroyed_by_an_option() -> None:
    with pytest.raises(UsageError, match="prod is not `protection: disposable`"):
        planned(environment="prod", allow_destructive="prod")
    with pytest.raises(UsageError, match="not given"):
        planned(allow_destructive="test")


def test_waivers() -> None:
    found = planned(environment="test")
    waiver = entry_of(found, "smoke::READ").waiver
    assert waiver is not None
    assert (waiver.expired, waiver.owner, waiver.until) == (False, "ops", "2030-06-30")
    assert entry_of(found, "policy::FILE").waiver is None  # that one is for another environment
    later = entry_of(planned(environment="test", today=dt.date(2030, 7, 1)), "smoke::READ").waiver
    assert later is not None
    assert later.expired
    assert entry_of(planned(environment="test", waivers=False), "smoke::READ").waiver is None
    prod = planned(environment="prod", suites=("policy",))
    assert entry_of(prod, "policy::FILE").waiver is not None


@pytest.mark.parametrize("order", [1, -1])
def test_the_waiver_of_the_environment_counts(order: int) -> None:
    listed = [
        "{claim: READ, until: 2029-01-01, owner: ops, reason: for all}",
        "{claim: READ, until: 2030-06-30, environment: test, owner: ops, reason: for this}",
    ]
    text = (
        CONTRACT.partition("waivers:")[0] + "waivers:\n" + "".join(f"  - {one}\n" for one in listed[::order])
    )
    waiver = entry_of(planned(text, environment="test"), "smoke::READ").waiver
    assert waiver is not None
    assert (waiver.reason, waiver.expired) == ("for this", False)
    other = entry_of(planned(text, environment="prod"), "smoke::READ").waiver
    assert other is not None
    assert (other.reason, other.expired) == ("for all", True)


def test_what_of_the_gate_is_not_asked_for() -> None:
    assert planned(environment="test").unasked == ()
    assert planned(environment="test", suites=("smoke",)).unasked == (
        "suite policy of the gate was not asked for",
    )
    assert planned(environment="prod", suites=("smoke",)).unasked == ()
    assert planned(suites=("policy",)).unasked == ()
    assert planned(claims=("READ", "FILE")).unasked == ("only READ, FILE was asked for",)


def test_suites_come_in_their_order() -> None:
    found = planned(environment="test")
    assert [suite.order for suite in found.suites] == sorted(suite.order for suite in found.suites)
    assert found.find("smoke::NOTHING") is None
