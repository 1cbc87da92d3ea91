"""No false alarm: whatever the database holds and whoever writes meanwhile, a good backup is equal."""

import contextlib
import importlib.util
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from verify.drills.postgres.address import Address
from verify.drills.postgres.engines import Dumps
from verify.drills.postgres.logical import Packing
from verify.drills.postgres.roundtrip import Drill, restore_drill
from verify.drills.store.base import Using
from verify.drills.store.folder import FolderStore
from verify.effects.redact import Redactor
from verify.facts.backup import Outcome

_NAME = "drills_strategies"
AGAIN = "insert into {0} table {0} limit 1"


def strategies() -> ModuleType:
    """Load the generator that the fingerprints' tests have."""
    if _NAME not in sys.modules:
        path = Path(__file__).parents[1] / "fingerprint" / "strategies.py"
        spec = importlib.util.spec_from_file_location(_NAME, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[_NAME] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[_NAME])
    return sys.modules[_NAME]


class Writers:
    """Write to what was generated, and to a table of their own, until the block ends."""

    def __init__(self, address: Address, tables: tuple[Any, ...]) -> None:
        self.address = address
        self.statements = [
            "insert into busy default values",
            "update busy set n = n + 1 where id % 7 = 0",
            *(AGAIN.format(each.name) for each in tables if not each.key),
        ]
        self.written = 0
        self._end, self._first = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._write)

    def _write(self) -> None:
        with psycopg.connect(self.address.dsn, autocommit=True) as connection:
            while not self._end.wait(0.002):
                for statement in self.statements:
                    with contextlib.suppress(psycopg.Error):  # a constraint of what was generated
                        connection.execute(statement.encode())
                self.written += 1
                self._first.set()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._first.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


@pytest.fixture(scope="module")
def full(place) -> bool:
    """Tell whether the server has all that the generator draws on: those of wheels have not."""
    with psycopg.connect(place.server.address.dsn) as connection:
        asked = "select count(*) from pg_available_extensions where name in ('citext', 'hstore', 'ltree')"
        return bool(connection.execute(asked).fetchone()[0])


@pytest.fixture(scope="module")
def act(place, drills, full, tmp_path_factory: pytest.TempPathFactory):
    template = place.database(strategies().prelude(full=full))
    folder = tmp_path_factory.mktemp("store")
    store = FolderStore(folder, Using(journal=drills, redactor=Redactor()))

    def round_trip(made: Any, form: str, how: str) -> None:
        address = place.database(options=f'template "{template.database}"')
        try:
            place.run(address, "create table busy (id bigserial primary key, n int default 0)")
            for statement in made.statements[1:]:
                place.run(address, statement)
            with Writers(address, made.tables) as writers:
                ended = restore_drill(
                    Drill(
                        backup="db",
                        engine=Dumps(how=Packing(format=form, compress=how)),
                        store=store,
                        journal=drills,
                        redactor=Redactor(),
                        source=address,
                        scratch=place.server.address,
                        deadline=60,
                    )
                )
            assert (ended.outcome, ended.reason) == (Outcome.EQUAL, "")
            assert writers.written > 0
        finally:
            place.drop(address)

    return round_trip


def cases(count: int):
    """Examples that are the same each time; shrinking a restore would take longer than reading it."""
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )


@cases(20)
@given(data=st.data())
def test_no_false_alarm(act, full, data) -> None:
    generated(act, data, full=full)


@pytest.mark.nightly
@cases(200)
@given(data=st.data())
def test_no_false_alarm_many_times(act, full, data) -> None:
    generated(act, data, full=full)


def generated(act, data, *, full: bool) -> None:
    form = data.draw(st.sampled_from(("custom", "directory", "plain")))
    how = data.draw(st.sampled_from(("none", "gzip", "zstd")))
    act(data.draw(strategies().databases(full=full)), form, how)
