"""Fingerprints of Redis: sums by bucket of the key, and by the moment a key expires."""

from collections.abc import Mapping
from dataclasses import replace

from verify.facts.equality import Comparison, Manifest, Sums, compare

BUCKETS = 1024
#: behind the name of a database: its keys that expire, which are summed by when they do
EXPIRING = " expiring"
_MASK = (1 << 64) - 1
#: up to how many seconds ahead (None: further), moments are told apart by how many seconds
_WIDTHS = ((3600, 1), (86400, 60), (None, 3600))


def bucket(first: int) -> str:
    """Return the bucket of a key whose hash begins with ``first``."""
    return str(first % BUCKETS)


def moment(expires: int, since: float) -> str:
    """Return the bucket of a key that expires at ``expires`` (Unix time in ms), seen at ``since`` (in s).

    It is ``START+WIDTH`` in seconds: the nearer, the finer, so that few keys share one with
    those that expire before they are compared.
    """
    ahead = expires / 1000 - since
    width = next(width for most, width in _WIDTHS if most is None or ahead < most)
    return f"{expires // 1000 // width * width}+{width}"


def add(sums: Sums, other: Sums, sign: int = 1) -> Sums:
    """Return the sums of both, or of the first without the second (``sign`` -1)."""
    return Sums(
        rows=sums.rows + sign * other.rows,
        first=(sums.first + sign * other.first) & _MASK,
        second=(sums.second + sign * other.second) & _MASK,
    )


def total(buckets: Mapping[str, Sums]) -> Sums:
    """Return the sums of all buckets."""
    whole = Sums(rows=0, first=0, second=0)
    for each in buckets.values():
        whole = add(whole, each)
    return whole


def without_expired(manifest: Manifest, at: float) -> Manifest:
    """Return ``manifest`` without the keys that may have expired by the Unix time ``at``."""
    relations = {}
    for name, relation in manifest.relations.items():
        if not name.endswith(EXPIRING):
            relations[name] = relation
            continue
        left = {key: sums for key, sums in relation.buckets.items() if int(key.partition("+")[0]) > at}
        if left:
            relations[name] = replace(relation, buckets=left, sums=total(left))
    return replace(manifest, relations=relations)


def side_by_side(source: Manifest, copy: Manifest, at: float) -> Comparison:
    """Compare two fingerprints as of ``at``: a key whose time has passed meanwhile is no difference."""
    ours, theirs = without_expired(source, at), without_expired(copy, at)
    seen = compare(ours, theirs)
    named = tuple(replace(each, what=each.what.replace("table ", "keys of ", 1)) for each in seen.differences)
    return replace(seen, differences=named)
