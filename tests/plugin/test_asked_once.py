"""Each need is asked once, whoever runs the tests and how often; the system itself counts."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Shop, Site

CHECKS = """
import pytest

@pytest.mark.claim("OWN-1")
def test_own(environment, claims):
    assert environment.name == "staging"
    assert claims["OWN-1"].says == "ours"

def test_unmarked():
    raise AssertionError("nobody asked for this")
"""


def with_failures(shop: "Shop", claim_of: Callable[..., dict[str, Any]]) -> None:
    """Let two claims fail on one need, and one be judged by the team's own test."""
    shop.contract(
        {
            "SHOP-4": claim_of("endpoint/answers", endpoint="broken"),
            "SHOP-5": claim_of("endpoint/answers", endpoint="broken", within="1s"),
            "OWN-1": {"says": "ours", "at": "docs/deploy.md"},
        },
        tests=["checks"],
    )
    shop.write("checks/test_own.py", CHECKS)


def expect_once(shop: "Shop", site: "Site") -> None:
    """Check what was asked, and every verdict."""
    asked = [one.path for one in site.asked]
    assert sorted(asked) == ["/broken", "/health", "/missing", "/products"]
    assert shop.outcomes() == {
        "smoke::SHOP-1": "holds",
        "smoke::SHOP-2": "holds",
        "smoke::SHOP-3": "holds",
        "smoke::SHOP-4": "violated",
        "smoke::SHOP-5": "violated",
        "tests::OWN-1": "holds",
    }
    verdict = shop.verdict()
    assert verdict["run"]["requests"] == len(asked)
    assert verdict["run"]["interrupted"] is False
    assert verdict["decision"] == "hold"


@pytest.mark.parametrize(
    ("arguments", "summary"),
    [
        (("-p", "no:xdist"), "2 failed, 4 passed, 1 deselected"),
        (("--reruns", "2"), "2 failed, 4 passed, 1 deselected, 4 rerun"),
        (("-n", "0"), "2 failed, 4 passed, 1 deselected"),
        (("-n", "2"), "2 failed, 4 passed"),
        (("-n", "2", "--dist=each"), "4 failed, 8 passed"),
        (("-n", "2", "--reruns", "1"), "2 failed, 4 passed, 2 rerun"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_needs_are_asked_once(
    shop: "Shop",
    site: "Site",
    claim_of: Callable[..., dict[str, Any]],
    arguments: tuple[str, ...],
    summary: str,
) -> None:
    with_failures(shop, claim_of)
    ran = shop.pytest("--env=staging", *arguments)
    assert ran.code == 1, ran.text
    assert f"{summary} in" in ran.out, ran.text
    expect_once(shop, site)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "more", [(), ("--reruns", "2"), ("-p", "randomly", "-p", "no:cacheprovider")], ids=" ".join
)
@pytest.mark.parametrize("dist", ["no", "each", "load", "loadscope", "loadfile", "loadgroup", "worksteal"])
def test_however_tests_are_handed_out(
    shop: "Shop", site: "Site", claim_of: Callable[..., dict[str, Any]], dist: str, more: tuple[str, ...]
) -> None:
    with_failures(shop, claim_of)
    ran = shop.pytest("--env=staging", "-n", "2", f"--dist={dist}", *more, quiet=())
    assert ran.code == 1, ran.text
    expect_once(shop, site)


def test_a_worker_that_dies_takes_no_verdict_along(
    shop: "Shop", site: "Site", claim_of: Callable[..., dict[str, Any]]
) -> None:
    with_failures(shop, claim_of)
    shop.write(
        "checks/test_dies.py",
        "import os, pytest\n@pytest.mark.claim('OWN-1')\ndef test_dies():\n    os._exit(7)\n",
    )
    ran = shop.pytest("--env=staging", "-n", "2")
    assert ran.code == 1, ran.text
    outcomes = shop.outcomes()
    assert outcomes.pop("tests::OWN-1") != "holds"
    assert outcomes["smoke::SHOP-1"] == "holds"
    assert outcomes["smoke::SHOP-4"] == "violated"
    assert site.count("/products") == 1


def test_facts_are_judged_again_without_asking(
    shop: "Shop", site: "Site", claim_of: Callable[..., dict[str, Any]]
) -> None:
    assert shop.pytest("--env=staging").code == 0
    kept = (shop.path / "reports" / "run.json").read_bytes()
    site.reset()
    shop.contract({"SHOP-1": claim_of("health/status", endpoint="health", within="1us")})
    ran = shop.pytest("--evidence=reports/run.json")
    assert ran.code == 1, ran.text
    assert shop.outcomes() == {
        "smoke::SHOP-1": "violated",
        "smoke::SHOP-2": "holds",
        "smoke::SHOP-3": "holds",
    }
    assert site.count() == 0
    assert (shop.path / "reports" / "run.json").read_bytes() == kept, "the evidence is not written over"
    assert "the contract has changed since" in ran.out

    more = shop.pytest("--evidence=reports/run.json", "-n", "2", "-k", "SHOP-2")
    assert more.code == 0, more.text
    shop.contract({"SHOP-4": claim_of("endpoint/answers", endpoint="broken")})
    new = shop.pytest("--evidence=reports/run.json", "--env=staging")
    assert (new.code, shop.outcomes()["smoke::SHOP-4"]) == (1, "inconclusive"), new.text
    assert site.count() == 0


def test_evidence_of_something_else_is_refused(shop: "Shop", site: "Site") -> None:
    assert shop.pytest("--env=staging").code == 0
    site.reset()
    for arguments, told in (
        (("--evidence=reports/run.json", "--env=live"), "found evidence of staging"),
        (("--evidence=reports/verdict.json",), "reports/verdict.json"),
        (("--evidence=nowhere.json",), "nowhere.json"),
        (("--evidence=verify.yaml",), "found no JSON"),
    ):
        ran = shop.pytest(*arguments)
        assert ran.code == pytest.ExitCode.USAGE_ERROR, ran.text
        assert told in ran.err
        assert "Traceback" not in ran.text
    document = json.loads((shop.path / "reports" / "run.json").read_text())
    shop.write("other.json", json.dumps({**document, "system": "another"}))
    ran = shop.pytest("--evidence=other.json")
    assert (ran.code, "expected evidence of shop" in ran.err) == (4, True)
    assert site.count() == 0
