"""What ``drill.py`` measures of ours, each in a process of its own: ``verify`` and ``whole``.

``verify SOURCE COPY`` looks at both sides as ``restore_drill`` does, and at nothing else. ``whole SOURCE
FOLDER`` is one drill onto a server of its own, and prints its seconds and its memory as JSON.
"""

import argparse
import json
import re
import time
from collections import defaultdict
from pathlib import Path

from verify.drills.postgres.address import Address
from verify.drills.postgres.engines import Dumps
from verify.drills.postgres.fingerprint import fingerprint
from verify.drills.postgres.roundtrip import Drill, restore_drill
from verify.drills.postgres.rows import locate
from verify.drills.postgres.session import connect
from verify.drills.postgres.target import MACHINE
from verify.drills.store.base import Using
from verify.drills.store.folder import FolderStore
from verify.effects.journal import Journal
from verify.effects.redact import Redactor
from verify.facts.backup import Outcome
from verify.facts.equality import compare

WITHIN = 3600.0
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def verify(source: Address, copy: Address) -> None:
    with connect(source, deadline=WITHIN, stage="take") as ours:
        seen = fingerprint(ours)
        with connect(copy, deadline=WITHIN) as theirs:
            found = fingerprint(theirs)
            compared = compare(seen, found, apart=MACHINE)
            compared = locate(compared, seen, found, ours=ours, theirs=theirs)
    if not compared.equal:
        raise SystemExit(f"the copy is not equal: {compared.differences[:3]} {compared.unprovable[:3]}")


def whole(source: Address, folder: Path, *, durable: bool) -> dict[str, float]:
    """Return seconds by stage, ``all`` of them, and ``memory`` in MB at its most."""
    kept = folder / "store"
    kept.mkdir()
    with Journal.open("benchmark", folder) as journal:
        redactor = Redactor()
        drill = Drill(
            backup="benchmark",
            engine=Dumps(),
            store=FolderStore(kept, Using(journal=journal, redactor=redactor)),
            journal=journal,
            redactor=redactor,
            source=source,
            deadline=WITHIN,
            durable=durable,
        )
        began = time.monotonic()
        trip = restore_drill(drill)
        took = time.monotonic() - began
    if trip.outcome is not Outcome.EQUAL:
        raise SystemExit(f"the drill ended {trip.outcome.value} at {trip.stage}: {trip.reason}")
    stages: defaultdict[str, float] = defaultdict(float)
    for step in trip.steps:
        stages[step.stage] += step.took
    return {**stages, "all": took, "memory": peak()}


def peak() -> float:
    """Return the most memory that this process held, in MB.

    Not what ``wait4`` says of it: that is at least what its parent held when it was started.
    """
    found = _PEAK.search(Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("verify", "whole"))
    parser.add_argument("source", type=Address.parse)
    parser.add_argument("other", help="the copy's address, or an empty folder")
    parser.add_argument("--durable", action="store_true")
    stated = parser.parse_args()
    if stated.what == "verify":
        verify(stated.source, Address.parse(stated.other))
    else:
        print(json.dumps(whole(stated.source, Path(stated.other), durable=stated.durable)))


if __name__ == "__main__":
    main()
