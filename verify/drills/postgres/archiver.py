"""The archiver of a server: what it says of itself, and waiting until it has done its part."""

import threading
import time

from verify.drills.clock import Clock
from verify.drills.errors import DrillError
from verify.drills.postgres.address import Address
from verify.drills.postgres.scratch import connected
from verify.drills.postgres.session import Session
from verify.facts.archive import Archiving, segment_end
from verify.model.units import Duration

_LOOK = 0.05
#: the archiver tries so often, then rests for a minute
_TRIES = 3
_QUERY = b"""
    select extract(epoch from clock_timestamp())::float8,
           current_setting('archive_mode') <> 'off'
               and (not pg_is_in_recovery() or current_setting('archive_mode') = 'always'),
           a.archived_count, a.failed_count,
           extract(epoch from a.last_archived_time)::float8, extract(epoch from a.last_failed_time)::float8,
           coalesce(a.last_failed_wal, ''), coalesce(a.last_archived_wal, ''),
           (case when pg_is_in_recovery() then pg_last_wal_replay_lsn()
                 else pg_current_wal_lsn() end - '0/0'::pg_lsn)::int8,
           pg_size_bytes(current_setting('wal_segment_size'))::int8,
           (select setting::int from pg_settings where name = 'archive_timeout'),
           extract(epoch from a.stats_reset)::float8,
           array(select distinct application_name::text from pg_stat_replication
                 where application_name is not null order by 1)
    from pg_stat_archiver a
"""


def archiving(session: Session) -> Archiving:
    """Return how the WAL of the session's server is archived."""
    (row,) = session.query(_QUERY)
    at, enabled, archived, failed, last, last_failed, failed_wal, wal, lsn, segment, timeout, since, names = (
        row
    )
    end = segment_end(wal.partition(".")[0], segment)
    return Archiving(
        at=at,
        enabled=enabled,
        archived=archived,
        failed=failed,
        last_archived=last,
        last_failed=last_failed,
        last_failed_wal=failed_wal,
        unarchived=max(0, lsn - (end or 0)) if end or not archived else lsn,
        segment=segment,
        timeout=Duration(timeout),
        since=since,
        receivers=tuple(names),
    )


def wait_archived(source: Address, wal: str, clock: Clock) -> float:
    """Wait until the segment ``wal`` is archived; return the Unix time when it was.

    Raise ``NotRestorable`` of ``store`` where the archiver fails, ``DrillError`` at the deadline.
    """
    query = (
        "select coalesce(last_archived_wal, ''), extract(epoch from last_archived_time)::float8,"
        " failed_count, coalesce(last_failed_wal, ''), current_setting('archive_mode')"
        " from pg_stat_archiver"
    )
    end, before = time.monotonic() + clock.deadline, -1
    with connected(source, stage="store") as connection:
        while True:
            row = connection.execute(query).fetchone()
            if row is None:
                raise DrillError("store", f"{source.words}: the archiver cannot be seen")
            last, at, failed, failed_wal, mode = row
            if mode == "off":
                raise clock.lost("store", "archive_mode is off: no WAL is kept, so nothing between backups")
            before = int(str(failed)) if before < 0 else before
            if str(last)[:24] >= wal and len(str(last)) >= len(wal):
                return float(str(at))
            if int(str(failed)) - before >= _TRIES:
                reason = f"the archiver fails: {failed} times, last with {failed_wal}"
                raise clock.lost("store", f"{reason}: see the server's log for what archive_command says")
            if time.monotonic() > end:
                raise clock.unseen(
                    "store",
                    f"{wal} was not archived within {clock.deadline:g} s; the last was {last or 'none'}",
                )
            threading.Event().wait(_LOOK)
