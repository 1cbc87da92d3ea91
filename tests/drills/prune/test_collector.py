"""What a contract states of a backup is what is replayed, and nothing is left of it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from verify.collectors.prune import collect
from verify.collectors.world import World
from verify.contract.load import load
from verify.drills.prune.confine import version
from verify.effects.journal import Journal
from verify.facts.prune import Prune, Replayed
from verify.model.need import Unseen
from verify.run import codec

CONTRACT = """verify: 1
system: shop
environments: {reference: {reference: {}}}
backups:
  database:
    engine: postgresql
    store: backups
    schedule: "%s"
    timezone: Europe/Berlin
    %s
claims:
  X-1: {says: nothing, at: here, unverifiable: people}
"""
PRUNE = "prune: {run: 'find {store} -name *.dump -mtime +6 -delete'}"
confined = pytest.mark.skipif(version() < 2, reason="this kernel cannot confine a process: no Landlock")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open("prune-test", tmp_path / "state")
    yield journal
    journal.close()


def seen(tmp_path: Path, journal: Journal | None, *lines: str, stopped: bool = False) -> object:
    contract = load((CONTRACT % lines).encode(), "verify.yaml").contract
    world = World(contract=contract, root=tmp_path, run_id="prune-test", journal=journal, credentials={})
    if stopped:
        world.stopping.set()
    need = Prune(backup="database", days=12)
    ((asked, fact),) = collect((need,), world)
    assert asked == need
    return fact


@confined
def test_a_prune_command_of_a_contract(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    fact = seen(tmp_path, journal, "0 2 * * *", PRUNE)
    assert isinstance(fact, Replayed), fact
    assert sum(copy.there(11) for copy in fact.copies) == 7
    assert list(temporary.iterdir()) == []
    assert codec.decode(Replayed, codec.encode(fact)) == fact


@confined
def test_a_run_that_is_broken_off_ends_the_replay(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    fact = seen(tmp_path, journal, "0 2 * * *", PRUNE, stopped=True)
    assert isinstance(fact, Unseen)
    assert "broken off with the run" in fact.reason
    assert list(tmp_path.glob("dv-prune-*")) == []


def test_what_nothing_records_is_not_begun(tmp_path: Path) -> None:
    fact = seen(tmp_path, None, "0 2 * * *", PRUNE)
    assert isinstance(fact, Unseen)
    assert "nothing records" in fact.reason


def test_what_cannot_be_replayed_is_unseen(tmp_path: Path, journal: Journal) -> None:
    fact = seen(tmp_path, journal, "0 2 * * *", "format: plain")
    assert isinstance(fact, Unseen)
    assert "backups.database: nothing of the team's prunes it" in fact.reason
