"""A managed database (RDS): described, watched, and what is ours removed."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from verify.drills.aws import Access, Amazon
from verify.drills.errors import DrillError
from verify.drills.refusals import code
from verify.effects.journal import Record, reaper
from verify.effects.leftovers import CannotReap
from verify.effects.redact import Redactor
from verify.facts.snapshot import Instance, Snapshot
from verify.model.units import Duration

#: an instance of ours is so named, and tagged with the run's id
PREFIX, TAG = "drill-", "verify-run"
KIND = "rds-instance"
#: seconds between two looks at an instance's state: no call waits for a change
POLL = 15.0
#: seconds for a call, and for an instance to go
CALL, GOING = 60.0, 1800.0
_GONE = frozenset({"DBInstanceNotFound", "DBInstanceNotFoundFault"})
_DAY, _GIB = 86400, 1 << 30


class Database:
    """One instance, and its snapshots."""

    def __init__(
        self,
        name: str,
        access: Access,
        *,
        redactor: Redactor,
        environ: Mapping[str, str] | None = None,
        writes: bool = False,
        poll: float = POLL,
    ) -> None:
        """Read the credentials; nothing is sent yet. ``writes`` allows to restore and to remove."""
        self.name, self.access = name, access
        self._amazon = Amazon("rds", access, stage="fetch", redactor=redactor, environ=environ, writes=writes)
        self._poll = poll
        self._closed = threading.Event()
        self.client = self._amazon.client

    def during(self, stage: str, what: str, deadline: float) -> AbstractContextManager[None]:
        """Bound what is asked in the block, as ``Amazon.during`` does."""
        return self._amazon.during(stage, what, deadline)

    def close(self) -> None:
        """Close the connections. Safe to repeat."""
        self._closed.set()
        self._amazon.close()

    def describe(self, *, deadline: float = CALL) -> Instance:
        """Return the instance and its snapshots; raise ``DrillError``."""
        with self.during("fetch", f"describing {self.name}", deadline):
            found = self.found(self.name)
            return Instance(
                name=self.name,
                at=time.time(),
                region=self.access.region,
                status=str(found.get("DBInstanceStatus", "")),
                engine=str(found.get("Engine", "")),
                version=str(found.get("EngineVersion", "")),
                retention=Duration(int(found.get("BackupRetentionPeriod", 0)) * _DAY),
                window=str(found.get("PreferredBackupWindow", "")),
                latest=_unix(found.get("LatestRestorableTime")),
                multi_az=bool(found.get("MultiAZ")),
                encrypted=bool(found.get("StorageEncrypted")),
                size=int(found.get("AllocatedStorage", 0)) * _GIB,
                snapshots=tuple(sorted(self._snapshots(), key=lambda each: (each.at, each.id))),
            )

    def found(self, name: str) -> Mapping[str, Any]:
        """Return what is said of an instance; within ``during``."""
        answer = self.client.describe_db_instances(DBInstanceIdentifier=name)
        found: Mapping[str, Any] = answer["DBInstances"][0]
        return found

    def ours(self, name: str, run_id: str) -> bool:
        """Say whether an instance is named and tagged as the run's; within ``during``."""
        tags = {each["Key"]: each["Value"] for each in self.found(name).get("TagList", ())}
        return name.startswith(PREFIX) and name != self.name and tags.get(TAG) == run_id

    def pause(self, most: float) -> None:
        """Wait until it is worth looking again, or until ``close``; at most ``most`` seconds."""
        if self._closed.wait(min(self._poll, most)):
            raise DrillError("restore", "the run is over")

    def remove(self, name: str, run_id: str, *, within: float) -> bool:
        """Remove an instance of the run, without a last snapshot; say whether it is gone already.

        Raise ``DrillError`` for one that is not the run's. ``within`` seconds are waited for it.
        """
        until = time.monotonic() + within
        with self.during("restore", f"removing {name}", CALL):
            if self._state(name) is None:
                return True
            if not self.ours(name, run_id):
                raise DrillError("restore", f"{name} does not bear this run's mark: it stays")
            if self._state(name) != "deleting":
                self.client.delete_db_instance(
                    DBInstanceIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
                )
        while True:
            with self.during("restore", f"waiting for {name} to go", CALL):
                if self._state(name) is None:
                    return True
            if time.monotonic() >= until:
                return False
            self.pause(max(0.0, until - time.monotonic()))

    def _state(self, name: str) -> str | None:
        from botocore.exceptions import ClientError

        try:
            return str(self.found(name).get("DBInstanceStatus", ""))
        except ClientError as error:
            if code(error) in _GONE:
                return None
            raise

    def _snapshots(self) -> Iterator[Snapshot]:
        pages = self.client.get_paginator("describe_db_snapshots").paginate(DBInstanceIdentifier=self.name)
        for page in pages:
            for each in page["DBSnapshots"]:
                made = _unix(each.get("OriginalSnapshotCreateTime") or each.get("SnapshotCreateTime"))
                yield Snapshot(
                    id=str(each["DBSnapshotIdentifier"]),
                    at=made or 0.0,
                    status=str(each.get("Status", "")),
                    kind=str(each.get("SnapshotType", "")),
                    size=int(each.get("AllocatedStorage", 0)) * _GIB,
                    encrypted=bool(each.get("Encrypted")),
                )


def _unix(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


@reaper(KIND)
def reap(record: Record) -> str:
    """Remove the instance that a killed run restored into, with the credentials that the contract named."""
    details = record.details
    access = Access.of(details)
    if access.passing:
        return "went with the reference"
    try:
        database = Database("", access, redactor=Redactor(), writes=True)
        try:
            gone = database.remove(str(details["instance"]), record.run_id, within=0.0)
        finally:
            database.close()
    except DrillError as error:
        raise CannotReap(f"{error.reason}: clean again, or remove it by hand") from error
    if not gone:
        raise CannotReap("it is being deleted: clean again in some minutes")
    return "was gone already or is gone now"
