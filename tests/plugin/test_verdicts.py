"""What each outcome does to its test, to the exit code and to the recommendation."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from verify.effects.redact import Redactor
from verify.model.finding import Finding, Unknown
from verify.model.verdict import Judgement, Outcome, Verdict
from verify.plugin.nodes import told

if TYPE_CHECKING:
    from tests.plugin.conftest import Shop, Site

Claims = Callable[..., dict[str, Any]]
FOREVER = "2999-12-31"


def waiver(claim: str, until: str = FOREVER, **more: str) -> dict[str, str]:
    return {"claim": claim, "until": until, "owner": "ops", "reason": "not yet", **more}


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "workers"])
def test_waivers(shop: "Shop", claim_of: Claims, arguments: tuple[str, ...]) -> None:
    broken = claim_of("endpoint/answers", endpoint="broken")
    shop.contract(
        {
            "W-WAIVED": broken,
            "W-EXPIRED": broken,
            "W-ELSEWHERE": broken,
            "W-NEEDLESS": claim_of("endpoint/answers", endpoint="products"),
            "W-UNSEEN": claim_of("tls/days-left"),
        },
        waivers=[
            waiver("W-WAIVED"),
            waiver("W-EXPIRED", "2020-01-01"),
            waiver("W-ELSEWHERE", environment="live"),
            waiver("W-NEEDLESS"),
            waiver("W-UNSEEN"),
        ],
    )
    ran = shop.pytest("--env=staging", "--suite=smoke", "--suite=hardening", *arguments)
    assert ran.code == 1, ran.text
    assert "4 failed, 3 passed, 1 xfailed" in ran.out, ran.text
    outcomes = {name.partition("::")[2]: outcome for name, outcome in shop.outcomes().items()}
    assert {name: outcome for name, outcome in outcomes.items() if name.startswith("W-")} == {
        "W-WAIVED": "waived",
        "W-EXPIRED": "violated",
        "W-ELSEWHERE": "violated",
        "W-NEEDLESS": "holds",
        "W-UNSEEN": "inconclusive",
    }
    assert "its waiver ended on 2020-01-01" in ran.out
    assert "XPASS(strict)" in ran.out
    assert shop.verdict()["decision"] == "hold"

    bare = shop.pytest("--env=staging", "--no-waivers", "--claim=W-WAIVED", "--claim=W-NEEDLESS", *arguments)
    assert "1 failed, 1 passed" in bare.out, bare.text
    assert shop.outcomes()["smoke::W-WAIVED"] == "violated"


def test_a_run_of_accepted_violations_only_is_not_green(shop: "Shop", claim_of: Claims) -> None:
    shop.contract({"SHOP-4": claim_of("endpoint/answers", endpoint="broken")}, waivers=[waiver("SHOP-4")])
    ran = shop.pytest("--env=staging")
    assert (ran.code, shop.verdict()["decision"]) == (0, "promote"), ran.text
    only = shop.pytest("--env=staging", "--claim=SHOP-4")
    assert (only.code, shop.verdict()["decision"]) == (1, "hold"), only.text


def test_inconclusive_fails_and_says_so(shop: "Shop", claim_of: Claims) -> None:
    unseen = claim_of("compose/restart-policy")
    shop.contract({"SHOP-4": unseen}, staging={"gate": ["smoke", "policy"]})
    ran = shop.pytest("--env=staging")
    assert ran.code == 1
    assert "inconclusive: SHOP-4" in ran.out
    assert "nothing to judge" in ran.out
    soft = shop.pytest("--env=staging", "--inconclusive=skip", "-rs")
    assert soft.code == 0, soft.text
    assert "3 passed, 1 skipped" in soft.out
    assert "inconclusive: SHOP-4" in soft.out
    assert shop.verdict()["decision"] == "hold"
    nothing = shop.pytest("--env=staging", "--inconclusive=skip", "--suite=policy")
    assert nothing.code == 1, "all skipped is not green"
    workers = shop.pytest("--env=staging", "--inconclusive=skip", "--suite=policy", "-n", "2")
    assert workers.code == 1, workers.text


def test_an_environment_that_is_not_ready_is_told_once(shop: "Shop", site: "Site") -> None:
    shop.contract(
        endpoints={"health": {"path": "/missing"}, "products": {"path": "/products"}},
        staging={"readiness": {"within": "500ms", "interval": "20ms"}},
    )
    ran = shop.pytest("--env=staging", "-q")
    assert ran.code == 1
    assert shop.outcomes()["smoke::SHOP-2"] == "inconclusive"
    assert "the environment is not ready: last answer 404" in ran.out
    assert site.count("/products") == 0


def test_what_may_not_be_judged_here_is_counted_not_red(shop: "Shop", site: "Site") -> None:
    shop.contract(
        {
            "SHOP-4": {
                "says": "only there",
                "at": "docs",
                "checks": [
                    {"rule": "endpoint/answers", "with": {"endpoint": "broken"}, "environments": ["live"]}
                ],
            }
        }
    )
    ran = shop.pytest("--env=staging")
    assert ran.code == 0, ran.text
    assert "3 passed, 1 deselected" in ran.out
    assert "1 not judged here" in ran.out
    entry = next(one for one in shop.verdict()["claims"] if one["id"] == "SHOP-4")
    assert (entry["standing"], entry["outcome"]) == ("not judged here", None)
    assert "live" in entry["reason"]
    assert site.count("/broken") == 0
    assert shop.pytest("--env=live").code == 1
    assert shop.outcomes()["smoke::SHOP-4"] == "violated"


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "workers"])
def test_what_raises_is_inconclusive_and_shown(shop: "Shop", arguments: tuple[str, ...]) -> None:
    shop.write(
        "conftest.py",
        """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    import sys
    if "verify.plugin.gate" in sys.modules:
        import dataclasses
        import verify.collectors.http
        from verify.rules.health import status
        def breaks(needs, world):
            raise RuntimeError("the collector broke")
            yield
        verify.collectors.http.collect = breaks
        def broken(answer, stated):
            raise LookupError("the rule broke")
            yield
        gate = config.pluginmanager.get_plugin("deploy-verify-gate")
        for entry in gate.chosen.prepared.plan.entries:
            for check in entry.checks:
                if check.rule.id == "health/status":
                    object.__setattr__(check.rule, "check", broken)
""",
    )
    ran = shop.pytest("--env=staging", *arguments)
    assert ran.code == 1, ran.text
    assert shop.outcomes() == dict.fromkeys(
        ("smoke::SHOP-1", "smoke::SHOP-2", "smoke::SHOP-3"), "inconclusive"
    )
    assert "rule health/status failed: LookupError: the rule broke" in ran.out
    assert "collector http failed: RuntimeError: the collector broke" in ran.out
    assert shop.verdict()["decision"] == "hold"


def test_without_the_reference_extra_it_says_how_to_get_it(shop: "Shop") -> None:
    shop.contract(environments={"local": {"reference": {}, "gate": ["smoke"]}})
    shop.write(
        "conftest.py",
        """
import importlib.util, sys
sys.modules["granian"] = None
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "granian" else find(name, package)
""",
    )
    ran = shop.pytest("--env=local", "-q")
    assert ran.code == 1, ran.text
    assert set(shop.outcomes().values()) == {"inconclusive"}
    assert 'pip install "pytest-deploy-verify[reference]"' in ran.out
    assert "Traceback" not in ran.text


@pytest.mark.parametrize("arguments", [(), ("-n", "1")], ids=["alone", "workers"])
def test_what_a_server_says_gives_no_commands(
    shop: "Shop", claim_of: Claims, arguments: tuple[str, ...]
) -> None:
    framed = claim_of("headers/value", header="X-Frame-Options", values=["DENY"], on=["/hostile"])
    shop.contract(
        {
            "T-FAILS": framed,
            "T-WAIVED": framed,
            "T-LINES": claim_of("health/anonymous", endpoint="hostile"),
        },
        endpoints={"hostile": {"path": "/hostile"}},
        waivers=[waiver("T-WAIVED", reason="not yet\n::error::waived")],
    )
    ran = shop.pytest("--env=staging", "--color=no", "-rA", "--junitxml=j.xml", *arguments)
    assert ran.code == 1, ran.text
    assert "\\x1b[31mOWNED\\x1b]0;title\\x07" in ran.out
    assert "1.2.3 ::error::owned" in ran.out
    for text in (ran.text, (shop.path / "j.xml").read_text()):
        assert not {"\x1b", "\x07"} & set(text)
        assert [each for each in text.splitlines() if each.lstrip().startswith("::error")] == []


def test_every_line_of_a_verdict_is_one_line() -> None:
    redactor = Redactor()
    redactor.add("TOKEN", "s3cret-value")
    gate: Any = SimpleNamespace(redactor=redactor)
    hostile = "a\x1b[2J\r\n::error::s3cret-value" + "x" * 5000
    finding = Finding(hostile, hostile, hostile, hostile)
    judgement = Judgement(
        rule="a/b",
        severity="error",
        outcome=Outcome.VIOLATED,
        findings=(finding,),
        unknowns=(Unknown(hostile),),
    )
    verdict = Verdict(
        claim="C", suite="smoke", outcome=Outcome.VIOLATED, reason=hostile, judgements=(judgement,)
    )
    claim: Any = SimpleNamespace(id="C", says=hostile, at=hostile)
    entry: Any = SimpleNamespace(claim=claim, left_out=(hostile,))
    lines = told(verdict, entry, gate).split("\n")
    assert len(lines) == 5
    assert all("\\x1b[2J ::error::***TOKEN***" in each and len(each) < 2100 for each in lines)
    assert [each[:2].isspace() for each in lines] == [False, False, True, True, True]
