"""What a drill costs beside ``pg_dump -Fc`` and ``pg_restore`` of the same database by hand.

By hand means: a custom dump into a file, and ``pg_restore`` of it into an empty database of a server
that runs already; that server is started before, and has the settings of a drill's scratch server (with
``--durable`` those that wait for the disk) but no autovacuum, whose work would be counted.

- Verification: CPU of clients and servers, see ``measure.used``, of fingerprinting both sides, comparing
  them and looking for rows that differ, start of the process included. The copy is what was just restored
  by hand, analyzed as in a drill.
- Overhead: seconds by the clock of ``restore_drill`` without its ``verify`` steps. That holds everything
  that by hand does not have: the scratch server's start and end, the roles, the way into the store and
  back with its sums, ANALYZE, the smoke query.
- Memory: the peak of the process that drills, programs and servers apart, beside that on a tenth of the data.

Figures are medians of rounds in turn; the first is dropped. ``--scale 1`` is a database of 1.0 GB.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from database import database, make, serving
from measure import WITHIN, Row, Used, interleaved, ratio, report, used

from verify.drills.postgres.address import Address
from verify.drills.postgres.server import DURABLE, FAST, Server, scratch_server
from verify.drills.postgres.tools import client
from verify.effects.journal import Journal

_OURS = (sys.executable, Path(__file__).with_name("drilled.py"))
_STAGES = ("take", "store", "fetch", "restore", "indexes", "analyze", "smoke")


class ByHand:
    """Rounds of dump, restore and verification, step by step; each step notes what it used."""

    def __init__(self, source: Server, address: Address, place: Path, *, durable: bool) -> None:
        self.source, self.address, self.place = source, address, place
        self.settings = {**(DURABLE if durable else FAST), "autovacuum": "off"}
        self.programs = client(source.programs.major)
        self.rounds: list[dict[str, Used]] = []

    def run(self) -> float:
        """Do one round; return the seconds by the clock of dump and restore."""
        dump = self.place / "by-hand.dump"
        with self._scratch() as scratch:
            copy = database(scratch, "copy")
            pids = [pid_of(self.source), pid_of(scratch)]
            seen = {
                "dump": used(
                    [self.programs["pg_dump"], "--format=c", f"--file={dump}"],
                    pids,
                    env=self.address.environment(),
                ),
                "restore": used(
                    [self.programs["pg_restore"], f"--dbname={copy.database}", dump],
                    pids,
                    env=copy.environment(),
                ),
                "analyze": used([self.programs["psql"], "-c", "ANALYZE"], pids, env=copy.environment()),
                "verify": used([*_OURS, "verify", self.address.dsn, copy.dsn], pids),
            }
        dump.unlink()
        self.rounds.append(seen)
        return seen["dump"].wall + seen["restore"].wall

    @contextmanager
    def _scratch(self) -> Iterator[Server]:
        with (
            tempfile.TemporaryDirectory(dir=self.place) as state,
            Journal.open("by-hand", Path(state)) as journal,
            scratch_server(journal, major=self.source.programs.major, settings=self.settings) as server,
        ):
            yield server


class Drills:
    """Drills of ``address``; each notes its seconds by stage and its memory."""

    def __init__(self, address: Address, place: Path, *, durable: bool) -> None:
        self.address, self.place, self.durable = address, place, durable
        self.rounds: list[Mapping[str, float]] = []

    def run(self) -> float:
        """Drill once; return the seconds without those of its verification."""
        with tempfile.TemporaryDirectory(dir=self.place) as folder:
            done = subprocess.run(
                [*_OURS, "whole", self.address.dsn, folder, *(["--durable"] if self.durable else [])],
                env=dict(os.environ) | {"VERIFY_STATE_DIR": folder},
                capture_output=True,
                text=True,
                timeout=WITHIN,
                check=False,
            )
        if done.returncode:
            raise SystemExit(f"the drill failed: {done.stderr[-2000:]}")
        seen: dict[str, float] = json.loads(done.stdout)
        self.rounds.append(seen)
        return seen["all"] - seen["verify"]

    def median(self, what: str) -> float:
        return statistics.median(seen.get(what, 0.0) for seen in self.rounds[1:])


def pid_of(server: Server) -> int:
    assert server.service is not None
    return server.service.pid


def tell(hand: ByHand, drills: Drills) -> None:
    """Print where CPU and time went, medians of the rounds."""
    for step in ("dump", "restore", "analyze", "verify"):
        seen = [each[step] for each in hand.rounds[1:]]
        cpu, wall = (
            statistics.median(values) for values in zip(*((e.whole, e.wall) for e in seen), strict=True)
        )
        print(f"  by hand  {step:<8} {cpu:7.2f} CPU s {wall:7.2f} s")
    stages = {stage: drills.median(stage) for stage in (*_STAGES, "verify")}
    stages["between the steps"] = drills.median("all") - sum(stages.values())
    print("  a drill  " + ", ".join(f"{stage} {took:.2f} s" for stage, took in stages.items()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=0.3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--durable", action="store_true", help="restore onto servers that wait for the disk")
    stated = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="drill-") as name, serving(Path(name)) as server:
        place = Path(name)
        address, tenth = database(server, "whole"), database(server, "tenth")
        size, small = make(address, stated.scale), make(tenth, stated.scale / 10)
        machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        how = "durable" if stated.durable else "not durable"
        print(f"PostgreSQL {server.programs.major}, {size / 1e6:.0f} MB, scratch servers {how}, {machine}")
        hand = ByHand(server, address, place, durable=stated.durable)
        drills = Drills(address, place, durable=stated.durable)
        smaller = Drills(tenth, place, durable=stated.durable)
        theirs, ours, _ = interleaved(stated.rounds, hand.run, drills.run, smaller.run)
        tell(hand, drills)
        verifying, restoring = (
            [sum(seen[step].whole for step in steps) for seen in hand.rounds[1:]]
            for steps in (("verify",), ("dump", "restore"))
        )
        analyzed = [wall + seen["analyze"].wall for wall, seen in zip(theirs, hand.rounds[1:], strict=True)]
        memory = drills.median("memory") / smaller.median("memory")
        rows = [
            Row("CPU of verifying both sides, beside dump and restore", ratio(verifying, restoring), 0.4),
            Row("a drill without verifying, by the clock, beside them", ratio(ours, theirs), 1.05),
            Row("the same beside them and ANALYZE", ratio(ours, analyzed)),
            Row(f"memory, {size / 1e6:.0f} MB beside {small / 1e6:.0f} MB", memory, 1.1),
        ]
        print(f"  memory of the process that drills: {drills.median('memory'):.0f} MB")
    return report("drill: beside pg_dump -Fc and pg_restore", rows)


if __name__ == "__main__":
    raise SystemExit(main())
