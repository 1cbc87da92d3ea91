"""What is done to a copy of a backup, and what a team's restore is handed with it."""

from pathlib import Path

import pytest

from verify.drills.damage import Impossible, damaged
from verify.drills.postgres.address import Address
from verify.facts.backup import Outcome
from verify.facts.damage import DAMAGES, Damage

WHOLE = bytes(range(256)) * 40
PROVED = """#!/bin/bash
set -euo pipefail
cd "$BACKUP_DIR"
name=shop-$(date -u +%Y%m%dT%H%M%SZ).dump
pg_dump --format=custom --dbname="$DATABASE_URL" --file="$name"
sha256sum "$name" >"$name.sha256"
aws s3 cp "$name" "s3://$BACKUP_BUCKET/$name"
aws s3 cp "$name.sha256" "s3://$BACKUP_BUCKET/$name.sha256"
"""
CHECKED = """#!/bin/bash
set -euo pipefail
cd "$1"
sha256sum --check "$2.sha256"
pg_restore --exit-on-error --dbname="$DATABASE_URL" "$2"
"""


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "whole"
    path.write_bytes(WHOLE)
    return path


@pytest.mark.parametrize("damage", DAMAGES)
def test_no_copy_is_what_it_was(whole: Path, tmp_path: Path, damage: Damage) -> None:
    copy, other = tmp_path / "copy", tmp_path / "other"
    other.write_bytes(WHOLE[::-1])
    said = damaged(damage, whole, copy, other)
    assert said
    assert copy.exists() == (damage != "missing")
    if copy.exists():
        assert copy.read_bytes() != WHOLE
    assert whole.read_bytes() == WHOLE


@pytest.mark.parametrize(
    ("damage", "size", "at"),
    [("cut", 6144, None), ("clipped", 10208, None), ("flipped-head", 10240, 640),
     ("flipped-middle", 10240, 5120), ("flipped-end", 10240, 9727)],
)  # fmt: skip
def test_how_much_of_it_is_damaged(
    whole: Path, tmp_path: Path, damage: Damage, size: int, at: int | None
) -> None:
    copy = tmp_path / "copy"
    said = damaged(damage, whole, copy)
    data = copy.read_bytes()
    assert len(data) == size
    differing = [place for place, byte in enumerate(data) if byte != WHOLE[place]]
    assert differing == ([] if at is None else [at])
    assert str(size if at is None else at) in said
    if at is not None:
        assert (data[at] ^ WHOLE[at]).bit_count() == 1


@pytest.mark.parametrize("damage", [each for each in DAMAGES if each != "swapped"])
def test_one_byte_is_enough(tmp_path: Path, damage: Damage) -> None:
    whole, copy = tmp_path / "whole", tmp_path / "copy"
    whole.write_bytes(b"x")
    damaged(damage, whole, copy)
    assert not copy.exists() or copy.read_bytes() != b"x"


def test_what_cannot_be_swapped_is_told(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(Impossible, match="no other backup"):
        damaged("swapped", whole, tmp_path / "copy")
    same = tmp_path / "same"
    same.write_bytes(WHOLE)
    with pytest.raises(Impossible, match="the same bytes"):
        damaged("swapped", whole, tmp_path / "copy", same)


def test_a_checksum_is_handed_over_and_is_no_backup(team, place) -> None:
    source: Address = place.database("create table t as select generate_series(1, 99) i")
    try:
        restore = team.script(CHECKED, "{folder}", "{artefact}", env={})
        ended = team.drill(source, team.script(PROVED), restore)
        assert (ended.outcome, ended.reason) == (Outcome.EQUAL, "")
        assert ended.artefact.key.endswith(".dump")
        listed = team.store.list()
        assert [each.key for each in listed.backups] == [ended.artefact.key]
        assert f"{ended.artefact.key}.sha256" in {each.key for each in listed.artefacts}
    finally:
        place.drop(source)
