"""What drills share: one object store for the whole session."""

import secrets
from collections.abc import Iterator

import pytest

from verify.effects.journal import Journal
from verify.reference.objectstore import ObjectStore
from verify.reference.parts import Run


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """S3 and RDS on loopback; started by the first test that asks for it."""
    folder = tmp_path_factory.mktemp("objectstore")
    journal = Journal.open(f"objectstore-{secrets.token_hex(4)}", folder / "state")
    part = ObjectStore(Run(folder, journal, folder / "cache"))
    try:
        part.start()
        part.wait()
        yield part
    finally:
        part.close()
        journal.close()
