"""The pipelines of docs/how-to/gate.md, run as they are written, against the reference."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "gate.md"
CONTRACT = """
verify: 1
system: recipe
environments:
  staging:
    reference: {{faults: [{fault}]}}
    readiness: {{within: 3s, interval: 50ms}}
    version: {{header: X-Release}}
endpoints:
  health: {{path: /health/}}
claims:
  R-1: {{says: health, at: here, rule: health/status, with: {{endpoint: health}}}}
  R-2:
    says: headers
    at: here
    rule: headers/present
    with: {{headers: [Strict-Transport-Security], on: [/]}}
"""
#: fault -> what the pipeline has to do
CASES = {"": "promote", "no-hsts": "hold", "health-wrong-status": "roll-back"}


def block(kind: str, heading: str) -> str:
    """Return the first block of a kind below a heading."""
    below = PAGE.read_text().partition(f"\n## {heading}\n")[2]
    found = re.search(rf"^```{kind}\n(.*?)^```", below, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def shell() -> str:
    return block("sh", "A plain shell")


def github() -> str:
    steps = yaml.safe_load(block("yaml", "GitHub Actions"))["jobs"]["gate"]["steps"]
    runs = [step["run"] for step in steps if "run" in step and "pip install" not in step["run"]]
    assert len(runs) == 2
    # `continue-on-error` of the first step
    return f"{runs[0]} || true\n{runs[1]}"


def gitlab() -> str:
    lines = yaml.safe_load(block("yaml", "GitLab"))["gate"]["script"]
    # GitLab ends a script at its first failing line
    return "set -e\n" + "\n".join(line for line in lines if "pip install" not in line)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in CASES.values():
        file = tmp_path / name
        file.write_text(f'#!/bin/sh\necho "{name} $1" >> done.txt\n')
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


@pytest.mark.parametrize("fault", CASES)
@pytest.mark.parametrize("recipe", [shell, github, gitlab])
def test_a_pipeline_goes_on_by_the_decision(place: Path, recipe: Any, fault: str) -> None:
    (place / "verify.yaml").write_text(CONTRACT.format(fault=fault))
    (place / "gate").write_text(recipe())
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_SHA": "1.0.0",
        "CI_COMMIT_SHA": "1.0.0",
        "GITHUB_STEP_SUMMARY": str(place / "summary"),
        "VERIFY_STATE_DIR": str(place / "state"),
    }
    ran = subprocess.run(
        ["sh", "./gate", "staging", "1.0.0"],
        cwd=place,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    expected = CASES[fault]
    assert (place / "done.txt").read_text() == f"{expected} 1.0.0\n", ran.stdout + ran.stderr
    assert (ran.returncode == 0) == (expected != "hold")


def test_what_could_not_start_is_held(place: Path) -> None:
    (place / "verify.yaml").write_text("verify: 2\n")
    (place / "reports").mkdir()
    (place / "reports" / "verdict.json").write_text('{"decision": "promote"}')
    (place / "gate").write_text(shell())
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    ran = subprocess.run(
        ["sh", "./gate", "staging", "1.0.0"],
        cwd=place,
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (place / "done.txt").read_text() == "hold 1.0.0\n"
    assert ran.returncode == 1
