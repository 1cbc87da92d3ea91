"""Installed and unused, the plugin loads nothing but itself."""

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

COLLECTED_NOTHING = 5
OURS = "pytest_deploy_verify"


CONFTEST = """
import sys

def pytest_unconfigure():
    with open("modules.txt", "w") as file:
        file.write("\\n".join(sys.modules))
"""


def modules(folder: Path, *arguments: str) -> set[str]:
    """Return the modules that an idle `pytest --collect-only` of an empty project has imported."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(CONFTEST)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VERIFY_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *arguments],
        cwd=folder,
        env=environment | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == COLLECTED_NOTHING, done.stdout + done.stderr
    return set((folder / "modules.txt").read_text().splitlines())


def test_it_imports_only_the_standard_library(tmp_path: Path) -> None:
    without = modules(tmp_path)
    added = modules(tmp_path, "-p", OURS) - without
    assert OURS in added
    assert {name.partition(".")[0] for name in added} - {OURS} <= sys.stdlib_module_names
    assert len(added) <= 4, sorted(added)


def test_pytest_finds_it() -> None:
    (found,) = (point for point in entry_points(group="pytest11") if point.name == "deploy-verify")
    assert found.value == OURS
