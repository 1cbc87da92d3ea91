"""The suites that ship: each with a question, an order of its own, and nothing that nobody acts upon."""

from dataclasses import fields

import pytest

from verify.model.need import Effect
from verify.model.suite import Suite
from verify.run.suites import all_suites


def test_the_suites_in_the_order_of_a_run() -> None:
    suites = all_suites()
    assert [suite.name for suite in suites] == ["policy", "smoke", "hardening", "alerts", "backup", "load"]
    assert len({suite.order for suite in suites}) == len(suites)
    assert all(suite.answers.endswith("?") for suite in suites)
    assert next(suite for suite in suites if suite.name == "policy").effects is Effect.READS


def test_what_must_hold_before_is_said_by_needs_alone() -> None:
    """A suite's word would be a second one: its needs differ in whether they wait for readiness."""
    assert {field.name for field in fields(Suite)} == {"name", "answers", "order", "effects"}
    with pytest.raises(TypeError, match="after"):
        Suite(name="x", answers="x?", order=9, effects=Effect.READS, after=("readiness",))  # type: ignore[call-arg]  # the point
