"""A drill that says where it is and stays there, to be killed: ``killed.py STATE STAGE ADDRESS``."""

import sys
import threading
from pathlib import Path

from verify.drills.clock import Clock
from verify.drills.postgres.server import workplace
from verify.drills.redis import drill, take
from verify.drills.redis.address import Address
from verify.effects.journal import Journal
from verify.effects.redact import Redactor


def stay(*_: object) -> None:
    """Say that we are here, and wait for the end."""
    sys.stdout.write("here\n")
    sys.stdout.flush()
    threading.Event().wait()


def main(state: Path, stage: str, path: str) -> None:
    """Run the drill up to ``stage``."""
    place = {"take": (take, "compare_live"), "smoke": (drill, "_smoke"), "verify": (drill, "_compared")}[
        stage
    ]
    setattr(*place, stay)
    with Journal.open("killed-redis", state) as journal, workplace(journal) as folder:
        clock = Clock(journal, Redactor(), deadline=20)
        drill.round_trip(drill.Asked(backup="cache"), Address(path=path), folder=folder, clock=clock)


main(Path(sys.argv[1]), *sys.argv[2:])
