"""What a run plans, a fresh `clean` knows how to remove: whatever else it has not imported."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from verify.drills.postgres import sentinel
from verify.effects.leftovers import CannotReap
from verify.effects.record import Record

VERIFY = Path(__file__).parents[3] / "verify"
#: a kind that is planned by its name, or by a constant of its module
PLANNED = re.compile(r'\.plan\(\s*"([a-z0-9-]+)"|^KIND = "([a-z0-9-]+)"', re.MULTILINE)
FRESH = """
import json
from verify.effects.leftovers import REAPERS
from verify.run import leftovers
leftovers.register()
print(json.dumps(sorted(REAPERS)))
"""


def test_every_kind_is_known_to_a_fresh_clean() -> None:
    texts = (path.read_text(encoding="utf-8") for path in VERIFY.rglob("*.py"))
    planned = {one or other for text in texts for one, other in PLANNED.findall(text)}
    assert {"process", "directory", "scratch-database", "sentinel-schema", "s3-object"} <= planned
    argv = [sys.executable, "-c", FRESH]
    known = json.loads(subprocess.run(argv, capture_output=True, check=True, cwd=VERIFY.parent).stdout)
    assert planned - set(known) == set()


def test_a_schema_in_the_runs_own_source_went_with_it() -> None:
    details = {"name": "drill_sentinel_0123456789ab", "server": "a socket", "variable": ""}
    record = Record(run_id="dead", id=1, kind=sentinel.KIND, at=0.0, planned=details)
    assert sentinel.reap(record).startswith("went with its server")


def test_a_schema_in_somebody_elses_source_needs_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOBODYS_SOURCE", raising=False)
    details = {"name": "drill_sentinel_0123456789ab", "server": "shop at x", "variable": "NOBODYS_SOURCE"}
    record = Record(run_id="dead", id=1, kind=sentinel.KIND, at=0.0, planned=details)
    with pytest.raises(CannotReap, match=r"NOBODYS_SOURCE.*DROP SCHEMA drill_sentinel_0123456789ab"):
        sentinel.reap(record)
