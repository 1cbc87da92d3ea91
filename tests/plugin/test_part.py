"""What was judged only in part never promotes: a part does not speak for the whole."""

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Shop, Site

OWN = {"OWN-1": {"says": "carts work", "at": "docs"}, "OWN-2": {"says": "carts are fast", "at": "docs"}}
WORKS = """
import pytest

@pytest.mark.claim("OWN-1")
def test_cart():
    assert True

@pytest.mark.claim("OWN-2")
def test_speed():
    assert True
"""
NOT_HERE = "import pytest\npytest.importorskip('a_package_that_nobody_has')\n"
UNMARKED = "def test_cart():\n    assert False\n"
FILE = "checks/test_cart.py"


def given(shop: "Shop", text: str = WORKS, **parts: object) -> None:
    shop.contract(OWN, tests=["checks"], **parts)
    shop.write(FILE, text)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
@pytest.mark.parametrize(
    ("arguments", "text", "why"),
    [
        (("-k", "not speed"), WORKS, f"{FILE}::test_speed was not selected"),
        ((f"--deselect={FILE}::test_speed",), WORKS, f"{FILE}::test_speed was not selected"),
        (("--suite=smoke",), WORKS, f"{FILE}::test_cart was not selected, and 1 more"),
        (("verify.yaml",), WORKS, "checks was not asked for as a whole"),
        (("verify.yaml", FILE), WORKS, "checks was not asked for as a whole"),
        ((), NOT_HERE, f"{FILE} was skipped, and 1 more"),
        ((), UNMARKED, "no test in checks judges a claim: mark one with @pytest.mark.claim"),
        ((), "", f"{FILE} has no test that was collected, and 1 more"),
        (("--claim=SHOP-1",), WORKS, "only SHOP-1 was asked for, and 2 more"),
    ],
    ids=["k", "deselect", "suite", "contract", "file", "skipped", "unmarked", "empty", "claim"],
)
def test_some_of_the_teams_tests(
    shop: "Shop", arguments: tuple[str, ...], text: str, why: str, workers: tuple[str, ...]
) -> None:
    given(shop, text)
    ran = shop.pytest("--env=staging", *arguments, *workers)
    assert ran.code == 0, ran.text
    assert shop.verdict()["decision"] == "hold"
    assert f"decision: hold: only a part was judged: {why}" in " ".join(ran.out.split()), ran.text


@pytest.mark.parametrize("arguments", [(), (".",), ("verify.yaml", "checks"), ("verify.yaml", "./checks/")])
def test_the_whole_promotes(shop: "Shop", arguments: tuple[str, ...]) -> None:
    given(shop)
    ran = shop.pytest("--env=staging", *arguments)
    assert (ran.code, shop.verdict()["decision"]) == (0, "promote"), ran.text


POLICY = {"says": "services restart", "at": "docs", "rule": "compose/restart-policy"}


def test_a_suite_of_the_gate(shop: "Shop") -> None:
    shop.write("compose.yaml", "services:\n  web:\n    image: shop\n    restart: always\n")
    shop.contract({"FILE-1": POLICY}, staging={"gate": ["smoke", "policy"]}, files=["compose.yaml"])
    part = shop.pytest("--env=staging", "--suite=smoke")
    assert (part.code, shop.verdict()["decision"]) == (0, "hold"), part.text
    assert "suite policy of the gate was not asked for" in " ".join(part.out.split())
    both = shop.pytest("--env=staging", "--suite=smoke", "--suite=policy")
    assert (both.code, shop.verdict()["decision"]) == (0, "promote"), both.text
    gate = shop.pytest("--env=live", "--suite=smoke")
    assert (gate.code, shop.verdict()["decision"]) == (0, "promote"), "live has no other suite in its gate"
    files = shop.pytest("--suite=policy")
    assert (files.code, shop.verdict()["decision"]) == (0, "promote"), files.text


FAILS = """
import pytest

@pytest.mark.claim("OWN-1")
def test_cart():
    assert False, "carts are broken"

@pytest.mark.claim("OWN-1")
def test_other(): ...

@pytest.mark.claim("OWN-2")
def test_speed(): ...
"""


def waiver(until: str = "2999-01-01", claim: str = "OWN-1") -> dict[str, str]:
    return {"claim": claim, "until": until, "owner": "ops", "reason": "known"}


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
def test_a_waiver_covers_what_the_teams_tests_judge(shop: "Shop", workers: tuple[str, ...]) -> None:
    given(shop, FAILS, waivers=[waiver()])
    ran = shop.pytest("--env=staging", *workers)
    assert (ran.code, shop.verdict()["decision"]) == (0, "promote"), ran.text
    assert shop.outcomes()["tests::OWN-1"] == "waived"
    assert "1 xfailed, 1 xpassed" in " ".join(ran.out.replace(",", " ,").split()).replace(" ,", ","), ran.text
    ended = given(shop, FAILS, waivers=[waiver("2020-01-01")])
    ran = shop.pytest("--env=staging", *workers)
    assert (ran.code, shop.outcomes()["tests::OWN-1"], ended) == (1, "violated", None), ran.text


def test_a_waiver_that_no_test_needs_is_told(shop: "Shop") -> None:
    given(shop, waivers=[waiver()])
    ran = shop.pytest("--env=staging")
    assert (ran.code, shop.verdict()["decision"]) == (1, "hold"), ran.text
    assert shop.outcomes()["tests::OWN-1"] == "holds"


def test_a_waiver_that_only_a_test_needs(shop: "Shop") -> None:
    shop.contract(tests=["checks"], waivers=[waiver(claim="SHOP-1")])
    shop.write(FILE, FAILS.replace("OWN-1", "SHOP-1").replace("OWN-2", "SHOP-2"))
    ran = shop.pytest("--env=staging")
    assert (ran.code, shop.verdict()["decision"]) == (0, "promote"), ran.text
    assert (shop.outcomes()["smoke::SHOP-1"], shop.outcomes()["tests::SHOP-1"]) == ("holds", "waived")


OWN_ENV = """
def pytest_addoption(parser):
    parser.addoption("--env", default="unit")
"""


def test_the_command_line_counts_before_the_settings(shop: "Shop") -> None:
    shop.write("conftest.py", OWN_ENV)
    shop.write("pytest.ini", "[pytest]\nverify_env = staging\nverify_contract = verify.yaml\n")
    shop.write("tests/test_unit.py", "def test_unit(): ...\n")
    live = shop.pytest("--env=live")
    assert (live.code, shop.verdict()["environment"]["name"]) == (0, "live"), live.text
    theirs = shop.pytest("--env=unit", "tests")
    assert (theirs.code, "stated claims" in theirs.out) == (0, False), theirs.text
    ours = shop.pytest("--suite=smoke")
    assert (ours.code, shop.verdict()["environment"]["name"]) == (0, "staging"), ours.text


def own_package(shop: "Shop") -> None:
    shop.write("tests/test_unit.py", "def test_unit():\n    from verify.own import ONE\n")
    shop.write("verify/__init__.py", "")
    shop.write("verify/own.py", "ONE = 1\n")


def test_settings_alone_leave_a_teams_own_env_alone(shop: "Shop", site: "Site") -> None:
    """What a project without a contract has is not touched either."""
    (shop.path / "verify.yaml").unlink()
    shop.write("conftest.py", OWN_ENV)
    shop.write(
        "tests/test_unit.py", "def test_unit():\n    from verify.own import ONE\n    assert ONE == 1\n"
    )
    shop.write("verify/__init__.py", "")
    shop.write("verify/own.py", "ONE = 1\n")
    shop.write("reports/summary.md", "mine")
    ran = shop.pytest("--env=dev", "tests")
    assert (ran.code, "1 passed" in ran.out) == (0, True), ran.text
    assert (shop.path / "reports" / "summary.md").read_text() == "mine"
    assert site.count() == 0


def test_a_contract_that_is_not_meant_changes_nothing(shop: "Shop", site: "Site") -> None:
    shop.write("conftest.py", OWN_ENV)
    shop.write(
        "tests/test_unit.py", "def test_unit():\n    from verify.own import ONE\n    assert ONE == 1\n"
    )
    shop.write("verify/__init__.py", "")
    shop.write("verify/own.py", "ONE = 1\n")
    shop.write("reports/verdict.json", "earlier")
    ran = shop.pytest("--env=dev", "tests")
    assert (ran.code, "1 passed" in ran.out) == (0, True), ran.text
    for dry in ("--help", "--fixtures", "--fixtures-per-test", "--collect-only"):
        assert shop.pytest("--verify-env=staging", dry).code == 0
    assert (shop.path / "reports" / "verdict.json").read_text() == "earlier"
    assert site.count() == 0


@pytest.mark.parametrize(
    "option",
    ['"--env", dest="environment"', '"--environment", "--env"', '"--env", action="append"'],
    ids=["dest", "alias", "list"],
)
def test_an_own_env_of_any_kind(shop: "Shop", option: str) -> None:
    shop.write("conftest.py", f"def pytest_addoption(parser):\n    parser.addoption({option})\n")
    ran = shop.pytest("--env", "staging")
    assert (ran.code, shop.verdict()["environment"]["name"]) == (0, "staging"), ran.text
    both = shop.pytest("--env=staging", "--env=live")
    assert both.code == pytest.ExitCode.USAGE_ERROR, both.text
    assert "--env=staging --env=live: name the one to judge with --verify-env" in both.text


def test_an_own_flag_called_env_is_none_of_ours(shop: "Shop", site: "Site") -> None:
    shop.write(
        "conftest.py", "def pytest_addoption(parser):\n    parser.addoption('--env', action='store_true')\n"
    )
    shop.write("tests/test_unit.py", "def test_unit(): ...\n")
    ran = shop.pytest("--env", "tests")
    assert (ran.code, "stated claims" in ran.out, site.count()) == (0, False, 0), ran.text


@pytest.mark.parametrize("dry", ["--setup-plan", "--setup-only"])
def test_what_only_shows_the_plan_asks_nothing(shop: "Shop", site: "Site", dry: str) -> None:
    given(shop)
    shop.write("reports/verdict.json", "earlier")
    ran = shop.pytest("--env=staging", dry)
    assert (ran.code, site.count()) == (0, 0), ran.text
    assert (shop.path / "reports" / "verdict.json").read_text() == "earlier"


ASKS = """
import pytest

@pytest.mark.claim("OWN-1")
def test_cart(http):
    assert http.get("/products", headers={"X-From": "us"}).status == 200
    assert http.request("POST", "/products", body="{}").status == 200

@pytest.mark.claim("OWN-2")
def test_speed(): ...

def test_typo(htpp): ...
"""


def test_without_a_contract_what_judges_one_is_skipped(shop: "Shop", site: "Site") -> None:
    given(shop, ASKS)
    idle = shop.pytest("-rs")
    assert "1 passed, 1 skipped, 1 error" in idle.out, idle.text
    assert "it judges a claim: give --env" in idle.out
    assert site.count() == 0
    ran = shop.pytest("--env=staging", "--allow-destructive=staging")
    assert (ran.code, shop.verdict()["decision"]) == (0, "promote"), ran.text


def test_what_is_not_judged_here_is_named(shop: "Shop") -> None:
    limit = {"endpoint": "products", "rate": "1/s"}
    shop.contract({"LIMIT-1": {"says": "limited", "at": "docs", "rule": "rate-limit/over", "with": limit}})
    ran = shop.pytest("--env=live")
    told = "it uses up quota, and live is not `protection: disposable`: LIMIT-1"
    assert told in " ".join(ran.out.split()) or "not judged here, it" in ran.out, ran.text
    assert "LIMIT-1" in (shop.path / "reports" / "summary.md").read_text()


def test_unwritable_reports_are_told_quietly_too(shop: "Shop") -> None:
    shop.write("reports", "a file")
    ran = shop.pytest("--env=staging", "-q")
    assert (ran.code, "reports could not be written" in ran.out) == (3, True), ran.text


def test_without_docstrings_there_are_no_rules(shop: "Shop") -> None:
    ran = shop.command(sys.executable, "-OO", "-m", "pytest", "--env=staging")
    assert (ran.code, "-OO removes docstrings" in ran.err) == (4, True), ran.text
