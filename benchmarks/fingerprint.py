"""CPU of fingerprinting a database, one side, beside ``pg_dump > /dev/null`` of the same one.

CPU is the client's process, its start included, and the server's, see ``measure.used``. The server has no
autovacuum. Each figure is the median of rounds in turn. With ``--scale 1`` the database has 1.0 GB; the
client's memory is compared with that of a tenth of it.

reladiff is compared where it is found: ``python -m venv DIR; DIR/bin/pip install reladiff
psycopg2-binary``, then ``--reladiff DIR/bin/reladiff``. It looks at both sides
in one process, so ours does, too, for these rows.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

import measure
from database import database, make, serving
from measure import Row, Used, interleaved, ratio, report

from verify.drills.postgres.address import Address
from verify.drills.postgres.server import Server
from verify.drills.postgres.tools import client

_ONE = """
import sys
from verify.drills.postgres.session import connect
from verify.drills.postgres.fingerprint import fingerprint
for side in range(2 if sys.argv[3:] else 1):
    with connect(sys.argv[1], deadline=3600) as session:
        seen = fingerprint(session, buckets=sys.argv[2] == "buckets", only=sys.argv[3:] or None)
    assert seen.relations
"""


def used(
    server: Server, command: Sequence[str | Path], *, env: dict[str, str] | None = None, says: bytes = b""
) -> Used:
    assert server.service is not None
    return measure.used(command, [server.service.pid], env=env, says=says)


def ours(server: Server, address: Address, how: str, *only: str) -> Used:
    return used(server, [sys.executable, "-c", _ONE, address.dsn, how, *only])


def against_reladiff(server: Server, address: Address, program: str) -> list[Row]:
    """Compare table by table with all columns; it cannot read them all."""
    rows = []
    for name, key in (("accounts", "aid"), ("orders", "id"), ("customer", "id")):
        at = address.parameters
        url = f"postgresql://{at['user']}:none@{quote(at['host'], safe='')}:{at['port']}/{address.database}"
        command = [program, url, name, url, name, "-k", key, "-c", "%", "-a", "hashdiff", "-v"]
        mine = ours(server, address, "buckets", f"public.{name}")
        try:
            theirs = used(server, command, says=b"Duration:")  # it ends with 0 on errors, too
        except SystemExit as error:
            print(f"  reladiff cannot compare {name}: {' '.join(str(error).split())[-160:]}")
            continue
        print(f"  {name}: ours {mine.whole:.2f} CPU s, reladiff {theirs.whole:.2f}, each for both sides")
        rows.append(Row(f"{name}, both sides, beside reladiff", mine.whole / (theirs.whole), 1 / 3))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--reladiff", default=shutil.which("reladiff"), help="its program")
    stated = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fingerprint-") as place, serving(Path(place)) as server:
        address, tenth = database(server, "whole"), database(server, "tenth")
        size, small = make(address, stated.scale), make(tenth, stated.scale / 10)
        programs = client(server.programs.major)
        version = subprocess.run(
            [programs["pg_dump"], "--version"], capture_output=True, text=True, check=True
        )
        machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        print(f"{version.stdout.strip()}, {size / 1e6:.0f} MB, {machine}")
        every: list[list[Used]] = [[], [], []]

        def noted(place: int, measure: Callable[[], Used]) -> Callable[[], float]:
            def run() -> float:
                every[place].append(measure())
                return every[place][-1].whole

            return run

        dump, buckets, plain = interleaved(
            stated.rounds,
            noted(0, lambda: used(server, [programs["pg_dump"]], env=address.environment())),
            noted(1, lambda: ours(server, address, "buckets")),
            noted(2, lambda: ours(server, address, "plain")),
        )
        for name, found in zip(("pg_dump > /dev/null", "with buckets", "without"), every, strict=True):
            for each in found[1:]:
                share = f"client {each.client:6.2f}  server {each.server:6.2f} CPU s"
                print(f"  {name:<20} {share}  {each.memory:5.0f} MB")
        memory = every[1][-1].memory / ours(server, tenth, "buckets").memory
        rows = [
            Row("fingerprint with buckets", ratio(buckets, dump), 1.3),
            Row("fingerprint without", ratio(plain, dump), 1.1),
            Row(f"client's memory, {size / 1e6:.0f} MB beside {small / 1e6:.0f} MB", memory, 1.1),
        ]
        if stated.reladiff:
            rows += against_reladiff(server, address, stated.reladiff)
        else:
            print("  reladiff is not installed: see the top of this file")
    return report("fingerprint: CPU beside pg_dump > /dev/null", rows)


if __name__ == "__main__":
    raise SystemExit(main())
