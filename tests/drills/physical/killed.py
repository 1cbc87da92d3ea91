"""A recovery that stays where it is, to be killed: ``killed.py STATE STAGE HOST USER ARCHIVE``."""

import sys
import threading
from pathlib import Path

from verify.drills.clock import Clock
from verify.drills.postgres import archiver, physical
from verify.drills.postgres.address import Address
from verify.drills.postgres.server import workplace
from verify.effects.journal import Journal
from verify.effects.redact import Redactor


def stay(*_: object) -> None:
    """Say that we are here, and wait for the end."""
    sys.stdout.write("here\n")
    sys.stdout.flush()
    threading.Event().wait()


def main(state: Path, stage: str, host: str, user: str, archive: str) -> None:
    """Run the drill up to ``stage``."""
    place = {"store": (archiver, "wait_archived"), "smoke": (physical, "_smoke")}[stage]
    setattr(*place, stay)
    source = Address({"host": host, "port": "5432", "user": user, "dbname": "postgres"})
    drill = physical.Physical(
        backup="cluster", source=source, archive=Path(archive), variable="KILLED_SOURCE"
    )
    with Journal.open("killed-physical", state) as journal, workplace(journal) as folder:
        physical.point_in_time(drill, folder=folder, clock=Clock(journal, Redactor(), deadline=60))


main(Path(sys.argv[1]), *sys.argv[2:])
