"""A snapshot of a managed database, restored into an instance of our own that goes again."""

import contextlib
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from verify.drills.errors import DrillError, NotRestorable
from verify.drills.rds import CALL, GOING, KIND, PREFIX, TAG, Database
from verify.drills.refusals import code
from verify.effects.journal import Entry, Journal
from verify.facts.backup import Outcome, RoundTrip, Step
from verify.facts.equality import Comparison
from verify.facts.snapshot import Instance
from verify.model.units import Duration

#: the newest snapshot, the last moment that can be restored, or a Unix time
Point = Literal["snapshot", "latest"] | float
#: seconds for a whole restore
WITHIN = 4 * 3600.0
_SNAPSHOT, _POINT = "RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceToPointInTime"
_EXISTS = frozenset({"DBInstanceAlreadyExists", "DBInstanceAlreadyExistsFault"})
#: states that nothing leads out of by itself
_DEAD = frozenset(
    {"failed", "incompatible-restore", "incompatible-network", "incompatible-parameters",
     "incompatible-option-group", "incompatible-credentials", "insufficient-capacity",
     "storage-full", "inaccessible-encryption-credentials", "restore-error", "deleting"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Where the restored copy answers."""

    name: str
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is done with a restored copy before it goes.

    ``smoke`` asks it the first query and raises ``DrillError`` or ``NotRestorable`` where that is
    not answered; ``verify`` compares it with its source. Each gets the seconds that are left.
    """

    smoke: Callable[[Restored, float], None] | None = None
    verify: Callable[[Restored, float], Comparison] | None = None


def restore(
    database: Database,
    backup: str,
    journal: Journal,
    *,
    to: Point = "snapshot",
    trial: Trial | None = None,
    deadline: float = WITHIN,
) -> RoundTrip:
    """Restore ``to`` a point into a new instance, try it, and remove it again.

    Raise ``DrillError`` with the steps so far, ``NotRestorable`` where the backup is at fault.
    """
    return _Restoration(database, journal, trial or Trial(), deadline).run(backup, to)


class _Restoration:
    def __init__(self, database: Database, journal: Journal, trial: Trial, deadline: float) -> None:
        self._database, self._journal, self._trial = database, journal, trial
        self._deadline, self._began = deadline, time.monotonic()
        run = re.sub("[^a-z0-9]+", "-", journal.run_id.lower())[:32].strip("-")
        self._name = f"{PREFIX}{run}-{secrets.token_hex(4)}"
        self._steps: list[Step] = []

    def run(self, backup: str, to: Point) -> RoundTrip:
        try:
            return self._run(backup, to)
        except DrillError as error:
            raise type(error)(error.stage, error.reason, steps=(*self._steps, *error.steps)) from error

    def _run(self, backup: str, to: Point) -> RoundTrip:
        with self._step("fetch", "DescribeDBInstances"):
            source = self._database.describe(deadline=min(CALL, self._left("fetch")))
            call, arguments, at = _chosen(source, to)
            with self._database.during("fetch", f"describing {source.name}", CALL):
                arguments |= _alike(self._database.found(source.name))
        entry = self._journal.plan(
            KIND, name=self._name, instance=self._name, **self._database.access.details()
        )
        going = 0.0  # an interrupt does not wait for it
        try:
            comparison = self._tried(call, arguments)
            took = time.monotonic() - self._began - self._verifying()
            going = GOING
        except DrillError:
            going = GOING
            raise
        finally:
            self._remove(entry, within=going)
        outcome, reason = _outcome(comparison)
        return RoundTrip(
            backup=backup,
            outcome=outcome,
            stage="verify" if reason else "",
            reason=reason,
            steps=tuple(self._steps),
            comparison=comparison,
            at=at,
            took=Duration(took),
            size=source.size,
            encrypted=source.encrypted,
            versions={source.engine: source.version},
        )

    def _tried(self, call: str, arguments: Mapping[str, Any]) -> Comparison | None:
        with self._step("restore", call):
            self._ask(call, arguments)
            restored = self._available()
        if self._trial.smoke is not None:
            with self._step("smoke", "smoke"):
                self._trial.smoke(restored, self._left("smoke"))
        if self._trial.verify is None:
            return None
        with self._step("verify", "verify"):
            return self._trial.verify(restored, self._left("verify"))

    def _ask(self, call: str, arguments: Mapping[str, Any]) -> None:
        from botocore.exceptions import ClientError

        client = self._database.client
        to_point = call == _POINT
        ask = (
            client.restore_db_instance_to_point_in_time
            if to_point
            else client.restore_db_instance_from_db_snapshot
        )
        name = "TargetDBInstanceIdentifier" if to_point else "DBInstanceIdentifier"
        with self._database.during(
            "restore", f"{call} of {self._database.name}", min(CALL, self._left("restore"))
        ):
            try:
                ask(
                    **{name: self._name},
                    **arguments,
                    PubliclyAccessible=False,
                    MultiAZ=False,
                    DeletionProtection=False,
                    CopyTagsToSnapshot=False,
                    Tags=[{"Key": TAG, "Value": self._journal.run_id}],
                )
            except ClientError as error:
                # the answer to an earlier attempt may have been lost
                if code(error) not in _EXISTS or not self._database.ours(self._name, self._journal.run_id):
                    raise

    def _available(self) -> Restored:
        """Wait until the copy can be asked."""
        while True:
            with self._database.during("restore", f"waiting for {self._name}", CALL):
                found = self._database.found(self._name)
            status = str(found.get("DBInstanceStatus", ""))
            if status == "available":
                endpoint = found.get("Endpoint", {})
                return Restored(
                    name=self._name, host=str(endpoint.get("Address", "")), port=int(endpoint.get("Port", 0))
                )
            if status in _DEAD:
                raise NotRestorable("restore", f"{self._name} ended as {status}: see the instance's events")
            self._database.pause(self._left("restore", f"it is {status}"))

    def _remove(self, entry: Entry, *, within: float) -> None:
        """Remove the copy; what cannot go yet stays recorded for ``clean``."""
        with contextlib.suppress(DrillError), self._step("verify", "DeleteDBInstance"):
            if not self._database.remove(self._name, self._journal.run_id, within=within):
                raise DrillError("restore", f"{self._name} is still being deleted: run `deploy-verify clean`")
            entry.gone()

    @contextlib.contextmanager
    def _step(self, stage: str, call: str) -> Iterator[None]:
        began, words = time.monotonic(), ""
        try:
            yield
        except DrillError as error:
            words = error.reason
            raise
        finally:
            self._steps.append(
                Step(
                    stage=stage,
                    argv=(call, self._name),
                    returncode=1 if words else None,
                    took=Duration(time.monotonic() - began),
                    words=words,
                    timed_out=bool(words) and time.monotonic() >= self._began + self._deadline,
                )
            )

    def _verifying(self) -> float:
        return sum(float(step.took) for step in self._steps if step.stage == "verify")

    def _left(self, stage: str, state: str = "") -> float:
        left = self._began + self._deadline - time.monotonic()
        if left <= 0:
            said = f": {state}" if state else ""
            raise DrillError(stage, f"{self._name} was not restored within {Duration(self._deadline)}{said}")
        return left


def _chosen(source: Instance, to: Point) -> tuple[str, dict[str, Any], float]:
    """Return the call that restores ``to``, what it is called with, and the Unix time it leads to."""
    if to == "snapshot":
        usable = [each for each in source.snapshots if each.usable]
        if not usable:
            states = ", ".join(f"{each.id} is {each.status}" for each in source.snapshots) or "there is none"
            raise NotRestorable("fetch", f"{source.name}: no snapshot can be restored: {states}")
        return _SNAPSHOT, {"DBSnapshotIdentifier": usable[-1].id}, usable[-1].at
    if source.latest is None:
        reason = "no point in time can be restored: automated backups are off, or there is none yet"
        raise NotRestorable("fetch", f"{source.name}: {reason}")
    named: dict[str, Any] = {"SourceDBInstanceIdentifier": source.name}
    if to == "latest":
        return _POINT, {**named, "UseLatestRestorableTime": True}, source.latest
    moment = datetime.fromtimestamp(float(to), UTC)
    if float(to) > source.latest:
        latest = datetime.fromtimestamp(source.latest, UTC)
        raise NotRestorable(
            "fetch", f"{source.name}: {moment:%F %T}Z cannot be restored: the latest is {latest:%F %T}Z"
        )
    return _POINT, {**named, "RestoreTime": moment}, float(to)


def _alike(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return what lets the copy be reached, and answer, as its source does."""
    groups = [each["VpcSecurityGroupId"] for each in source.get("VpcSecurityGroups", ())]
    parameters = [each["DBParameterGroupName"] for each in source.get("DBParameterGroups", ())]
    alike = {
        "DBInstanceClass": source.get("DBInstanceClass"),
        "DBSubnetGroupName": source.get("DBSubnetGroup", {}).get("DBSubnetGroupName"),
        "VpcSecurityGroupIds": groups,
        "DBParameterGroupName": parameters[0] if parameters else None,
    }
    return {name: value for name, value in alike.items() if value}


def _outcome(comparison: Comparison | None) -> tuple[Outcome, str]:
    if comparison is None:
        return Outcome.UNPROVABLE, "it was restored and answers; nothing was compared"
    if comparison.differences:
        return Outcome.DIFFERENT, f"{len(comparison.differences)} differences"
    if not comparison.equal:
        return Outcome.UNPROVABLE, "; ".join(comparison.unprovable) or "there was nothing to compare"
    return Outcome.EQUAL, ""
