"""The code of the smoke rules is changed in small ways; nine changes of ten must be noticed."""

import subprocess
import sys
from pathlib import Path

import pytest

LEAST = 90  # percent
DEADLINE = 3600  # seconds; it takes minutes, and a machine may be busy


def mutate(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.mutate", *arguments],
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )


@pytest.mark.nightly
def test_changes_of_the_rules_are_noticed(root: Path) -> None:
    done = mutate(root, "--least", str(LEAST), "--survivors")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.nightly
def test_a_share_that_is_missed_fails(root: Path) -> None:
    done = mutate(root, "--least", "100.1", "--only", "rules.tls.floor")
    assert done.returncode == 1, done.stderr
    assert "noticed " in done.stdout
