"""Writes docs/reference/faults.md: which claims each fault was seen to violate.

Usage: matrix.py [REPORT.xml …]. Without reports the nightly matrix is run first, which takes
an hour or more; the reports are those that it writes with ``--junit-xml``. Later reports
replace what earlier ones say of the same fault and contract. What is written was seen in
these runs; what was not run is left open, and a run that did not end is refused.
"""

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "faults.md"
DEADLINE = 6 * 3600.0  # seconds for every fault on every contract
TESTS = ("test_every_fault", "test_every_fault_under_bursts")
HEAD = """# What each fault violates

Written by `scripts/matrix.py` from what was seen; do not edit. Each fault of the reference was switched on
in a reference of each contract, and every claim that can be judged on it was judged.

- a cell names the violated claims, then how many hold as they do in the whole system
- *open* claims could not be judged: the system was not ready, or a limit refused
- **not as the rules say** marks what differs from the rules' own `faults` and `breaks`
- *not run* was not looked at; *no bursts* means that the claims that send bursts were left out
- a claim that needs `--watch`, or another environment, is not judged here
"""


@dataclass
class Cell:
    """What one fault did to one contract."""

    violated: set[str] = field(default_factory=set)
    holds: set[str] = field(default_factory=set)
    inconclusive: set[str] = field(default_factory=set)
    tests: set[str] = field(default_factory=set)
    exact: bool = True

    def text(self, wanted: Iterable[str]) -> str:
        """Return it as a cell of the table; ``wanted`` are the tests that the contract has."""
        said = [", ".join(sorted(name.partition("::")[2] for name in self.violated)) or "–"]
        said.append(f"{len(self.holds - self.violated - self.inconclusive)} hold")
        if self.inconclusive - self.violated:
            said.append(f"{len(self.inconclusive - self.violated)} open")
        if not self.exact:
            said.append("**not as the rules say**")
        if not self.tests.issuperset(wanted):
            said.append("no bursts")
        return " · ".join(said)


@dataclass
class Seen:
    """Everything that the reports say: cells by fault and contract, and where they come from."""

    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)
    runs: dict[str, set[str]] = field(default_factory=dict)
    bursting: set[str] = field(default_factory=set)


def read(reports: Iterable[Path], systems: Iterable[str]) -> Seen:
    """Return what the reports say; raise ``SystemExit`` where one says nothing of the matrix."""
    seen, known = Seen(), tuple(systems)
    for report in reports:
        before = len(seen.cells)
        for suite in ET.parse(report).getroot().iter("testsuite"):  # noqa: S314 - our own run wrote it
            run = f"{suite.get('timestamp', '')[:10]} at {_properties(suite).get('commit', 'unknown')}"
            for case in suite.iter("testcase"):
                _take(seen, case, known, run)
        if len(seen.cells) == before and not seen.cells:
            raise SystemExit(f"{report}: expected results of tests/proof/test_matrix.py: run it to its end")
    return seen


def _properties(element: ET.Element) -> dict[str, str]:
    found = element.find("properties")
    return {} if found is None else {one.get("name", ""): one.get("value", "") for one in found}


def _take(seen: Seen, case: ET.Element, systems: tuple[str, ...], run: str) -> None:
    """Add one test: ``test_every_fault[no-hsts-octoco]``."""
    test, _, rest = case.get("name", "").removesuffix("]").partition("[")
    system = next((name for name in systems if rest.endswith(f"-{name}")), None)
    noted = _properties(case)
    if test not in TESTS or system is None or "violated" not in noted:
        return
    key = rest.removesuffix(f"-{system}"), system
    cell = seen.cells.setdefault(key, Cell())
    if test in cell.tests:  # a later report counts
        cell = seen.cells[key] = Cell()
    cell.tests.add(test)
    for outcome in ("violated", "holds", "inconclusive"):
        getattr(cell, outcome).update(noted[outcome].split())
    cell.exact &= case.find("failure") is None and case.find("error") is None
    seen.runs.setdefault(system, set()).add(run)


def page(seen: Seen, faults: Iterable[str], systems: Iterable[str], bursting: Iterable[str]) -> str:
    """Return the page."""
    listed, sends = tuple(systems), frozenset(bursting)
    lines = [HEAD, "| contract | run |", "|---|---|"]
    lines += [f"| {name} | {'; '.join(sorted(seen.runs.get(name, {'not run'})))} |" for name in listed]
    lines += ["", f"| fault | {' | '.join(listed)} |", f"|---|{'---|' * len(listed)}"]
    for fault in faults:
        cells = []
        for name in listed:
            cell = seen.cells.get((fault, name))
            cells.append("*not run*" if cell is None else cell.text(TESTS if name in sends else TESTS[:1]))
        lines.append(f"| `{fault}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def run(report: Path) -> None:
    """Run the nightly matrix; what fails in it is shown in the page."""
    command = [sys.executable, "-m", "pytest", "-m", "nightly", "tests/proof/test_matrix.py"]
    command += ["-k", "every_fault", "-o", "junit_family=xunit1", f"--junit-xml={report}"]
    subprocess.run(command, cwd=ROOT, check=False, timeout=DEADLINE)


def main(reports: list[str]) -> None:
    """Write the page."""
    from verify.reference.faults import FAULTS

    contracts = sorted(ROOT.glob("systems/*/verify.yaml"))
    systems = [path.parent.name for path in contracts]
    bursting = [
        path.parent.name
        for path in contracts
        if any(word in path.read_text("utf-8") for word in ("rule: rate_limit/", "rule: quota/"))
    ]
    with tempfile.TemporaryDirectory() as folder:
        given = [Path(name) for name in reports] or [Path(folder) / "matrix.xml"]
        if not reports:
            run(given[0])
        seen = read(given, systems)
    PAGE.write_text(page(seen, sorted(FAULTS), systems, bursting), "utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {len(seen.cells)} of {len(FAULTS) * len(systems)} cells seen")


if __name__ == "__main__":
    main(sys.argv[1:])
