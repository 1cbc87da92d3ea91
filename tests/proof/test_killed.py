"""Nothing is left behind, whenever and however a gate on the reference is ended."""

import importlib.util
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Moment = Callable[[Any], bool]


def helper() -> ModuleType:
    """Load the module beside this one: the tests are no package."""
    path = Path(__file__).with_name("killed.py")
    spec = importlib.util.spec_from_file_location("proof_killed", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


KILLED = helper()


def event(words: str, number: int = 1) -> Moment:
    """Return the moment when so many events of the journal begin with ``words``."""
    return lambda run: sum(one.startswith(words) for one in run.journal()) >= number


def requests(number: int, words: str = "") -> Moment:
    return lambda run: sum(words in line for line in run.requests()) >= number


def line(words: str) -> Moment:
    return lambda run: any(words in one for one in run.lines)


MOMENTS: dict[str, Moment] = {
    "the journal is open": lambda run: bool(run.runs),
    **{f"plan {number}": event("plan", number) for number in range(1, 7)},
    **{f"made {number}": event("made", number) for number in range(1, 7)},
    "the database is made": event("plan", 4),
    "the database is started to be filled": event("plan", 6),
    "the made database is started": event("plan", 7),
    "readiness is waited for": line("waiting until"),
    "the first request": requests(1),
    "reads": line("reads:"),
    "12 requests": requests(12),
    "consumes": line("consumes:"),
    "40 requests": requests(40),
    "100 requests": requests(100),
    "destroys": line("destroys:"),
    "a deposit is made": requests(1, "/deposits/"),
    **{f"gone {number}": event("gone", number) for number in (1, 3, 5)},
}
#: a run without bursts comes to its end at once
QUICK = {"destroys", "a deposit is made", "gone 1", "gone 3", "gone 5", "reads", "the first request"}
#: with an empty cache, where the database's template is made as well
COLD = {"the database is made", "the database is started to be filled", "the made database is started"}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
FEW = (
    ("plan 2", signal.SIGKILL),
    ("plan 6", signal.SIGTERM),
    ("made 5", signal.SIGKILL),
    ("the database is started to be filled", signal.SIGINT),
    ("readiness is waited for", signal.SIGHUP),
    ("12 requests", signal.SIGINT),
    ("40 requests", signal.SIGKILL),
    ("a deposit is made", signal.SIGTERM),
    ("a deposit is made", signal.SIGKILL),
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of our own, filled by a run that nobody kills."""
    folder = tmp_path_factory.mktemp("cache")
    with KILLED.gate(folder, "--claim=LEA-019") as run:
        assert run.process.wait(KILLED.PATIENCE) == 0, "".join(run.lines)
        assert run.left() == []
    return folder


def end(cache: Path, moment: str, number: signal.Signals) -> None:
    if moment in COLD:
        cache = Path(tempfile.mkdtemp(dir=cache.parent))
    options = ["--claim=LEA-020"] if moment in QUICK else []
    with KILLED.gate(cache, *options) as run:
        came = run.wait_for(MOMENTS[moment])
        assert came, f"the run ended before: {''.join(run.lines)}"
        status = run.end(number)
        if number == signal.SIGKILL:
            assert status == -signal.SIGKILL
            cleaned = run.clean()
            assert [each.returncode for each in cleaned] == [0, 0, 0], [each.stdout for each in cleaned]
            assert [each.stdout for each in cleaned[1:]] == ["nothing was left behind\n"] * 2
        else:
            assert status != 0
        assert run.left() == []


def test_there_are_moments_enough() -> None:
    assert len(MOMENTS) >= 20
    assert {moment for moment, _ in FEW} | QUICK | COLD <= set(MOMENTS)
    assert {number for _, number in FEW} == set(SIGNALS)


@pytest.mark.parametrize(("moment", "number"), FEW, ids=lambda value: getattr(value, "name", str(value)))
def test_nothing_is_left(cache: Path, moment: str, number: signal.Signals) -> None:
    end(cache, moment, number)


@pytest.mark.nightly
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("moment", sorted(MOMENTS))
def test_nothing_is_left_at_any_moment(cache: Path, moment: str, number: signal.Signals) -> None:
    end(cache, moment, number)
