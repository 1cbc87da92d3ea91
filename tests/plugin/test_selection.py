"""Which claims run, however they are chosen; each case counts what the system was asked."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Shop, Site

ALL = {"smoke::SHOP-1", "smoke::SHOP-2", "smoke::SHOP-3"}


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        (("--env=staging",), ALL),
        (("--verify-env", "staging", "--suite", "smoke"), ALL),
        (("--env=staging", "--claim=SHOP-1", "--claim=SHOP-3"), ALL - {"smoke::SHOP-2"}),
        (("--env=staging", "verify.yaml::smoke::SHOP-2"), {"smoke::SHOP-2"}),
        (("--env=staging", "verify.yaml::smoke"), ALL),
        (("--env=staging", "."), ALL),
        (("--env=staging", "-k", "SHOP-1 or SHOP-3"), ALL - {"smoke::SHOP-2"}),
        (("--env=staging", "--deselect", "verify.yaml::smoke::SHOP-1"), ALL - {"smoke::SHOP-1"}),
        (("--env=staging", "-m", "claim", "-q"), ALL),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_exactly_the_chosen_are_judged(
    shop: "Shop", site: "Site", arguments: tuple[str, ...], chosen: set[str]
) -> None:
    ran = shop.pytest(*arguments)
    assert ran.code == 0, ran.text
    assert shop.outcomes() == dict.fromkeys(chosen, "holds")
    assert site.count("/products") == ("smoke::SHOP-2" in chosen), "what is not chosen is not asked"
    assert site.count("/missing") == ("smoke::SHOP-3" in chosen)


@pytest.mark.parametrize(
    "arguments",
    [
        ("-k", "nothing"),
        ("-m", "not claim"),
        ("--deselect", "verify.yaml"),
        ("--suite=alerts",),
    ],
    ids=" ".join,
)
def test_nothing_chosen_is_an_error_and_asks_nothing(
    shop: "Shop", site: "Site", arguments: tuple[str, ...]
) -> None:
    ran = shop.pytest("--env=staging", *arguments)
    assert ran.code == pytest.ExitCode.NO_TESTS_COLLECTED, ran.text
    assert site.count() == 0


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_of_nothing_says_what_to_give(shop: "Shop", site: "Site", workers: str) -> None:
    at = {
        "says": "limited",
        "at": "here",
        "rule": "rate-limit/over",
        "with": {"endpoint": "health", "rate": "5/s"},
    }
    claims = {"SHOP-8": at, "SHOP-9": {**at, "rule": "flow/works", "with": {"flow": "buying"}}}
    buying = {"steps": [{"post": "/products", "expect": 200}]}
    shop.contract(claims, flows={"buying": buying})
    ran = shop.pytest("--env=live", "--claim=SHOP-8", "--claim=SHOP-9", "-n", workers)
    assert ran.code == pytest.ExitCode.NO_TESTS_COLLECTED, ran.text
    reason = "live is not `protection: disposable`"
    assert "nothing was judged; not judged here:" in ran.out
    assert f"  it consumes, and {reason} (SHOP-8)" in ran.out
    assert f"  it destroys, and {reason} (SHOP-9)" in ran.out
    assert site.count() == 0


def test_collecting_asks_nothing(shop: "Shop", site: "Site") -> None:
    ran = shop.pytest("--env=staging", "--collect-only", "-q")
    assert ran.code == 0
    assert [line for line in ran.out.splitlines() if "::" in line] == [
        f"verify.yaml::{entry}" for entry in sorted(ALL)
    ]
    assert site.count() == 0
    assert not (shop.path / "reports").exists()


def test_what_failed_is_run_again(
    shop: "Shop", site: "Site", claim_of: Callable[..., dict[str, Any]]
) -> None:
    shop.contract({"SHOP-4": claim_of("endpoint/answers", endpoint="broken")})
    remembers = ("-p", "no:hypothesispytest", "-p", "no:randomly")
    stops = shop.pytest("--env=staging", "--sw", quiet=remembers)
    assert stops.code == 2, "pytest's own: stepwise interrupts"
    assert shop.outcomes()["smoke::SHOP-4"] == "violated"
    for again, judged in (("--sw", 1), ("--lf", 1), ("--ff", 4)):
        site.reset()
        ran = shop.pytest("--env=staging", again, quiet=remembers)
        assert "SHOP-4" in ran.out
        assert len(shop.outcomes()) == judged, (again, ran.text)
        assert site.count("/products") == (judged == 4)


def test_exit_first_keeps_every_verdict_that_was_asked_for(
    shop: "Shop", claim_of: Callable[..., dict[str, Any]]
) -> None:
    shop.contract(claims={"SHOP-1": claim_of("endpoint/answers", endpoint="broken")})
    ran = shop.pytest("--env=staging", "-x", "--tb=short")
    assert ran.code == 1, ran.text
    assert "1 failed" in ran.out
    assert "stopping after 1 failures" in ran.out
    assert len(shop.outcomes()) == 3
    assert shop.outcomes()["smoke::SHOP-1"] == "violated"


@pytest.mark.parametrize("style", ["auto", "long", "short", "line", "native", "no"])
def test_each_traceback_style_shows_the_finding_not_our_stack(
    shop: "Shop", claim_of: Callable[..., dict[str, Any]], style: str
) -> None:
    shop.contract({"SHOP-4": claim_of("endpoint/answers", endpoint="broken")})
    ran = shop.pytest("--env=staging", f"--tb={style}", "--claim=SHOP-4", "-l")
    assert ran.code == 1
    assert "wrong status" in ran.out
    assert "Traceback" not in ran.text
    assert "nodes.py" not in ran.text


def test_a_contract_elsewhere_or_called_otherwise(shop: "Shop", site: "Site") -> None:
    outside = shop.path.parent / f"{shop.path.name}-outside"
    outside.mkdir()
    shop.contract(name=f"../{outside.name}/promises.yml")
    (shop.path / "verify.yaml").unlink()
    shop.write("tests/test_own.py", "def test_own():\n    raise AssertionError('not asked for')\n")
    below = shop.path / "tests"
    ran = shop.pytest(
        "--env=staging", f"--contract=../../{outside.name}/promises.yml", "--reports=out", cwd=below
    )
    assert ran.code == 0, ran.text
    assert "3 passed" in ran.out
    assert site.count("/products") == 1
    ran = shop.pytest("--env=staging", f"--contract={outside / 'promises.yml'}", "-k", "SHOP-2", "-v")
    assert (ran.code, "1 passed" in ran.out) == (0, True), ran.text


def test_from_a_folder_below_the_contract_is_found_above_it(shop: "Shop") -> None:
    shop.write("pytest.ini", "[pytest]\n")
    below = shop.path / "deploy" / "scripts"
    below.mkdir(parents=True)
    ran = shop.pytest("--env=staging", cwd=below)
    assert ran.code == 0, ran.text
    assert shop.outcomes() == dict.fromkeys(ALL, "holds")
    folder = shop.pytest("--env=staging", "--contract=..", "-q", cwd=shop.path / "deploy")
    assert folder.code == 0, folder.text


def test_junit_holds_what_a_verdict_rests_on(shop: "Shop", claim_of: Callable[..., dict[str, Any]]) -> None:
    shop.contract({"SHOP-4": claim_of("endpoint/answers", endpoint="broken")})
    ran = shop.pytest("--env=staging", "--junitxml=j.xml", "-W", "error")
    assert ran.code == 1
    assert "warning" not in ran.text.lower()
    cases = {
        case.get("name"): {one.get("name"): one.get("value") for one in case.iter("property")}
        for case in ET.parse(shop.path / "j.xml").getroot().iter("testcase")  # noqa: S314 - written by the run itself
    }
    assert set(cases) == {"SHOP-1", "SHOP-2", "SHOP-3", "SHOP-4"}
    assert cases["SHOP-4"]["outcome"] == "violated"
    assert cases["SHOP-1"]["outcome"] == "holds"
    assert cases["SHOP-1"]["rule"] == "health/status"
    assert "status 200" in (cases["SHOP-1"]["seen"] or "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("-k", "nothing"), pytest.ExitCode.NO_TESTS_COLLECTED),
        (("--collect-only", "-q"), pytest.ExitCode.OK),
        (("--fault=no-hsts",), pytest.ExitCode.USAGE_ERROR),
        (("verify.yaml::smoke::SHOP-9",), pytest.ExitCode.NO_TESTS_COLLECTED),  # xdist keeps why to itself
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value.name,
)
def test_with_workers_nothing_is_asked_either(
    shop: "Shop", site: "Site", arguments: tuple[str, ...], code: pytest.ExitCode
) -> None:
    ran = shop.pytest("--env=staging", "-n", "2", *arguments)
    assert ran.code == code, ran.text
    assert "Traceback" not in ran.text
    assert "INTERNALERROR" not in ran.text
    assert site.count() == 0
    assert not (shop.path / "reports").exists()
