"""A part that a machine lacks is a skip with its reason; where it is asked for, as in CI, a failure."""

import ast
import re
from pathlib import Path

import pytest

#: parts that CI cannot install for itself
NOT_IN_CI = frozenset({"docker"})
PACKAGES = {"promtool": "prometheus", "redis": "redis-server"}
NEEDY = """
import pytest

@pytest.mark.needs("git", "no-such-program")
def test_it(): ...
"""


def asked(text: str) -> set[str]:
    """Return the parts that a file of tests asks for."""
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    marks = (call for call in calls if ast.unparse(call.func) == "pytest.mark.needs")
    return {ast.literal_eval(part) for mark in marks for part in mark.args}


@pytest.mark.parametrize(
    ("required", "outcome"),
    [
        (None, "skipped"),
        ("redis,git", "skipped"),
        ("redis,no-such-program", "failed"),
        ("all", "failed"),
    ],
)
def test_a_missing_part(
    root: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, required: str | None, outcome: str
) -> None:
    monkeypatch.delenv("VERIFY_REQUIRE_PARTS", raising=False)
    if required is not None:
        monkeypatch.setenv("VERIFY_REQUIRE_PARTS", required)
    pytester.makeini("[pytest]\nmarkers = needs(part): what the machine has to have")
    pytester.makeconftest((root / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(NEEDY)
    ran = pytester.runpytest_inprocess("-rs", "-p", "no:randomly", "-p", "no:cacheprovider")
    # the missing part fails in the set-up, which pytest counts as an error
    ran.assert_outcomes(**{"errors" if outcome == "failed" else outcome: 1})
    ran.stdout.fnmatch_lines(["*needs no-such-program, which is not on this machine*"])


def test_what_tests_ask_for_is_what_ci_installs_and_requires(root: Path, tracked: list[Path]) -> None:
    files = [path for path in tracked if path.parts[0] == "tests" and path.suffix == ".py"]
    parts = set().union(*(asked((root / path).read_text(encoding="utf-8")) for path in files))
    parts -= {"no-such-program"}
    script = (root / ".ci" / "run").read_text(encoding="utf-8")
    exported = re.search(r"^export VERIFY_REQUIRE_PARTS=(\S+)$", script, re.MULTILINE)
    assert exported is not None
    assert set(exported[1].split(",")) == parts - NOT_IN_CI
    installed = re.search(r"^    for package in (.+); do$", script, re.MULTILINE)
    assert installed is not None
    assert {PACKAGES.get(part, part) for part in parts - NOT_IN_CI} <= set(installed[1].split())


def test_what_asks_git_says_so(request: pytest.FixtureRequest) -> None:
    users = [item for item in request.session.items if "tracked" in getattr(item, "fixturenames", ())]
    assert [item.nodeid for item in users if "git" not in _needs(item)] == []


def _needs(item: pytest.Item) -> set[str]:
    return {part for mark in item.iter_markers("needs") for part in mark.args}
