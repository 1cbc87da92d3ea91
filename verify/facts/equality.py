"""Whether two databases hold the same: fingerprints side by side, and what differs."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

#: rows named for each relation that differs
MOST_ROWS = 100
#: how the comment on a scratch database begins: it is ours, and stands where the source's would
MARK = "deploy-verify "
ABSENT = "absent"
_MAJOR = 10000
#: kinds of facts that a server spells itself: another major may do it otherwise
_SPELLED = frozenset(
    {"column", "constraint", "definition", "function", "index", "policy", "rule", "statistics", "trigger"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Rows of a relation, or of one of its buckets: how many, and two sums of 64-bit hashes.

    The sums do not depend on the order of rows, and those of parts add up (modulo 2**64).
    """

    rows: int
    first: int
    second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """The fingerprint of a table or materialised view.

    ``columns`` are name and type in canonical order; ``key`` the columns of the primary key, empty
    without one; ``buckets`` the sums by the number of the bucket (of 1,024) that a row's key,
    or the row itself, falls into; ``unprovable`` why it cannot be compared, else "".
    """

    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...] = ()
    sums: Sums
    buckets: Mapping[str, Sums] = field(default_factory=dict)
    unprovable: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a database held at one moment, small enough to lie beside its backup.

    ``at`` is the Unix time of the snapshot, ``lsn`` its place in the WAL, ``version`` the server's
    as a number (150018); ``relations`` are by qualified name, ``catalogue`` holds every other
    fact by kind and name (``sequence app.order_id_seq`` → its value as text). ``size`` in bytes.
    ``later`` are the ``sequence-value`` facts again, read when the dump had ended: sequences know
    no snapshot, so that a dump has a value between the two; empty where nobody wrote meanwhile.
    Other facts are among them only where they had changed by then, ``absent`` if they were gone.
    ``superuser`` is the role that the server was made with: it may own everything, and nothing
    says that it does.
    """

    at: float
    lsn: str
    version: int
    encoding: str
    size: int
    relations: Mapping[str, Relation]
    catalogue: Mapping[str, str]
    #: of the artefact it belongs to, where it lies beside one
    sha256: str = ""
    later: Mapping[str, str] = field(default_factory=dict)
    superuser: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDifference:
    """One row that differs: its key as text, and the columns, or that it is on one side only."""

    key: str
    columns: tuple[str, ...] = ()
    only: str = ""  # "source" or "copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that the copy has otherwise: a relation's rows, or a fact of the catalogue.

    ``what`` names it, such as ``table app.customer`` or ``sequence app.order_id_seq``.
    """

    what: str
    source: str
    copy: str
    rows: tuple[RowDifference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two fingerprints side by side: equal where nothing differs and nothing is unprovable."""

    relations: int
    rows: int
    facts: int
    differences: tuple[Difference, ...] = ()
    unprovable: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Say whether both are the same, as far as can be known."""
        return not self.differences and not self.unprovable and bool(self.relations)


def compare(source: Manifest, copy: Manifest, *, apart: Collection[str] = ()) -> Comparison:
    """Return what differs between ``source`` and its restored ``copy``; pure, no rows are named yet.

    ``apart`` are kinds of facts (the first word of their names: ``role``, ``collation-version`` …) that
    the way of restoring does not carry and nobody promised.
    """
    ours, theirs = (
        {what: value for what, value in side.catalogue.items() if what.partition(" ")[0] not in apart}
        for side in (source, copy)
    )
    names = sorted(source.relations.keys() | copy.relations.keys())
    differences = [
        *(found for name in names for found in _relation(name, source, copy)),
        *_catalogue(ours, theirs, source.later),
    ]
    unprovable = [
        f"{name}: {side.relations[name].unprovable}"
        for side in (source, copy)
        for name in names
        if name in side.relations and side.relations[name].unprovable
    ]
    majors = [side.version // _MAJOR for side in (source, copy)]
    if majors[0] != majors[1]:
        spelled = [each for each in differences if _spelled(each)]
        differences = [each for each in differences if each not in spelled]
        said = f"PostgreSQL {majors[0]} and {majors[1]} may spell it otherwise"
        unprovable += [f"{each.what}: {said}" for each in spelled]
    return Comparison(
        relations=len(source.relations),
        rows=sum(relation.sums.rows for relation in source.relations.values()),
        facts=len(ours),
        differences=tuple(differences),
        unprovable=tuple(dict.fromkeys(unprovable)),
    )


def differing_buckets(source: Relation, copy: Relation) -> tuple[str, ...]:
    """Return the numbers of the buckets whose sums differ."""
    every = source.buckets.keys() | copy.buckets.keys()
    return tuple(sorted(name for name in every if source.buckets.get(name) != copy.buckets.get(name)))


def _relation(name: str, source: Manifest, copy: Manifest) -> Iterator[Difference]:
    what = f"table {name}"
    ours, theirs = source.relations.get(name), copy.relations.get(name)
    if ours is None or theirs is None:
        yield Difference(what=what, source=_rows(ours), copy=_rows(theirs))
        return
    if ours.columns != theirs.columns:
        yield Difference(what=f"columns of {name}", source=_named(ours), copy=_named(theirs))
    elif ours.sums != theirs.sums and not (ours.unprovable or theirs.unprovable):
        yield Difference(what=what, source=_rows(ours), copy=_rows(theirs))


def _rows(relation: Relation | None) -> str:
    return ABSENT if relation is None else f"{relation.sums.rows} rows"


def _named(relation: Relation) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in relation.columns)


def _catalogue(
    source: Mapping[str, str], copy: Mapping[str, str], later: Mapping[str, str]
) -> Iterator[Difference]:
    for what in sorted(source.keys() | copy.keys()):
        ours, theirs = source.get(what, ABSENT), copy.get(what, ABSENT)
        if ours != theirs and not _alike(what, ours, theirs, later):
            yield Difference(what=what, source=ours, copy=theirs)


def _alike(what: str, ours: str, theirs: str, later: Mapping[str, str]) -> bool:
    """Say whether two facts that are spelled differently are no difference."""
    if what == "comment on the database":
        return theirs.startswith(MARK)
    if what.startswith("index "):  # what a failed CREATE INDEX CONCURRENTLY left: nobody's query uses it
        return ours.startswith("invalid,") and theirs == ABSENT
    if what not in later:
        return False
    if what.startswith("sequence-value ") and ABSENT not in {ours, theirs, later[what]}:
        return _between(ours, theirs, later[what])
    return theirs == later[what]


def _spelled(difference: Difference) -> bool:
    """Say whether both sides have it, and the text that differs is a server's own."""
    kind = difference.what.partition(" ")[0]
    return kind in _SPELLED and ABSENT not in {difference.source, difference.copy}


def _between(before: str, value: str, after: str) -> bool:
    """Say whether a sequence came past ``value`` on its way, up or down, from ``before`` to ``after``."""
    return any(
        _position(before, sign) <= _position(value, sign) <= _position(after, sign) for sign in (1, -1)
    )


def _position(value: str, sign: int) -> tuple[int, bool]:
    number, _, state = value.partition(" ")
    return sign * int(number), state == "used"
