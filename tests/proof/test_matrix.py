"""Every fault against every claim of every contract in ``systems/``, once a night.

What is violated is exactly what the rules say. Everything else holds, or is inconclusive for
a reason that the fault gives. That a fault is healed shows in the next one, and at the end.
``scripts/matrix.py`` writes what was seen here into ``docs/reference/faults.md``.

In the normal tier leather_api, ``acting.yaml`` and ``surface.yaml`` prove each fault once, in
the modules beside this one; what none of them speaks of is proven here.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from verify.model.units import seconds
from verify.model.verdict import Outcome, Verdict
from verify.reference.faults import FAULTS
from verify.run.options import Options
from verify.run.plan import Entry
from verify.run.session import prepare

pytestmark = pytest.mark.needs("git")  # for the page, which names the commit that was judged

Break = Callable[[str], None]
Note = Callable[[str, object], None]
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SYSTEMS = sorted(ROOT.glob("systems/*/verify.yaml"))
BURSTING = [path for path in SYSTEMS if {"leather_api", "mdc_tts"} & set(path.parts)]
#: contracts whose faults other modules inject in the normal tier
PROVEN = [
    ROOT / "systems/leather_api/verify.yaml",
    HERE / "acting.yaml",
    *(HERE / "contracts" / f"{name}.yaml" for name in ("surface", "backup", "restores")),
]
#: the contract whose health asks where uploads go
STORAGE = ROOT / "systems/mdc_tts/verify.yaml"
#: no contract states so short a time to get ready that this one violates it
HURRIED = "slow-start"
#: faults that refuse requests: what was refused may be without a verdict
REFUSING = {"edge-limit-tight", "quota-tight"}
READY = "smoke::readiness/within"
#: why a claim may not be judged of a system that is not ready
WAITED = (
    "the environment is not ready: ",
    "shows no version: ",
    "so its end says nothing",
    "was not well before",
    "the handshake ended before: ",
    "answered 503: ",  # the last answer that readiness was waited with, at the same endpoint
)
#: why a claim may not be judged beside one that a fault violates: what it follows is broken itself
BESIDE = dict.fromkeys(("flow-broken", "flow-no-delete"), ("was not walked to its end",))
BESIDE |= dict.fromkeys(REFUSING, ("refused",))
PATIENCE = 300.0  # seconds for five gates at once
GRACE = 10.0  # seconds to clean up


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "bench", paths, ids=lambda path: path.parent.name, indirect=True, scope="module"
    )


each_fault = pytest.mark.parametrize("fault", sorted(FAULTS))


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)


@pytest.fixture(scope="module")
def commit() -> str:
    """Return what is judged, for the page that is made of it."""
    head = git("rev-parse", "--short=12", "HEAD").stdout.strip() or "unknown"
    changed = git("diff", "--quiet", "HEAD", "--", "verify", "systems", "tests").returncode
    return f"{head} and changes" if changed else head


@pytest.fixture(autouse=True)
def noted(commit: str, record_property: Note) -> None:
    record_property("commit", commit)  # with each test: what belongs to a suite, workers do not hand on


def names(verdicts: dict[str, Verdict], outcome: Outcome) -> set[str]:
    return {name for name, verdict in verdicts.items() if verdict.outcome is outcome}


def unexplained(verdicts: dict[str, Verdict], fault: str, violated: set[str]) -> dict[str, list[str]]:
    """Return what is inconclusive for another reason than the fault gives."""
    allowed = (*BESIDE.get(fault, ()), *(WAITED if READY in violated else ()))
    found = {}
    for name in names(verdicts, Outcome.INCONCLUSIVE):
        reasons = [one.reason for judgement in verdicts[name].judgements for one in judgement.unknowns]
        if not reasons or not all(any(words in one for words in allowed) for one in reasons):
            found[name] = reasons
    return found


def compare(bench: Any, fault: str, entries: tuple[Entry, ...], note: Note) -> None:
    """Break, judge, heal; note what was seen before it is compared with what the rules say."""
    expected = bench.expected(fault, entries)
    bench.running.inject(fault)
    verdicts = bench.judge_broken(fault, entries)
    bench.running.heal(fault)
    bench.clean_up(verdicts)
    for outcome in Outcome:
        note(outcome.name.lower(), " ".join(sorted(names(verdicts, outcome))))
    violated = names(verdicts, Outcome.VIOLATED)
    assert violated == expected, {name: verdicts[name].judgements for name in violated ^ expected}
    hidden = bench.hidden(fault, entries) - expected
    assert hidden <= names(verdicts, Outcome.INCONCLUSIVE)
    assert unexplained(verdicts, fault, violated).keys() <= hidden


def bursts(bench: Any) -> tuple[Entry, ...]:
    return tuple(entry for entry in bench.entries if bench.consumes(entry))


def others(bench: Any) -> tuple[Entry, ...]:
    """Return the claims that send no bursts, but for sums: these want all the others, and follow."""
    return tuple(entry for entry in bench.entries if not (bench.consumes(entry) or entry.sums))


def broken_in(contract: Path) -> set[str]:
    """Return the faults that some claim of ``contract`` speaks of."""
    prepared = prepare(contract, Options(environment="reference", watch=seconds(2)))
    spec = prepared.loaded.contract.environments["reference"].reference
    assert spec is not None
    checks = [check for entry in prepared.plan.selected for check in entry.checks]
    return {fault for fault in FAULTS for check in checks if check.rule.breaks(fault, check.stated, spec)}


def test_each_fault_is_proven_once_in_the_normal_tier() -> None:
    proven = {fault for contract in PROVEN for fault in broken_in(contract)}
    assert set(FAULTS) - proven == {HURRIED}
    assert "storage-down" in broken_in(STORAGE)
    assert {fault for path in SYSTEMS for fault in broken_in(path)} <= set(FAULTS) - {HURRIED}


def page_writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("proof_matrix_page", ROOT / "scripts" / "matrix.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look for it
    spec.loader.exec_module(module)
    return module


def case(name: str, violated: str, holds: str, inside: str = "") -> str:
    seen = {"commit": "abc", "violated": violated, "holds": holds, "inconclusive": ""}
    noted = "".join(f'<property name="{key}" value="{value}"/>' for key, value in seen.items())
    return f'<testcase name="{name}"><properties>{noted}</properties>{inside}</testcase>'


def test_the_page_tells_what_was_seen(tmp_path: Path) -> None:
    writer = page_writer()
    cases = (
        case("test_every_fault[no-hsts-one]", "smoke::B smoke::A", "smoke::C"),
        case("test_every_fault[debug-on-two]", "", "smoke::D", "<failure/>"),
    )
    report = tmp_path / "report.xml"
    report.write_text(f'<testsuite timestamp="2026-01-02T03:04:05">{"".join(cases)}</testsuite>')
    cells = writer.read([report], ["one", "two"])
    written = writer.page(cells, ["debug-on", "no-hsts"], {"one": writer.TESTS, "two": writer.TESTS[:1]})
    assert "| one | 2026-01-02 at abc |" in written
    assert "| `no-hsts` | A, B · 1 hold · no bursts | *not run* |" in written
    assert "| `debug-on` | *not run* | none · 1 hold · **not as the rules say** |" in written
    more = ("host-forgotten", "debug-on", "no-hsts")
    kept = writer.page(
        {("no-hsts", "one"): writer.Cell(runs={"later"})}, more, {"one": (), "two": ()}, written
    )
    assert "| `no-hsts` | none · 0 hold | *not run* |" in kept
    assert "| `debug-on` | *not run* | none · 1 hold · **not as the rules say** |" in kept
    assert "| `host-forgotten` | *not run* | *not run* |" in kept
    assert "| one | 2026-01-02 at abc; later |" in kept
    report.write_text("<testsuite/>")
    with pytest.raises(SystemExit, match="expected results"):
        writer.read([report], ["one"])


@each([STORAGE])
@pytest.mark.usefixtures("broken")
def test_storage_that_is_gone(bench: Any, record_property: Note) -> None:
    entries = others(bench)
    assert bench.expected("storage-down", entries)
    compare(bench, "storage-down", entries, record_property)
    assert names(bench.judge(entries), Outcome.HOLDS) == {entry.id for entry in entries}


@each([STORAGE])
@pytest.mark.usefixtures("broken")
def test_a_slow_start_where_a_short_one_is_stated(bench: Any, record_property: Note, tmp_path: Path) -> None:
    prompt = "claims:\n  prompt: {says: soon, at: here, rule: readiness/within, with: {within: 1s}}\n"
    contract = tmp_path / STORAGE.name
    contract.write_text(STORAGE.read_text("utf-8").replace("claims:\n", prompt, 1), "utf-8")
    hurried = replace(bench, prepared=prepare(contract, Options(environment="reference")))
    entries = tuple(entry for entry in hurried.entries if entry.id == "smoke::prompt")
    assert hurried.expected(HURRIED, entries) == {"smoke::prompt"}
    compare(hurried, HURRIED, entries, record_property)


@pytest.mark.nightly
@each(SYSTEMS)
@each_fault
@pytest.mark.usefixtures("broken")
def test_every_fault(bench: Any, fault: str, record_property: Note) -> None:
    compare(bench, fault, others(bench), record_property)


@pytest.mark.nightly
@each(BURSTING)
@each_fault
@pytest.mark.usefixtures("broken")
def test_every_fault_under_bursts(bench: Any, fault: str, record_property: Note) -> None:
    ready = tuple(entry for entry in bench.entries if entry.id == READY)
    compare(bench, fault, (*bursts(bench), *ready), record_property)


@pytest.mark.nightly
@each(SYSTEMS)
def test_ten_times_in_a_row_everything_holds(bench: Any) -> None:
    assert bool(bursts(bench)) == (bench.prepared.path in BURSTING)
    for _ in range(10):
        verdicts = bench.judge(bench.entries)
        rest = {name: one.judgements for name, one in verdicts.items() if one.outcome is not Outcome.HOLDS}
        assert rest == {}


@contextlib.contextmanager
def gate(contract: Path, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Judge a contract on a reference of its own; its process goes with the test."""
    shutil.copytree(contract.parent, home / "system")  # out of reach of this repository's conftest
    (home / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--env=reference"]
    with (home / "said").open("wb") as said:
        process = subprocess.Popen(
            [*command, f"--contract=system/{contract.name}"],
            cwd=home,
            env={**os.environ, "VERIFY_STATE_DIR": str(home / "state"), "PYTHONPATH": str(ROOT)},
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()  # it cleans up what it started
                try:
                    process.wait(GRACE)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()


@pytest.mark.nightly
def test_all_systems_at_once_on_one_machine(tmp_path: Path) -> None:
    homes = {path: tmp_path / path.parent.name for path in SYSTEMS}
    with contextlib.ExitStack() as running:
        gates = [running.enter_context(gate(path, home)) for path, home in homes.items()]
        statuses = [process.wait(PATIENCE) for process in gates]
    said = [(home / "said").read_text("utf-8", "replace") for home in homes.values()]
    assert statuses == [0] * len(SYSTEMS), said
    assert all(" passed" in text for text in said), said
