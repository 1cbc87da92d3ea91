"""Writes docs/reference/faults.md: which claims each fault was seen to violate.

Usage: matrix.py [--keep] [REPORT.xml …]. Without reports the nightly matrix is run first, which
takes an hour or more; the reports are those that it writes with ``--junit-xml``. Later reports
replace what earlier ones say of the same fault and contract. What is written was seen in
these runs; what was not run is said to be so, or with ``--keep`` stays as the page has it,
with its runs beside the new ones.
"""

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "faults.md"
DEADLINE = 6 * 3600.0  # seconds for every fault on every contract
BURSTS = ("rule: rate-limit/", "rule: quota/")
TESTS = ("test_every_fault", "test_every_fault_under_bursts")
UNSEEN = "*not run*"
HEAD = """# What each fault violates

Written by `scripts/matrix.py` from what was seen; do not edit. Each fault of the reference was switched on
in a reference of each contract, and every claim that can be judged on it was judged.

- a cell names the violated claims, then how many hold as they do in the whole system
- *open* claims could not be judged: the system was not ready, a limit refused, or the flow they follow broke
- **not as the rules say** marks what differs from the rules' own `faults` and `breaks`
- *not run* was not looked at; *no bursts* means that the claims that send bursts were left out
- a claim that needs `--watch`, or another environment, is not judged here; one that sums up its suite
  (`gate/green`) has no place: it is violated where any other claim of the suite is
"""


@dataclass
class Cell:
    """What one fault did to one contract."""

    violated: set[str] = field(default_factory=set)
    holds: set[str] = field(default_factory=set)
    inconclusive: set[str] = field(default_factory=set)
    tests: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    exact: bool = True

    def text(self, wanted: Iterable[str]) -> str:
        """Return it as a cell of the table; ``wanted`` are the tests that the contract has."""
        said = [", ".join(sorted(name.partition("::")[2] for name in self.violated)) or "none"]
        said.append(f"{len(self.holds - self.violated - self.inconclusive)} hold")
        if self.inconclusive - self.violated:
            said.append(f"{len(self.inconclusive - self.violated)} open")
        if not self.exact:
            said.append("**not as the rules say**")
        if not self.tests.issuperset(wanted):
            said.append("no bursts")
        return " · ".join(said)


def read(reports: Iterable[Path], systems: Iterable[str]) -> dict[tuple[str, str], Cell]:
    """Return what the reports say, by fault and contract; raise ``SystemExit`` for what is no report."""
    cells: dict[tuple[str, str], Cell] = {}
    known = tuple(systems)
    for report in reports:
        try:
            root = ET.parse(report).getroot()  # noqa: S314 - our own run wrote it
        except (OSError, ET.ParseError) as error:
            raise SystemExit(f"{report}: expected what pytest --junit-xml writes: {error}") from error
        taken = 0
        for suite in root.iter("testsuite"):
            day = suite.get("timestamp", "")[:10]
            taken += sum(_take(cells, case, known, day) for case in suite.iter("testcase"))
        if not taken:
            raise SystemExit(
                f"{report}: expected results of tests/proof/test_matrix.py -m nightly, "
                "with -o junit_family=xunit1"
            )
    return cells


def _properties(element: ET.Element) -> dict[str, str]:
    found = element.find("properties")
    return {} if found is None else {one.get("name", ""): one.get("value", "") for one in found}


def _take(cells: dict[tuple[str, str], Cell], case: ET.Element, systems: tuple[str, ...], day: str) -> bool:
    """Add one test, such as ``test_every_fault[no-hsts-octoco]``; tell whether it is one of the matrix."""
    test, _, rest = case.get("name", "").removesuffix("]").partition("[")
    system = next((name for name in systems if rest.endswith(f"-{name}")), None)
    noted = _properties(case)
    if test not in TESTS or system is None or "violated" not in noted:
        return False
    key = rest.removesuffix(f"-{system}"), system
    if key not in cells or test in cells[key].tests:  # a later report counts
        cells[key] = Cell()
    cell = cells[key]
    cell.tests.add(test)
    cell.runs.add(f"{day} at {noted.get('commit', 'unknown')}")
    for outcome in ("violated", "holds", "inconclusive"):
        getattr(cell, outcome).update(noted[outcome].split())
    cell.exact &= case.find("failure") is None and case.find("error") is None
    return True


def kept(text: str) -> tuple[dict[tuple[str, str], str], dict[str, set[str]]]:
    """Return the cells of a page written before, by fault and contract, and its runs by contract."""
    rows = [
        [one.strip() for one in line.strip("|").split(" | ")]
        for line in text.splitlines()
        if line.startswith("| ")
    ]
    head = next((row for row in rows if row[0] == "fault"), ["fault"])
    faults = [row for row in rows if row[0].startswith("`")]
    cells = {(row[0].strip("`"), name): one for row in faults for name, one in zip(head, row, strict=True)}
    runs = {row[0]: set(row[1].split("; ")) for row in rows if row[0] in head[1:]}
    return {key: cell for key, cell in cells.items() if cell != UNSEEN and key[1] != "fault"}, runs


def page(
    cells: Mapping[tuple[str, str], Cell],
    faults: Iterable[str],
    systems: Mapping[str, Iterable[str]],
    before: str = "",
) -> str:
    """Return the page; ``systems`` are the contracts and the tests that each has.

    Cells that were not seen stay as the page ``before`` has them.
    """
    old, ran = kept(before)
    lines = [HEAD, "| contract | runs |", "|---|---|"]
    for name in systems:
        runs = {one for (_, system), cell in cells.items() if system == name for one in cell.runs}
        runs |= ran.get(name, set()) - {"not run"}
        lines.append(f"| {name} | {'; '.join(sorted(runs)) or 'not run'} |")
    lines += ["", f"| fault | {' | '.join(systems)} |", f"|---|{'---|' * len(systems)}"]
    for fault in faults:
        row = [
            cells[fault, name].text(tests) if (fault, name) in cells else old.get((fault, name), UNSEEN)
            for name, tests in systems.items()
        ]
        lines.append(f"| `{fault}` | {' | '.join(row)} |")
    return "\n".join(lines) + "\n"


def run(report: Path) -> None:
    """Run the nightly matrix; what fails in it is shown in the page."""
    command = [sys.executable, "-m", "pytest", "-m", "nightly", "tests/proof/test_matrix.py"]
    # bursts keep their pace and wait for it: there is room for more of them than processors
    command += [
        "-n",
        str(2 * (os.cpu_count() or 1)),
        "-k",
        "every_fault",
        "-o",
        "junit_family=xunit1",
        f"--junit-xml={report}",
    ]
    subprocess.run(command, cwd=ROOT, check=False, timeout=DEADLINE)


def main(arguments: list[str]) -> None:
    """Write the page."""
    reports = [name for name in arguments if name != "--keep"]
    before = PAGE.read_text("utf-8") if len(reports) < len(arguments) else ""
    from verify.reference.faults import FAULTS

    systems = {}
    for path in sorted(ROOT.glob("systems/*/verify.yaml")):
        bursts = any(word in path.read_text("utf-8") for word in BURSTS)
        systems[path.parent.name] = TESTS if bursts else TESTS[:1]
    with tempfile.TemporaryDirectory() as folder:
        given = [Path(name) for name in reports] or [Path(folder) / "matrix.xml"]
        if not reports:
            run(given[0])
        cells = read(given, systems)
    PAGE.write_text(page(cells, sorted(FAULTS), systems, before), "utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {len(cells)} of {len(FAULTS) * len(systems)} cells seen")


if __name__ == "__main__":
    main(sys.argv[1:])
