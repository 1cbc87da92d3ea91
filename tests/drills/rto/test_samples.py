"""Parts are restored the same way, and tell how long a larger database takes."""

import tempfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

from verify.drills.postgres.address import Address
from verify.drills.postgres.engines import Dumps
from verify.drills.postgres.logical import Packing
from verify.drills.postgres.roundtrip import Drill, restore_drill
from verify.effects.redact import Redactor
from verify.facts.backup import Outcome, RoundTrip
from verify.facts.recovery import NotEnough, extrapolate

CAREFUL = """#!/bin/bash
set -euo pipefail
name=shop-$(date -u +%Y%m%d).dump
pg_dump --format=custom --dbname="$DATABASE_URL" --file="$BACKUP_DIR/$name"
aws s3 cp "$BACKUP_DIR/$name" "s3://$BACKUP_BUCKET/$name"
"""
RESTORE = """#!/bin/bash
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
aws s3 cp "s3://$BACKUP_BUCKET/$1" "$folder/backup.dump"
pg_restore --exit-on-error --dbname="$DATABASE_URL" "$folder/backup.dump"
psql --no-psqlrc --set=ON_ERROR_STOP=1 --dbname="$DATABASE_URL" --command=ANALYZE
"""
LARGE = 1 << 40
#: a busy machine is not a failure, and 5 of 100 restores lie outside: a wrong interval misses each time
ATTEMPTS = 4


def drill(source: Address, store: Any, drills: Any, **more: Any) -> RoundTrip:
    given = {"at_size": LARGE, "durable": True, "deadline": 120.0, "engine": Dumps()} | more
    return restore_drill(
        Drill(backup="db", store=store, journal=drills, redactor=Redactor(), source=source, **given)
    )


def databases(place: Any) -> set[str]:
    with psycopg.connect(place.server.address.dsn) as connection:
        return {row[0] for row in connection.execute("select datname from pg_database")}


def ours(drills: Any) -> set[str]:
    return {each.name for each in Path(tempfile.gettempdir()).glob(f"dv-*{drills.run_id}*")}


@pytest.mark.parametrize(
    ("stated", "how"),
    [
        pytest.param(False, Packing(), marks=pytest.mark.nightly),  # as what is foretold below
        (True, Packing(format="plain", compress="zstd")),
        pytest.param(False, Packing(format="directory"), marks=pytest.mark.nightly),
    ],
    ids=["own", "stated", "directory"],
)
def test_parts_are_restored_like_the_whole(
    place, small: Address, store, drills, how: Packing, *, stated: bool
) -> None:
    before, folders = databases(place), ours(drills)
    scratch = place.server.address if stated else None
    trip = drill(small, store, drills, scratch=scratch, engine=Dumps(how=how))
    assert (trip.outcome, trip.reason, trip.unsampled) == (Outcome.EQUAL, "", "")
    assert len(trip.samples) >= 4
    assert len({sample.size for sample in trip.samples}) >= 3
    whole, *others = trip.samples
    assert all(sample.size < whole.size and sample.rows < whole.rows for sample in others)
    stages = {tuple(sample.seconds) for sample in trip.samples}
    assert len(stages) == 1
    assert {"fetch", "restore", "analyze", "smoke"} <= set(*stages)
    assert all(sample.seconds["restore"] > 0 for sample in trip.samples)
    assert abs(sum(whole.seconds.values()) - trip.took) < 0.001
    assert trip.durable is not stated  # the one that is stated here is quick and forgets
    assert databases(place) == before
    assert ours(drills) == folders
    assert store.list().artefacts == ()


def test_scripts_restore_parts_too(team, small: Address) -> None:
    """Their names have a date only: a part must not replace the backup."""
    trip = team.drill(
        small, team.script(CAREFUL), team.script(RESTORE, "{artefact}", env={}), scratch=None, at_size=LARGE
    )
    assert (trip.outcome, trip.reason, trip.unsampled) == (Outcome.EQUAL, "", "")
    assert len(trip.samples) >= 4
    assert {tuple(sample.seconds) for sample in trip.samples} == {("restore", "smoke")}
    assert team.stored == [trip.artefact.key]
    (kept,) = team.buckets.rglob("*.dump")
    assert kept.stat().st_size == trip.artefact.size


def test_a_script_that_stores_elsewhere_stores_no_part(team, small: Address, store) -> None:
    text = CAREFUL.replace("aws s3 cp", "cp").replace("s3://$BACKUP_BUCKET/", "$KEPT/")
    kept = Path(store.place)
    team.store = store
    trip = team.drill(
        small,
        team.script(text, env={"DATABASE_URL": "{source}", "BACKUP_DIR": "{folder}", "KEPT": str(kept)}),
        scratch=None,
        at_size=LARGE,
    )
    assert trip.outcome is Outcome.EQUAL
    assert trip.samples == ()
    assert "as if they were backups" in trip.unsampled
    assert len(list(kept.glob("*.dump"))) == 1


def test_too_small_to_tell(place, store, drills) -> None:
    source = place.database("create table t as select i from generate_series(1, 1000) i")
    trip = drill(source, store, drills, scratch=place.server.address)
    assert trip.outcome is Outcome.EQUAL
    assert trip.samples == ()
    assert "at least 8MiB are needed to tell" in trip.unsampled
    with pytest.raises(NotEnough):
        extrapolate(trip.samples, LARGE)


def test_no_larger_no_parts(place, small: Address, store, drills) -> None:
    trip = drill(small, store, drills, scratch=place.server.address, at_size=1 << 20)
    assert (trip.outcome, trip.samples, trip.unsampled) == (Outcome.EQUAL, (), "")


def foretold(place: Any, sized: Any, store: Any, drills: Any, customers: int, times: int) -> list[str]:
    """Drill a database and one that is ``times`` as large; return every try that was foretold wrongly."""
    little, much = (place.database(sized(count)) for count in (customers, customers * times))
    wrong: list[str] = []
    try:
        for _ in range(ATTEMPTS):
            truth = drill(much, store, drills, at_size=0)
            trip = drill(little, store, drills)
            assert (truth.outcome, trip.outcome, trip.unsampled) == (Outcome.EQUAL, Outcome.EQUAL, "")
            try:
                guess = extrapolate(trip.samples, truth.size)
            except NotEnough as error:
                wrong.append(str(error))
                continue
            if guess.lower <= truth.took <= guess.upper:
                assert guess.upper < 20 * truth.took, "everything would lie in that interval"
                return []
            wrong.append(f"{truth.took} is not within {guess.lower} and {guess.upper}")
    finally:
        place.drop(little)
        place.drop(much)
    return wrong


def test_what_is_foretold_comes(place, sized, store, drills) -> None:
    """About 100 MB, from parts of 50 MB."""
    assert foretold(place, sized, store, drills, 14_000, 2) == []


@pytest.mark.nightly
def test_what_is_foretold_of_more_comes(place, sized, store, drills) -> None:
    """About 600 MB, from parts of 100 MB."""
    assert foretold(place, sized, store, drills, 28_000, 6) == []
