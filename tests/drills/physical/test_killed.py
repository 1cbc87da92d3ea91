"""Killed at any stage: our schema is gone from the source, and so is everything we started."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from verify.effects.journal import MARKER, clean
from verify.effects.procfs import carries, processes

pytestmark = pytest.mark.needs("postgresql")
SCRIPT = Path(__file__).with_name("killed.py")
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("stage", ["store", "smoke"])
def test_killed_while(stage: str, bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = "select count(*) from pg_namespace where nspname like 'drill_sentinel%'"
    before, rows = bench.one(count), bench.one("select count(*) from customer")
    where = bench.source.parameters
    argv = [sys.executable, SCRIPT, tmp_path, stage, where["host"], where["user"], bench.archive]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"here\n"
        child.kill()
    left = 1 if stage == "store" else 0
    assert bench.one(count) == before + left
    undone = [each for each in clean(tmp_path) if not each.done]
    assert [each.kind for each in undone] == ["sentinel-schema"] * left
    assert all("KILLED_SOURCE" in each.how and "by hand" in each.how for each in undone)
    monkeypatch.setenv("KILLED_SOURCE", bench.source.dsn)
    assert all(each.done for each in clean(tmp_path))
    assert bench.one(count) == before
    assert bench.one("select count(*) from customer") == rows
    assert not [each for each in processes() if carries(each, MARKER, "killed-physical")]
    assert not list(Path("/tmp").glob("dv-killed-physical-*"))
