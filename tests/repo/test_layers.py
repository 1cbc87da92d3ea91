"""The contracts of import-linter break when they should."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BREAKS = {
    "One direction of import": ("verify/facts/files.py", "import verify.judge.registry"),
    "A rule knows no other rule": ("verify/rules/redirect/https.py", "import verify.rules.tls.chain"),
    "What judges cannot look": ("verify/judge/verdict.py", "import subprocess"),
    "The model needs no library": ("verify/model/units.py", "import yaml"),
}


@pytest.fixture(scope="module")
def said(copied: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What it says of a copy that breaks each contract once."""
    tree = tmp_path_factory.mktemp("layers") / "tree"
    shutil.copytree(copied, tree)
    for name, line in BREAKS.values():
        path = tree / name
        path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    (tree / "verify" / "unplaced").mkdir()
    (tree / "verify" / "unplaced" / "__init__.py").write_text("")
    linter = "import sys; from importlinter.cli import lint_imports_command as run; run(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", linter, "--no-cache"],
        cwd=tree,
        env={"PYTHONPATH": str(tree), "PATH": "", "COLUMNS": "200"},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("contract", BREAKS)
def test_it_breaks(contract: str, said: str) -> None:
    assert f"{contract} BROKEN" in said


def test_a_folder_without_a_place_is_named(said: str) -> None:
    assert "unplaced" in said
