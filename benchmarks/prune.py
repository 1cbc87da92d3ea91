"""What it takes to replay 400 days of the backup and prune scripts of the systems that we verify.

Each day a script starts some thirty programs, `date` and `sed` and what stands in for `pg_dump` and
`aws`; after the last good dump follow fifty more runs. CPU is that of all of them and of ours.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

from measure import Row, report

from verify.contract.backup import Command
from verify.drills.prune.replay import Plan, replay
from verify.facts.schedule import Schedule

_SYSTEMS = Path(__file__).parents[1] / "systems"
_SCRIPTS = {"leather_api": "db_backup.sh", "atlas_investor": "backup.sh", "mdc_tts": "backup.sh"}
_ENV = {
    "DATABASE_URL": "{source}",
    "BACKUP_DIR": "{folder}",
    "BACKUP_BUCKET": "{bucket}",
    "BACKUP_KEY": "{key}",
}
_WITHIN = 900.0
_DAYS = 400


def seconds(system: str, script: str, days: int) -> tuple[float, float]:
    """Return the seconds by the clock and of CPU that one replay takes."""
    plan = Plan(
        backup="database",
        commands=[Command(run=f"./scripts/{script}", env=_ENV, within="60s")],
        cwd=_SYSTEMS / system,
        schedule=Schedule.parse("0 2 * * *", "UTC"),
        store="s3://our-backups",
        days=days,
    )
    with tempfile.TemporaryDirectory() as root:
        before, began = _spent(), time.monotonic()
        seen = replay(plan, Path(root), deadline=_WITHIN)
        took = time.monotonic() - began
    if seen.ended:
        raise SystemExit(f"{system}: {seen.ended[0].words}")
    return took, _spent() - before


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=_DAYS)
    stated = parser.parse_args()
    rows = []
    for system, script in _SCRIPTS.items():
        took, cpu = seconds(system, script, stated.days)
        rows.append(Row(f"{system}, by the clock", took, 10.0 if stated.days == _DAYS else None, " s"))
        rows.append(Row(f"{system}, CPU", cpu, unit=" s"))
    load = os.getloadavg()[0]
    return report(f"prune: a replay of {stated.days} days, {os.cpu_count()} cores, load {load:.1f}", rows)


if __name__ == "__main__":
    raise SystemExit(main())
