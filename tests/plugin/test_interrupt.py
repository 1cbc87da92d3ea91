"""A run that is broken off: reports say so, nothing is green, nothing is left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Shop, Site

DEADLINE = 60.0
OWN = {"OWN-1": {"says": "one", "at": "docs"}, "OWN-2": {"says": "two", "at": "docs"}}
SLOW_TEST = """
import pytest

@pytest.mark.claim("OWN-1")
def test_slow(http):
    http.get("/slow")

@pytest.mark.claim("OWN-2")
def test_after(): ...
"""
SIGNALS = pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda one: one.name
)


def interrupted(shop: "Shop", number: signal.Signals, *arguments: str) -> tuple[int, str]:
    """Send ``number`` to a pytest once ``/slow`` is asked; return exit code and output."""
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "--env=staging",
        *arguments,
    ]
    with subprocess.Popen(
        words,
        cwd=shop.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert shop.site.arrived.wait(DEADLINE), "the slow path was never asked"
            process.send_signal(number)
            out, _ = process.communicate(timeout=DEADLINE)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert alive(process.pid) == [], "no process of the group is left"
    return process.returncode, out


def alive(group: int) -> list[str]:
    """Return the command lines of the processes of a session that are not dead."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            if fields[0] != "Z" and int(fields[3]) == group:
                found.append((stat.parent / "cmdline").read_text())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def left_behind() -> list[str]:
    """Return the run folders and open journals that are left."""
    temporary = Path(os.environ["TMPDIR"])
    state = Path(os.environ["HOME"], ".local", "state", "deploy-verify")
    return [str(path) for path in (*temporary.glob("deploy-verify-*"), *state.glob("*.jsonl"))]


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give each run a folder for temporary files that is its own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("temporary")))


@SIGNALS
@pytest.mark.parametrize("workers", [0, 2])
def test_while_gathering(shop: "Shop", number: signal.Signals, workers: int) -> None:
    shop.contract(
        {"SHOP-4": {"says": "slow", "at": "docs", "rule": "endpoint/answers", "with": {"endpoint": "slow"}}}
    )
    code, out = interrupted(shop, number, f"-n{workers}")
    assert code == pytest.ExitCode.INTERRUPTED, out
    verdict = shop.verdict()
    assert verdict["run"]["interrupted"] is True
    assert verdict["decision"] == "hold"
    assert shop.outcomes()["smoke::SHOP-4"] == "inconclusive"
    assert set(shop.outcomes()) == {f"smoke::SHOP-{n}" for n in (1, 2, 3, 4)}
    assert "holds" not in shop.outcomes().values(), "nothing was judged before the interrupt"
    assert "interrupted" in (shop.path / "reports" / "summary.md").read_text()
    assert "interrupted" in out
    assert left_behind() == []


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGINT, marks=pytest.mark.nightly),
        pytest.param(signal.SIGHUP, marks=pytest.mark.nightly),
    ],
    ids=lambda one: one.name,
)
def test_while_a_team_test_runs(shop: "Shop", number: signal.Signals, workers: int) -> None:
    shop.contract(OWN, tests=["checks"])
    shop.write("checks/test_slow.py", SLOW_TEST)
    code, out = interrupted(shop, number, f"-n{workers}")
    assert code == pytest.ExitCode.INTERRUPTED, out
    outcomes = shop.outcomes()
    assert shop.verdict()["run"]["interrupted"] is True
    assert shop.verdict()["decision"] == "hold"
    assert outcomes["tests::OWN-1"] == "inconclusive"
    assert outcomes["smoke::SHOP-1"] == "holds", "what was judged before stays"
    if not workers:
        assert outcomes["tests::OWN-2"] == "inconclusive"
    assert left_behind() == []


STOPS = """
import os, signal, pytest

@pytest.hookimpl(wrapper=True)
def pytest_sessionstart(session):
    yield
    if not hasattr(session.config, "workerinput"):
        os.kill(os.getpid(), signal.SIGTERM)
"""


def test_while_workers_are_started(shop: "Shop", site: "Site") -> None:
    shop.write("conftest.py", STOPS)
    ran = shop.pytest("--env=staging", "-n", "2")
    assert (ran.code, site.count()) == (pytest.ExitCode.INTERRUPTED, 0), ran.text
    assert left_behind() == []


def test_while_waiting_for_readiness(shop: "Shop", site: "Site") -> None:
    shop.contract(endpoints={"health": {"path": "/slow"}}, staging={"readiness": {"deadline": "60s"}})
    code, out = interrupted(shop, signal.SIGTERM)
    assert code == pytest.ExitCode.INTERRUPTED, out
    assert set(shop.outcomes().values()) == {"inconclusive"}
    assert site.count("/products") == 0
    assert left_behind() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.nightly)])
def test_nothing_of_the_reference_is_left(shop: "Shop", number: signal.Signals) -> None:
    shop.contract(
        {
            "SHOP-4": {
                "says": "limited",
                "at": "docs",
                "rule": "rate-limit/over",
                "with": {"endpoint": "products", "rate": "1/s"},
            }
        },
        environments={"local": {"reference": {}, "gate": ["smoke", "hardening"]}},
        endpoints={"health": {"path": "/health/"}, "products": {"path": "/api/v1/products/"}},
    )
    words = [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", "--env=local"]
    with subprocess.Popen(
        words,
        cwd=shop.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            seen = next((line for line in process.stdout if "waiting until" in line), "")
            assert seen, "the reference never started"
            process.send_signal(number)
            out, _ = process.communicate(timeout=DEADLINE)
        finally:
            if process.poll() is None:
                process.terminate()
    assert process.returncode == pytest.ExitCode.INTERRUPTED, out
    assert alive(process.pid) == []
    assert shop.verdict()["run"]["interrupted"] is True
    assert left_behind() == []
    assert shop.cli_here("clean").out.strip() == "nothing was left behind"
