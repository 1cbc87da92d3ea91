"""A managed database takes and keeps snapshots as stated.

Automated backups are on where they are kept for at least a day; with them any moment until some
minutes ago can be restored. A window that was changed, a retention that was lowered for a test, or
a standby that was saved away shows in no dashboard before it is needed.

Fix: `aws rds modify-db-instance` with the stated values. Encryption can only be chosen when an
instance is made: copy a snapshot with a key, and restore that.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.snapshot import Instance, Snapshot, Snapshots
from verify.rules import BackupName, Duration, Finding, Seen, Stated, given, rule, seconds

DAY = 86400


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, and of its instance what is stated.

    `retention` is the least, `window` in UTC as in `03:00-04:00`, `latest` the greatest age of the
    last moment that can be restored, `newest` that of the newest snapshot.
    """

    backup: BackupName
    retention: Duration = seconds(DAY)
    window: str | None = None
    latest: Duration | None = None
    newest: Duration | None = None
    multi_az: bool = False
    encrypted: bool = False

    def needs(self) -> dict[str, Snapshots]:
        """Ask for the instance."""
        return {"instance": Snapshots(backup=self.backup)}


STATED = Params(
    backup="database", retention=seconds(30 * DAY), window="03:00-04:00", latest=seconds(600),
    newest=seconds(DAY), multi_az=True, encrypted=True,
)  # fmt: skip
ONE = Snapshot(id="a", at=9 * DAY, status="available", kind="automated", size=1, encrypted=True)
GOOD = Instance(
    name="app", at=10 * DAY, region="eu-west-1", status="available", engine="postgres", version="16.4",
    retention=seconds(30 * DAY), window="03:00-04:00", latest=10 * DAY - 300, multi_az=True,
    encrypted=True, size=1, snapshots=(ONE,),
)  # fmt: skip
HOLDS = given(STATED, instance=GOOD)
FAILS = [
    given(STATED, instance=replace(GOOD, retention=seconds(0))),
    given(STATED, instance=replace(GOOD, window="04:00-05:00")),
    given(STATED, instance=replace(GOOD, latest=None)),
    given(STATED, instance=replace(GOOD, latest=10 * DAY - 601)),
    given(STATED, instance=replace(GOOD, snapshots=(replace(ONE, at=9 * DAY - 1),))),
    given(STATED, instance=replace(GOOD, snapshots=(replace(ONE, status="creating"),))),
    given(STATED, instance=replace(GOOD, multi_az=False)),
    given(STATED, instance=replace(GOOD, encrypted=False)),
]


@rule(severity="error", faults=["snapshots-off"], refs=["Amazon RDS: Introduction to backups"])
def check(instance: Instance, stated: Params) -> Iterator[Finding | Seen]:
    """Compare each stated value."""
    yield Seen(instance.retention, limit=stated.retention, what="kept", better="higher")
    if instance.retention < stated.retention:
        kept = instance.retention.beside(stated.retention)
        yield Finding(instance.name, "snapshots are kept too short", str(stated.retention), kept)
    if stated.window is not None and instance.window != stated.window:
        yield Finding(instance.name, "another window", stated.window, instance.window)
    usable = [each.at for each in instance.snapshots if each.usable]
    yield from aged("the last moment that can be restored", instance, instance.latest, stated.latest)
    yield from aged("the newest snapshot", instance, max(usable, default=None), stated.newest)
    for name, wanted, seen in (
        ("standby in another zone", stated.multi_az, instance.multi_az),
        ("encryption", stated.encrypted, instance.encrypted),
    ):
        if wanted and not seen:
            yield Finding(instance.name, f"no {name}", name, "none")


def aged(what: str, instance: Instance, at: float | None, most: Duration | None) -> Iterator[Finding | Seen]:
    """Compare an age with the greatest that is stated."""
    if most is None:
        return
    age = None if at is None else seconds(max(0.0, instance.at - at))
    yield Seen("none" if age is None else age, limit=most, what=what)
    if age is None or age > most:
        seen = "none" if age is None else age.beside(most)
        yield Finding(instance.name, f"{what} is too old", str(most), seen)
