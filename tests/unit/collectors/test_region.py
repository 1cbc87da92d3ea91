"""The failover of leather_api, run as it is stated: against regions on loopback, a stand-in for `aws`."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from verify.collectors.recovery import collect
from verify.contract.load import load
from verify.facts.http import Exchange
from verify.facts.recovery_drill import Recover, Recovery
from verify.judge.registry import Registry
from verify.judge.verdict import Check, judge
from verify.model.need import Unseen
from verify.model.units import seconds
from verify.model.verdict import Outcome

LEATHER = Path(__file__).parents[3] / "systems" / "leather_api"
RULE = Registry(("verify.rules",)).get("recovery/within")
assert RULE.params is not None
STATED = RULE.params(drill="region", within=seconds(7200))
NEED = Recover(drill="region", within=seconds(7200))
#: notes what it is asked; a region that lost its tasks is down until the name leads elsewhere
AWS = """#!/bin/sh
echo "${AWS_DEFAULT_REGION:-home} $*" >>"$(dirname "$0")/calls"
case "$*" in
*'--desired-count 0'*) touch "$(dirname "$0")/lost" ;;
*route53*) rm "$(dirname "$0")/lost" ;;
*promote*) exit PROMOTED ;;
esac
"""


@pytest.fixture
def drilled(world: Any, serve: Any, reply: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the drill of leather_api's contract where ``aws`` ends as given; return the fact and the calls."""

    def run(promoted: int = 0, *, recover: float = 20) -> tuple[Any, list[str]]:
        programs = tmp_path / "programs"
        programs.mkdir()
        (programs / "aws").write_text(AWS.replace("PROMOTED", str(promoted)))
        (programs / "aws").chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
        shutil.copytree(LEATHER / "scripts", tmp_path / "scripts")
        system = serve(lambda _: reply(status=503 if (programs / "lost").exists() else 200))
        here = world(system.url)
        stated = load((LEATHER / "verify.yaml").read_bytes(), "verify.yaml").contract.drills["region"]
        drills = {"region": stated.model_copy(update={"endpoint": "health"})}
        object.__setattr__(here, "contract", here.contract.model_copy(update={"drills": drills}))
        need = Recover(drill="region", within=seconds(recover))
        ((_, fact),) = collect((need,), here)
        return fact, (programs / "calls").read_text().splitlines()

    return run


def test_the_standby_takes_over_in_this_order(drilled: Any) -> None:
    fact, calls = drilled()
    assert isinstance(fact, Recovery), fact
    assert (fact.recovered, [step.returncode for step in fact.steps]) == (True, [0, 0])
    assert isinstance(fact.during, Exchange)
    assert fact.during.status == 503
    made = [" ".join(call.split()[:3]) for call in calls if not call.startswith(" ")]
    assert made[:6] == [
        "home ecs update-service",
        "us-west-2 rds promote-read-replica",
        "us-west-2 rds wait",
        "us-west-2 ecs update-service",
        "us-west-2 ecs wait",
        "us-west-2 route53 change-resource-record-sets",
    ]
    assert judge(Check(rule=RULE, stated=STATED), {NEED: fact}).outcome is Outcome.HOLDS


def test_without_a_standby_nothing_comes_back(drilled: Any) -> None:
    """As the document leaves it: its one region has no replica elsewhere."""
    fact, calls = drilled(promoted=254, recover=1)
    assert (fact.recovered, fact.steps[-1].returncode) == (False, 254)
    assert len(calls) == 2
    judgement = judge(Check(rule=RULE, stated=STATED), {NEED: fact})
    assert judgement.outcome is Outcome.VIOLATED
    assert [finding.message for finding in judgement.findings] == ["the system did not come back"]


def test_a_region_that_is_not_there_cannot_be_lost(world: Any, serve: Any, reply: Any) -> None:
    """Without a `cause:` nothing is broken, and nothing is said to hold."""
    more = "drills:\n  region: {after: region-lost, recover: scripts/failover.sh, endpoint: health}\n"
    here = world(serve({"/health": reply()}).url, more=more)
    ((_, fact),) = collect((NEED,), here)
    assert isinstance(fact, Unseen)
    assert "state `cause:`, which makes region-lost happen here" in fact.reason
