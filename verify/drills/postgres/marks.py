"""Points in the life of a source that is written to: two rows of ours, and what it held between them."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.drills.clock import Clock
from verify.drills.errors import DrillError
from verify.drills.postgres import sentinel
from verify.drills.postgres.address import Address
from verify.drills.postgres.fingerprint import fingerprint
from verify.drills.postgres.scratch import connected
from verify.drills.postgres.session import Session, connect
from verify.facts.bracket import bracketed
from verify.facts.equality import Manifest

BEFORE, AFTER = "before", "after"
#: values that a sequence writes ahead to the WAL, which a recovery skips
_AHEAD = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The points to recover to, and what the source held at the first.

    ``at`` is the Unix time between the two rows, ``time`` the same as PostgreSQL reads it,
    ``lsn`` a place behind the second; ``wal`` the segment that it lies in.
    """

    schema: str
    at: float
    time: str
    lsn: str
    wal: str
    committed: float
    timeline: str
    user: str
    database: str
    size: int
    manifest: Manifest


def mark(source: Address, schema: str, clock: Clock, *, jobs: int = 1) -> Marks:
    """Commit the row before, see what the source holds, commit the row after; end the segment."""
    sentinel.write(source, schema, BEFORE)
    with _looking(source, clock) as session:
        first = fingerprint(session, jobs=jobs)
        about = session.about
    with connected(source, stage="take") as connection:
        row = connection.execute(
            "select extract(epoch from now)::float8, now::text,"
            " substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) from clock_timestamp() as now"
        ).fetchone()
    with _looking(source, clock) as session:
        manifest = bracketed(first, fingerprint(session, jobs=jobs))
        manifest = replace(manifest, later=_ahead(session, manifest))
    committed, lsn = sentinel.write(source, schema, AFTER)
    with connected(source, stage="take") as connection:
        wal = connection.execute("select pg_walfile_name(%s::pg_lsn - 1), pg_switch_wal()", [lsn]).fetchone()
    if row is None or wal is None:
        raise DrillError("take", f"{source.words}: its clock could not be read")
    return Marks(
        schema=schema,
        at=float(str(row[0])),
        time=str(row[1]),
        lsn=lsn,
        wal=str(wal[0]),
        committed=committed,
        timeline=str(int(str(row[2]), 16)),
        user=about.user,
        database=about.database,
        size=about.size,
        manifest=manifest,
    )


@contextlib.contextmanager
def _looking(source: Address, clock: Clock) -> Iterator[Session]:
    with (
        clock.call("verify", "fingerprint of the source"),
        connect(source, deadline=clock.deadline, stage="verify") as session,
    ):
        yield session


def _ahead(session: Session, manifest: Manifest) -> dict[str, str]:
    """Return how far each sequence may be ahead after a recovery."""
    rows = session.query(
        b"select format('%%I.%%I', n.nspname, c.relname), s.seqincrement * %s, s.seqmin, s.seqmax"
        b" from pg_sequence s join pg_class c on c.oid = s.seqrelid"
        b" join pg_namespace n on n.oid = c.relnamespace",
        [_AHEAD],
    )
    found = {}
    for name, step, least, most in rows:
        what = f"sequence-value {name}"
        if what in manifest.later:
            value = int(manifest.later[what].split()[0])
            found[what] = f"{min(max(value + step, least), most)} used"
    return found
