"""What `backup/restores` asks for in an environment: source, scratch and store from variables."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from verify.collectors.place import place_of
from verify.collectors.restore import collect
from verify.drills.postgres import roundtrip
from verify.drills.postgres.address import Address
from verify.facts.backup import Outcome, Restore, RoundTrip
from verify.model.need import Unseen
from verify.reference.objectstore import ObjectStore

NEED = Restore(backup="database")
PASSWORD = "never-shown-0000"
ROWS = "create table t (id int primary key); insert into t select generate_series(1, 500)"


def told(world: Any) -> Any:
    ((need, fact),) = collect((NEED,), world)
    assert need == NEED
    return fact


@pytest.fixture(scope="module")
def source(place) -> Address:
    address = place.database(ROWS)
    return Address({**address.parameters, "password": PASSWORD})


def databases(place: Any) -> set[str]:
    with psycopg.connect(place.server.address.dsn) as connection:
        return {row[0] for row in connection.execute("select datname from pg_database")}


def test_source_and_scratch_are_what_variables_say(place, source: Address, living, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    world = living(
        {"engine": "postgresql", "store": "kept"},
        {"source": "$SOURCE", "scratch": "$SCRATCH"},
        SOURCE=source.url,
        SCRATCH=place.server.address.url,
    )
    before = databases(place)
    trip = told(world)
    assert isinstance(trip, RoundTrip), trip
    assert (trip.outcome, trip.reason) == (Outcome.EQUAL, "")
    assert databases(place) == before
    assert list((tmp_path / "kept").iterdir()) == []
    assert trip.durable is False  # the scratch server of tests forgets
    assert PASSWORD not in repr(trip)
    assert PASSWORD not in repr(place_of("database", world))


def test_a_server_of_its_own_is_durable(source: Address, living, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    trip = told(living({"engine": "postgresql", "store": "kept"}, {"source": "$SOURCE"}, SOURCE=source.url))
    assert (trip.outcome, trip.durable, trip.untimed) == (Outcome.EQUAL, True, "")


def test_size_asks_for_parts(place, source: Address, living, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    at = {"source": "$SOURCE", "scratch": "$SCRATCH"}
    values = {"SOURCE": source.url, "SCRATCH": place.server.address.url}
    trip = told(living({"engine": "postgresql", "store": "kept", "size": "5GiB"}, at, **values))
    assert trip.outcome is Outcome.EQUAL
    assert "too few" in trip.unsampled or "are needed to tell" in trip.unsampled


def test_without_a_source_the_newest_is_restored_by_its_manifest(
    place, source: Address, living, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kept").mkdir()
    backup, values = (
        {"engine": "postgresql", "store": "kept"},
        {"SOURCE": source.url, "SCRATCH": place.server.address.url},
    )
    at = {"source": "$SOURCE", "scratch": "$SCRATCH"}
    nothing = told(living(backup, {"scratch": "$SCRATCH"}, **values))
    assert (nothing.outcome, nothing.stage) == (Outcome.NOT_RESTORABLE, "fetch")
    with monkeypatch.context() as patched:  # only the reference keeps what its drills make
        settled = roundtrip._settled
        patched.setattr(roundtrip, "_settled", lambda drill, *rest: settled(replace(drill, keep=True), *rest))
        assert told(living(backup, at, **values)).outcome is Outcome.EQUAL
    trip = told(living(backup, {"scratch": "$SCRATCH"}, **values))
    assert (trip.outcome, trip.reason) == (Outcome.EQUAL, "")
    for each in (tmp_path / "kept").glob("*.manifest"):
        each.unlink()
    trip = told(living(backup, {"scratch": "$SCRATCH"}, **values))
    assert (trip.outcome, trip.stage) == (Outcome.UNPROVABLE, "verify")


@pytest.mark.parametrize(
    ("backup", "stated", "variables", "words"),
    [
        ({"engine": "postgresql"}, {"source": "$SOURCE"}, {"SOURCE": "x"}, "expected `store:`"),
        (
            {"store": "kept"},
            {"source": "$SOURCE"},
            {"SOURCE": f"a b:{PASSWORD}"},
            "the address cannot be read",
        ),
        (
            {"store": "kept"},
            {"source": "$SOURCE"},
            {"SOURCE": f"postgresql+psycopg://a:{PASSWORD}@h/d"},
            "which is SQLAlchemy's",
        ),
        (
            {"store": "kept"},
            {"source": "$SOURCE"},
            {"SOURCE": f"postgresql://a:{PASSWORD}@127.0.0.1:1/d"},
            "take: .*127.0.0.1",
        ),
        ({"store": "s3://kept-a"}, {}, {}, "expected `access: \\$NAME`"),
        ({"store": "s3://kept-a"}, {"access": "$ACCESS"}, {}, "expected `secret: \\$NAME`"),
        ({"store": "s3://kept-a"}, {"access": "$ACCESS", "secret": "$SECRET"}, {}, "ACCESS"),
        ({"engine": "physical", "store": "kept"}, {"source": "$SOURCE"}, {}, "claim backup/pitr"),
        ({"engine": "redis"}, {}, {}, "state `source: \\$NAME`"),
    ],
)
def test_what_has_to_be_stated(
    living,
    tmp_path: Path,
    backup: dict[str, Any],
    stated: dict[str, str],
    variables: dict[str, str],
    words: str,
) -> None:
    (tmp_path / "kept").mkdir()
    fact = told(living({"engine": "postgresql", **backup}, stated, **variables))
    assert isinstance(fact, Unseen), fact
    assert re.search(words, fact.reason), fact.reason
    assert PASSWORD not in fact.reason


def test_in_a_bucket(place, source: Address, living, s3, *, bucket: str, at, keys) -> None:
    world = living(
        {"engine": "postgresql", "store": f"s3://{bucket}/daily"},
        {**at, "source": "$SOURCE", "scratch": "$SCRATCH"},
        SOURCE=source.url,
        SCRATCH=place.server.address.url,
        **keys,
    )
    trip = told(world)
    assert isinstance(trip, RoundTrip), trip
    assert (trip.outcome, trip.reason) == (Outcome.EQUAL, "")
    assert s3.list_objects_v2(Bucket=bucket).get("Contents", []) == []
    assert keys["SECRET"] not in repr(trip)


def test_wrong_credentials_are_ours(living, bucket: str, at, object_store: ObjectStore) -> None:
    keys = {"ACCESS": "AKIA0000000000000000", "SECRET": PASSWORD}
    fact = told(living({"engine": "postgresql", "store": f"s3://{bucket}"}, at, **keys))
    assert isinstance(fact, Unseen), fact
    assert PASSWORD not in fact.reason
    assert object_store.url in fact.reason or bucket in fact.reason
