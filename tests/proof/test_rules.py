"""Every rule's own proof is executed, and proven able to fail."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from verify.judge.proof import ProofError, prove
from verify.judge.registry import Registry
from verify.judge.rule import Rule
from verify.model.finding import Finding, Nothing, Seen, Unknown
from verify.reference.faults import FAULTS

REGISTRY = Registry(("verify.rules",))
RULES = {rule.id: rule for rule in REGISTRY.all()}
#: what no rule speaks of yet; a rule that does needs no change here
AWAITED = {"debug-on", "metrics-missing"}


def live(rule: Rule) -> bool:
    return any(rule.live(proof.stated) for proof in rule.holds)


@pytest.fixture(params=sorted(RULES))
def rule(request: pytest.FixtureRequest) -> Rule:
    return RULES[str(request.param)]


def test_proofs_show_what_they_claim(rule: Rule) -> None:
    assert prove(rule) == len(rule.holds) + len(rule.fails) >= 2


@pytest.mark.parametrize("blunt", [Seen("all is well"), Unknown("cannot see"), Nothing("no subject")])
def test_a_check_that_cannot_fail_is_caught(rule: Rule, blunt: Seen | Unknown | Nothing) -> None:
    def check(**_: object) -> Iterator[Seen | Unknown | Nothing]:
        yield blunt

    with pytest.raises(ProofError, match=rule.id):
        prove(replace(rule, check=check))


def test_a_check_that_is_silent_is_caught(rule: Rule) -> None:
    def check(**_: object) -> Iterator[Seen]:
        yield from ()

    with pytest.raises(ProofError, match=r"HOLDS\[0\] came out"):
        prove(replace(rule, check=check))


def test_a_check_that_always_fails_is_caught(rule: Rule) -> None:
    def check(**_: object) -> Iterator[Finding]:
        yield Finding("here", "always")

    with pytest.raises(ProofError, match=r"HOLDS\[0\] came out violated"):
        prove(replace(rule, check=check))


def test_a_check_that_raises_is_caught(rule: Rule) -> None:
    def check(**_: object) -> Iterator[Seen]:
        raise ZeroDivisionError
        yield

    with pytest.raises(ProofError, match="inconclusive"):
        prove(replace(rule, check=check))


def test_a_live_rule_has_a_fault_and_a_file_rule_none(rule: Rule) -> None:
    assert bool(rule.about.faults) == live(rule)


def test_its_faults_exist(rule: Rule) -> None:
    assert set(rule.about.faults) <= set(FAULTS)
    assert len(set(rule.about.faults)) == len(rule.about.faults)


def test_every_fault_of_the_reference_is_spoken_of_or_awaited() -> None:
    spoken = {fault for rule in RULES.values() for fault in rule.about.faults}
    assert set(FAULTS) - spoken <= AWAITED <= set(FAULTS)


def test_a_mark_on_another_line_is_caught(rule: Rule) -> None:
    marked = [proof for proof in rule.fails if any("# finding" in text for text in proof.files.values())]
    for proof in marked:
        moved = {name: "\n" + text.replace("# finding", "") for name, text in proof.files.items()}
        moved = {name: f"# a comment  # finding{text}" for name, text in moved.items()}
        with pytest.raises(ProofError, match="marked are"):
            prove(replace(rule, fails=(replace(proof, files=moved),)))


def test_a_proof_with_a_fact_that_nobody_asks_for_is_caught(rule: Rule) -> None:
    proof = replace(rule.fails[0], facts={**rule.fails[0].facts, "moonphase": 1})
    with pytest.raises(ProofError, match="moonphase"):
        prove(replace(rule, fails=(proof,)))


def test_file_rules_mark_their_lines() -> None:
    unmarked = [
        rule.id
        for rule in RULES.values()
        if rule.file_argument is not None
        and not any("# finding" in text for proof in rule.fails for text in proof.files.values())
    ]
    assert unmarked == []
