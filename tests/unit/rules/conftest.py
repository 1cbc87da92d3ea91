"""Judges one rule on facts made up by a test."""

from collections.abc import Callable
from typing import Any

import pytest

from verify.judge.proof import answers
from verify.judge.registry import Registry
from verify.judge.verdict import Check, judge
from verify.model.rule import given
from verify.model.verdict import Judgement, Outcome

REGISTRY = Registry(("verify.rules",))


def judged(rule_id: str, stated: dict[str, Any], **facts: object) -> Judgement:
    rule = REGISTRY.get(rule_id)
    assert rule.params is not None
    proof = given(rule.params(**stated), **facts)
    judgement = judge(Check(rule=rule, stated=proof.stated), answers(rule, proof))
    assert not [one.reason for one in judgement.unknowns if one.reason.startswith(f"rule {rule_id} failed")]
    return judgement


@pytest.fixture(scope="session")
def said() -> Callable[..., tuple[str, ...]]:
    """The messages of the findings in order; ``?`` alone where the rule says that it cannot tell."""

    def messages(rule_id: str, stated: dict[str, Any], **facts: object) -> tuple[str, ...]:
        judgement = judged(rule_id, stated, **facts)
        if judgement.outcome is Outcome.INCONCLUSIVE:
            reasons = [unknown.reason for unknown in judgement.unknowns]
            return ("?",) if not any("nothing to judge" in reason for reason in reasons) else ("silent",)
        assert (judgement.outcome is Outcome.HOLDS) == (not judgement.findings)
        return tuple(finding.message for finding in judgement.findings)

    return messages


@pytest.fixture(scope="session")
def findings() -> Callable[..., list[tuple[str, str, str]]]:
    """Message, stated and seen of each finding."""

    def each(rule_id: str, stated: dict[str, Any], **facts: object) -> list[tuple[str, str, str]]:
        found = judged(rule_id, stated, **facts).findings
        return [(one.message, one.stated, one.seen) for one in found]

    return each


@pytest.fixture(scope="session")
def shown() -> Callable[..., list[str]]:
    """What was seen, and why it was not enough, as reports write it."""

    def lines(rule_id: str, stated: dict[str, Any], **facts: object) -> list[str]:
        judgement = judged(rule_id, stated, **facts)
        return [*map(str, judgement.seen), *(unknown.reason for unknown in judgement.unknowns)]

    return lines
