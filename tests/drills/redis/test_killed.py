"""Killed at any stage: the source is as it was, and nothing is left once it is cleaned up."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from verify.drills.redis.fingerprint import Session, fingerprint
from verify.effects.journal import MARKER, clean
from verify.effects.procfs import carries, processes
from verify.facts.backup import Outcome

pytestmark = pytest.mark.needs("redis")
SCRIPT = Path(__file__).with_name("killed.py")
ROOT = Path(__file__).parents[3]


def held(bench: Any) -> Any:
    with Session(bench.server.address, deadline=20) as session:
        return fingerprint(session, since=0).relations


@pytest.mark.parametrize("stage", ["take", "smoke", "verify"])
def test_killed_while(stage: str, filled: Any, tmp_path: Path) -> None:
    before = held(filled)
    argv = [sys.executable, SCRIPT, tmp_path, stage, filled.server.address.path]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"here\n"
        child.kill()
    reaped = clean(tmp_path)
    assert reaped
    assert all(each.done for each in reaped), reaped
    assert not [each for each in processes() if carries(each, MARKER, "killed-redis")]
    assert not list(Path("/tmp").glob("dv-killed-redis-*"))
    assert held(filled) == before
    assert filled.trip().outcome is Outcome.EQUAL
