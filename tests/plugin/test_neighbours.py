"""Beside a user's own tests, options, configuration and folders, idle and active."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_deploy_verify

if TYPE_CHECKING:
    from tests.plugin.conftest import Shop, Site

UNIT = "def test_unit():\n    assert True\n"
OWN_ENV = """
import pytest
import pytest_deploy_verify

def pytest_addoption(parser):
    parser.addoption("--env", default="dev")

@pytest.fixture
def env(request):
    return request.config.getoption("--env")
"""
PRINTS_MODULES = """
import sys

def pytest_unconfigure(config):
    print("modules:", sorted(name for name in sys.modules if name.partition(".")[0] == "verify"))
"""
STRICT = """
[pytest]
addopts = --strict-markers --strict-config -W error -ra
testpaths = tests
xfail_strict = true
filterwarnings = error
"""


def test_idle_it_is_not_there(shop: "Shop", site: "Site") -> None:
    shop.write("pytest.ini", STRICT + "verify_env = staging\nverify_suite = smoke\n")
    shop.write("conftest.py", PRINTS_MODULES)
    shop.write("tests/test_unit.py", UNIT)
    for arguments in ((), (".",), ("tests",), ("-n", "2")):
        ran = shop.pytest(*arguments)
        assert ran.code == 0, ran.text
        assert "1 passed" in ran.out
        assert "modules: []" in ran.out, "an ini setting alone does not ask"
        assert "deploy-verify:" not in ran.out
    shop.write("pytest.ini", STRICT)
    off = shop.pytest("-p", "no:deploy-verify")
    assert off.code == 0, off.text
    assert site.count() == 0


def test_active_it_runs_the_contract_and_nothing_else(shop: "Shop") -> None:
    shop.write("pytest.ini", STRICT)
    shop.write("tests/test_unit.py", "def test_unit():\n    raise AssertionError('not asked for')\n")
    for words in ([sys.executable, "-m", "pytest"], [str(Path(sys.executable).with_name("pytest"))]):
        ran = shop.command(*words, "--env=staging", "-p", "no:cacheprovider")
        assert ran.code == 0, ran.text
        assert "3 passed" in ran.out
        assert "warning" not in ran.text.lower()


def test_their_own_env_option(shop: "Shop", site: "Site") -> None:
    shop.write("pytest.ini", STRICT)
    shop.write("conftest.py", OWN_ENV)
    shop.write("tests/test_unit.py", "def test_unit(env):\n    assert env in ('dev', 'qa')\n")
    assert "1 passed" in shop.pytest().out, "their default asks for nothing"
    for line in ("--env=qa tests", "tests/test_unit.py --env dev"):
        ran = shop.pytest(*line.split())
        assert (ran.code, "1 passed" in ran.out) == (0, True), ran.text
    assert site.count() == 0
    assert not (shop.path / "reports").exists()

    for line in ("--env=staging", "--env staging -n 2", "--verify-env=staging"):
        ran = shop.pytest(*line.split())
        assert (ran.code, "3 passed" in ran.out) == (0, True), ran.text
    site.reset()
    unknown = shop.pytest("--env=qa")
    assert unknown.code == pytest.ExitCode.USAGE_ERROR
    assert "unknown environment 'qa'" in unknown.err
    assert "--env belongs to your conftest.py" in unknown.err
    (shop.path / "verify.yaml").unlink()
    assert "1 passed" in shop.pytest("--env=qa").out, "without a contract it is none of our business"
    assert site.count() == 0


def test_named_tests_of_their_own_keep_their_result(shop: "Shop", site: "Site") -> None:
    shop.write("tests/test_unit.py", UNIT)
    ran = shop.pytest("--env=staging", "tests")
    assert (ran.code, "1 passed" in ran.out) == (0, True), ran.text
    assert site.count() == 0
    assert not (shop.path / "reports").exists(), "no claim was to be judged"


@pytest.mark.parametrize("init", [True, False], ids=["package", "namespace"])
def test_their_own_folder_called_verify(shop: "Shop", site: "Site", *, init: bool) -> None:
    shop.write("verify/helper.py", "VALUE = 7\n")
    if init:
        shop.write("verify/__init__.py", "")
    uses = "from verify.helper import VALUE\ndef test_unit():\n    assert VALUE == 7\n"
    shop.write("tests/test_unit.py", uses)
    idle = shop.pytest("-p", "no:xdist", "tests")
    assert (idle.code, "1 passed" in idle.out) == (0, True), idle.text
    active = shop.pytest("--env=staging")
    assert (active.code, "3 passed" in active.out) == (0, True), active.text

    site.reset()
    shop.contract(tests=["tests"])
    for arguments in ((), ("-n", "2")):
        clash = shop.pytest("--env=staging", *arguments)
        assert clash.code == pytest.ExitCode.USAGE_ERROR, clash.text
        assert "verify.helper is not in it, perhaps in" in clash.err
        assert "rename your own" in clash.err
        assert "INTERNALERROR" not in clash.text

    shop.contract()
    shop.write("conftest.py", "import verify.helper\n")
    assert "1 passed" in shop.pytest("tests").out
    for arguments in ((), ("-n", "2")):
        clash = shop.pytest("--env=staging", *arguments)
        assert clash.code == pytest.ExitCode.USAGE_ERROR, clash.text
        assert "another is imported already" in clash.err
        assert "Traceback" not in clash.text
    assert site.count() == 0


def test_the_interpreter_ends_without_its_finder() -> None:
    script = """if 1:
        import atexit, sys
        at_the_end = []
        atexit.register(lambda: print([each in sys.meta_path for each in at_the_end]))
        import pytest_deploy_verify
        at_the_end.append(pytest_deploy_verify.Fallback)
        print(pytest_deploy_verify.Fallback in sys.meta_path)
    """
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert told.split("\n") == ["True", "[False]", ""]


def test_variables_and_settings(shop: "Shop", monkeypatch: pytest.MonkeyPatch) -> None:
    shop.write(
        "pytest.ini", "[pytest]\nverify_env = live\nverify_claim = SHOP-1,SHOP-2\nverify_reports = out\n"
    )
    by_setting = shop.pytest("--suite=smoke")
    assert by_setting.code == 0, by_setting.text
    assert "shop → live" in by_setting.out
    assert set(shop.outcomes("out")) == {"smoke::SHOP-1", "smoke::SHOP-2"}
    monkeypatch.setenv("VERIFY_ENV", "staging")
    monkeypatch.setenv("VERIFY_CLAIM", "SHOP-3")
    monkeypatch.setenv("VERIFY_REPORTS", "elsewhere")
    for arguments in ((), ("-n", "2")):
        by_variable = shop.pytest(*arguments)
        assert (by_variable.code, "1 passed" in by_variable.out) == (0, True), by_variable.text
        assert "shop → staging" in by_variable.out
        assert set(shop.outcomes("elsewhere")) == {"smoke::SHOP-3"}
    by_option = shop.pytest("--env=live", "--claim=SHOP-2", "--reports=third")
    assert (by_option.code, set(shop.outcomes("third"))) == (0, {"smoke::SHOP-2"}), by_option.text
    assert "shop → live" in by_option.out
    monkeypatch.delenv("VERIFY_CLAIM")
    monkeypatch.setenv("VERIFY_ENV", "nowhere")
    assert shop.pytest().code == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize(
    "option", ["--env=", "--suite=", "--claim=", "--contract=", "--evidence=", "--verify-env="]
)
def test_an_option_without_a_value_is_not_a_green_run(shop: "Shop", site: "Site", option: str) -> None:
    shop.write("tests/test_unit.py", UNIT)
    ran = shop.pytest(option)
    assert ran.code == pytest.ExitCode.USAGE_ERROR, ran.text
    assert "expected a value, got nothing" in ran.err
    assert site.count() == 0


def test_the_package_that_runs_is_the_installed_one(shop: "Shop") -> None:
    shop.write("verify/__init__.py", "raise AssertionError('theirs')\n")
    shop.write(
        "conftest.py",
        "def pytest_unconfigure(config):\n    import verify\n    print('from', verify.__file__)\n",
    )
    ran = shop.pytest("--env=staging")
    assert ran.code == 0, ran.text
    shown = next(line for line in ran.out.splitlines() if line.startswith("from "))
    assert not Path(shown[5:]).is_relative_to(shop.path)
    assert Path(shown[5:]).parent.parent == Path(os.path.realpath(pytest_deploy_verify.home()))
