"""Reads a bucket's objects back from its copy: of a bucket that is stated, or that it is replicated to."""

import contextlib
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from verify.collectors.place import Place
from verify.drills.clock import Clock
from verify.drills.errors import DrillError
from verify.drills.objectstore import Sides
from verify.drills.objectstore import restored as read_back
from verify.facts.backup import Outcome, RoundTrip

_BUCKET = "s3://"


def restored(place: Place, folder: Path, *, deadline: float) -> RoundTrip:
    """Return what came of reading back from the copy; raise ``DrillError``.

    With ``source``, the bucket that is backed up, the store is the copy; else its replicas are.
    """
    clock = Clock(place.journal, place.world.redactor, deadline=deadline)
    source = place.source if place.world.breakable is None else ""  # there it is the database's address
    if source and not source.startswith(_BUCKET):
        raise DrillError("take", f"backup {place.name}: expected `source:` to lead to s3://BUCKET/PREFIX")
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(contextlib.closing(place.store()))
        if source:
            origin = stack.enter_context(contextlib.closing(_at(place, source).store()))
            return read_back(place.name, Sides(origin=origin, copy=store), folder, clock)
        told = store.list()
        if not told.replicas:
            reason = told.unseen.get(
                "replicas", f"{told.place} is copied nowhere, and no `source:` is stated"
            )
            return RoundTrip(backup=place.name, outcome=Outcome.UNPROVABLE, stage="verify", reason=reason)
        name = told.replicas[0]
        where = f"{_BUCKET}{name}/{urlsplit(place.spec.store or '').path.strip('/')}".rstrip("/")
        region = told.regions.get(name, place.at.region)
        copy = stack.enter_context(contextlib.closing(_at(place, where, region).store()))
        return read_back(place.name, Sides(origin=store, copy=copy), folder, clock)


def _at(place: Place, store: str, region: str = "") -> Place:
    """Return the same place with another bucket."""
    spec = place.spec.model_copy(update={"store": store})
    return replace(place, spec=spec, at=place.at.model_copy(update={"region": region or place.at.region}))
