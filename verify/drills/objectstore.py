"""A bucket and its copy: every object is looked for, and some are read back from it and compared.

Nothing is written to either. What the copy has besides is none of our business: a backup keeps what
was deleted.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from verify.drills.clock import Clock
from verify.drills.errors import NotRestorable
from verify.drills.store.base import BackupStore
from verify.facts.backup import Artefact, Outcome, RoundTrip, Store
from verify.facts.equality import ABSENT, Comparison, Difference

#: objects that are read, half of them the newest, and how many bytes of them
READ, BYTES = 50, 256 << 20
#: seconds that a copy may take to arrive
LAG = 900.0
#: differences that are named
MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The store that is backed up, and its copy."""

    origin: BackupStore
    copy: BackupStore


def restored(backup: str, sides: Sides, folder: Path, clock: Clock) -> RoundTrip:
    """Read objects back from the copy into ``folder`` and compare them; raise ``DrillError``."""
    with clock.call("fetch", "list", sides.origin.place):
        ours = sides.origin.list()
    with clock.call("fetch", "list", sides.copy.place):
        theirs = {each.key: each for each in sides.copy.list().artefacts}
    settled = [each for each in ours.artefacts if each.modified <= ours.at - LAG]
    differences = [found for each in settled if (found := _listed(each, theirs.get(each.key)))]
    wrong = {each.what for each in differences}
    alike = [each for each in settled if _name(each) not in wrong]
    read = chosen(alike, clock.journal.run_id)
    clock.begin()
    sums = {each.key: _read(sides.copy, each, folder / "copy", clock) for each in read}
    clock.end()
    for each in read:
        found = _compared(each, _read(sides.origin, each, folder / "origin", clock), sums[each.key])
        if found is not None:
            differences.append(found)
    if differences:
        differences = list(_still(differences, ours, sides.origin.list()))
    comparison = Comparison(
        relations=1,
        rows=len(settled),
        facts=len(read),
        differences=tuple(differences[:MOST]),
        unprovable=() if read or differences else (_nothing(ours),),
    )
    outcome, reason = _outcome(comparison, len(differences), sides.copy.place)
    return RoundTrip(
        backup=backup,
        outcome=outcome,
        stage="verify" if reason else "",
        reason=reason,
        steps=clock.steps,
        comparison=comparison,
        at=ours.at,
        took=clock.took,
        size=sum(each.size for each in read),
    )


def chosen(objects: Sequence[Artefact], run_id: str) -> list[Artefact]:
    """Return what to read: the newest, then others, which are not the same in every run."""
    newest = sorted(objects, key=lambda each: (-each.modified, each.key))
    rest = sorted(
        newest[READ // 2 :], key=lambda each: hashlib.sha256(f"{run_id} {each.key}".encode()).digest()
    )
    found: list[Artefact] = []
    size = 0
    for each in (*newest[: READ // 2], *rest):
        if len(found) < READ and size + each.size <= BYTES:
            found.append(each)
            size += each.size
    return found


def _name(each: Artefact) -> str:
    return f"object {each.key}"


def _listed(ours: Artefact, theirs: Artefact | None) -> Difference | None:
    if theirs is not None and theirs.size == ours.size:
        return None
    seen = ABSENT if theirs is None else f"{theirs.size} bytes"
    return Difference(what=_name(ours), source=f"{ours.size} bytes", copy=seen)


def _read(store: BackupStore, each: Artefact, folder: Path, clock: Clock) -> str:
    """Return the SHA-256 of an object, as it is read from ``store``; "" where it is not there any more."""
    folder.mkdir(exist_ok=True)
    try:
        path, step = store.get(each.key, folder, deadline=clock.deadline)
    except NotRestorable:
        return ""
    clock.add(step)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    path.unlink()
    return found


def _compared(each: Artefact, ours: str, theirs: str) -> Difference | None:
    if ours == theirs or not ours:
        return None
    return Difference(
        what=_name(each), source=f"SHA-256 {ours[:16]}…", copy=f"SHA-256 {theirs[:16]}…" if theirs else ABSENT
    )


def _still(differences: Sequence[Difference], before: Store, after: Store) -> Iterator[Difference]:
    """Leave out what was written or removed while we looked."""
    was, now = _states(before), _states(after)
    yield from (each for each in differences if was.get(each.what) == now.get(each.what))


def _states(store: Store) -> Mapping[str, tuple[float, int]]:
    return {_name(each): (each.modified, each.size) for each in store.artefacts}


def _nothing(ours: Store) -> str:
    if not ours.artefacts:
        return f"{ours.place} is empty: there is nothing to compare"
    return f"nothing in {ours.place} can be compared: it is too new, or too large"


def _outcome(comparison: Comparison, differing: int, place: str) -> tuple[Outcome, str]:
    if differing:
        first = comparison.differences[0]
        more = f", and {differing - 1} more" if differing > 1 else ""
        said = f"{first.what}: {first.source} here, {first.copy} in {place}{more}"
        return Outcome.DIFFERENT, said
    if not comparison.equal:
        return Outcome.UNPROVABLE, "; ".join(comparison.unprovable)
    return Outcome.EQUAL, ""
