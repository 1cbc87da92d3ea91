"""Every way in which a backup is known to go wrong in silence is found, and said where.

Each fault is done to a backup that restores well, and the manifest does not know the file's sum: what
finds it is restoring and comparing alone. The sum is a test of its own.
"""

import gzip
import hashlib
import io
import re
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from verify.drills.postgres import manifest
from verify.drills.postgres.address import Address
from verify.drills.postgres.logical import environment
from verify.drills.postgres.tools import client
from verify.facts.backup import Outcome
from verify.facts.equality import Manifest

Damage = Callable[[bytes], bytes]
FLAGS = {
    "plain": ("-Fp",),
    "custom": ("-Fc",),
    "stored": ("-Fc", "-Z0"),
    "tar": ("-Ft",),
    "directory": ("-Fd",),
}


@pytest.fixture(scope="session")
def dumped(place, source: Address, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """Return what pg_dump writes; a folder as a tar file, as a store keeps it."""
    kept: dict[tuple[str, ...], bytes] = {}

    def act(*flags: str, of: Address = source) -> bytes:
        key = (of.database, *flags)
        if key not in kept:
            kept[key] = _dump(place, of, flags, tmp_path_factory.mktemp("dump"))
        return kept[key]

    return act


def _dump(place, of: Address, flags: tuple[str, ...], folder: Path) -> bytes:
    path = folder / "dump"
    program = client(place.server.programs.major)["pg_dump"]
    subprocess.run([program, *flags, "-f", path], env=environment(of), check=True, timeout=60)
    if path.is_file():
        return path.read_bytes()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(path, arcname="dump")
    return packed.getvalue()


def carried(seen: Manifest, form: str) -> Manifest:
    """Return the source without what a plain dump does not carry: that is a fault of its own."""
    kept = {k: v for k, v in seen.catalogue.items() if form != "plain" or not k.startswith("setting ")}
    return replace(seen, catalogue=kept)


def rows(data: bytes, table: bytes = b"app.orders") -> tuple[int, int]:
    """Return where the rows of ``table`` begin and end in a plain dump."""
    begin = data.index(b"\n", data.index(b"COPY " + table)) + 1
    return begin, data.index(b"\\.\n", begin)


def cut_within_a_row(data: bytes) -> bytes:
    begin, end = rows(data)
    middle = data.index(b"\n", (begin + end) // 2) + 1
    return data[: middle + 5]


def cut_between_rows(data: bytes) -> bytes:
    begin, end = rows(data)
    return data[: data.index(b"\n", (begin + end) // 2) + 1]


def cut_after_rows(data: bytes) -> bytes:
    return data[: rows(data)[1] + 3]


def flip_in_rows(data: bytes) -> bytes:
    at = data.index(b"customer 77", rows(data, b"app.customer")[0]) + 9
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def cut(share: float) -> Damage:
    return lambda data: data[: int(len(data) * share)]


def flip(mark: bytes) -> Damage:
    """Turn one bit of a row that is stored as it is."""

    def act(data: bytes) -> bytes:
        at = data.index(mark) + len(mark) - 1
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    return act


def flip_at(share: float) -> Damage:
    def act(data: bytes) -> bytes:
        at = int(len(data) * share)
        return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]

    return act


def repacked(change: Callable[[str, bytes], bytes | None]) -> Damage:
    """Change the files of a dump that is a folder; None leaves one out."""

    def act(data: bytes) -> bytes:
        made = io.BytesIO()
        with tarfile.open(fileobj=io.BytesIO(data)) as old, tarfile.open(fileobj=made, mode="w") as new:
            for member in old.getmembers():
                file = old.extractfile(member)
                content = change(member.name, file.read()) if file else b""
                if content is not None:
                    member.size = len(content)
                    new.addfile(member, io.BytesIO(content) if file else None)
        return made.getvalue()

    return act


def biggest(act: Damage | None) -> Damage:
    """Damage the largest file of a dump that is a folder, or leave it out."""

    def damage(data: bytes) -> bytes:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            name = max(archive.getmembers(), key=lambda each: each.size).name
        return repacked(lambda each, content: (act(content) if act else None) if each == name else content)(
            data
        )

    return damage


def without(pattern: bytes) -> Damage:
    def act(data: bytes) -> bytes:
        changed, count = re.subn(pattern, b"", data, flags=re.MULTILINE)
        assert count
        return changed

    return act


def empty(_: bytes) -> bytes:
    return b""


ZSTD = zstandard.ZstdCompressor(write_checksum=True).compress
#: fault -> form, what is done to the dump before and after it is packed, stage, what is named
ARTEFACT = {
    "plain, empty": ("plain", empty, None, "fetch", "empty"),
    "plain, cut within a row": ("plain", cut_within_a_row, None, "restore", "cut short"),
    "plain, cut between rows": ("plain", cut_between_rows, None, "restore", "cut short"),
    "plain, cut after the rows": ("plain", cut_after_rows, None, "restore", "cut short"),
    "plain, a bit in a row": ("plain", flip_in_rows, None, "verify", "table app.customer"),
    "gzip of nothing": ("plain", empty, gzip.compress, "restore", "empty"),
    "gzip, cut": ("plain", None, lambda data: cut(0.6)(gzip.compress(data)), "decompress", "cut"),
    "gzip, a bit": ("plain", None, lambda data: flip_at(0.5)(gzip.compress(data)), "decompress", "damaged"),
    "gzip of a cut dump": ("plain", cut_between_rows, gzip.compress, "restore", "cut short"),
    "zstd, cut": ("plain", None, lambda data: cut(0.6)(ZSTD(data)), "decompress", "cut"),
    "zstd, a bit": ("plain", None, lambda data: flip_at(0.5)(ZSTD(data)), "decompress", "damaged"),
    "custom, cut": ("custom", cut(0.6), None, "restore", "end of file"),
    "custom, its head cut": ("custom", cut(0.01), None, "restore", "pg_restore"),
    "custom, a bit": ("custom", flip_at(0.6), None, "restore", ""),
    "custom uncompressed, a bit": ("stored", flip(b"customer 77\t"), None, None, "app.customer"),
    "tar, cut in half": ("tar", cut(0.5), None, "decompress", "cut"),
    "tar, cut late": ("tar", cut(0.9), None, "decompress", "cut"),
    "tar, a bit": ("tar", flip(b"customer 77\t"), None, None, "app.customer"),
    "folder, a file cut": ("directory", biggest(cut(0.5)), None, "restore", ""),
    "folder, a file missing": ("directory", biggest(None), None, "restore", ""),
    "folder, a bit": ("directory", biggest(flip_at(0.5)), None, "restore", ""),
    "no dump at all": ("plain", lambda _: b"<html>502 Bad Gateway</html>" * 50, None, "restore", "no dump"),
    "sequences lost": ("plain", without(rb"^SELECT pg_catalog\.setval.*$"), None, "verify", "sequence-value"),
    "a schema lost": ("plain", without(rb"^CREATE SCHEMA app;$"), None, "restore", "app"),
}  # fmt: skip


@pytest.mark.parametrize("fault", ARTEFACT)
def test_an_artefact_that_is_not_whole(restored, dumped, source_seen: Manifest, fault: str) -> None:
    form, before, after, stage, named = ARTEFACT[fault]
    data = dumped(*FLAGS[form])
    for act in (before, after):
        data = act(data) if act else data
    ended = restored(data, "backup", carried(source_seen, form))
    assert ended.outcome in {Outcome.NOT_RESTORABLE, Outcome.DIFFERENT}
    assert stage is None or ended.stage == stage, ended.reason
    assert named in ended.reason


@pytest.mark.parametrize("form", FLAGS)
def test_whole_ones_are_equal(restored, dumped, source_seen: Manifest, form: str) -> None:
    ended = restored(dumped(*FLAGS[form]), "backup", carried(source_seen, form))
    assert (ended.outcome, ended.reason) == (Outcome.EQUAL, "")


@pytest.mark.parametrize("fault", ["cut", "bit", "swapped"])
def test_the_manifest_knows_the_file(restored, dumped, source_seen, tmp_path, fault: str) -> None:
    data = dumped("-Fc")
    damaged = {"cut": data[:-1], "bit": flip_at(0.3)(data), "swapped": dumped("-Fc", "-Z1")}[fault]
    digest = hashlib.sha256(data).hexdigest()
    path = tmp_path / "store" / "backup.manifest"
    path.write_bytes(manifest.dump(replace(source_seen, sha256=digest)))
    ended = restored(damaged, "backup", None)
    assert (ended.outcome, ended.stage) == (Outcome.NOT_RESTORABLE, "fetch")
    assert "is not what was stored" in ended.reason


#: what a script leaves out -> pg_dump's flags, what the difference names
CONTENT = {
    "a table": (("-T", "app.zlog"), "table app.zlog"),
    "a table's rows": (("--exclude-table-data=app.zlog",), "table app.zlog"),
    "all rows": (("--schema-only",), "table app.customer"),
    "the schema": (("--data-only",), "app.customer"),
    "a parent of foreign keys": (("-T", "app.customer"), "app.customer"),
    "owners": (("--no-owner",), "owner of"),
    "privileges": (("--no-privileges",), "privileges"),
    "comments": (("--no-comments",), "comment"),
    "large objects": (("--no-blobs",), "large object"),
    "another schema than public": (("-n", "public"), "table app.customer"),
    "sections": (("--section=pre-data", "--section=data"), "constraint"),
}


@pytest.mark.parametrize(
    ("what", "form"),
    [
        *((what, "plain") for what in CONTENT),
        # an archive keeps owners whatever pg_dump is told
        *(pytest.param(what, "custom", marks=pytest.mark.nightly) for what in CONTENT if what != "owners"),
    ],
)
def test_content_that_was_left_out(restored, dumped, source_seen, what: str, form: str) -> None:
    flags, named = CONTENT[what]
    ended = restored(dumped(*FLAGS[form], *flags), "backup", carried(source_seen, form))
    assert ended.outcome in {Outcome.NOT_RESTORABLE, Outcome.DIFFERENT}
    assert named in ended.reason + " ".join(each.what for each in ended.comparison.differences)


def test_settings_of_the_database_are_missed(restored, dumped, source_seen: Manifest) -> None:
    ended = restored(dumped("-Fp"), "backup", source_seen)
    assert ended.outcome is Outcome.DIFFERENT
    found = {each.what for each in ended.comparison.differences}
    assert "setting statement_timeout of the database" in found
    assert "setting search_path of role shop_owner in the database" in found


def test_roles_are_missed(restored, dumped, source_seen: Manifest) -> None:
    """On a server of its own, which has none of the source's roles."""
    ended = restored(dumped("-Fc"), "backup", source_seen, scratch=None)
    assert ended.outcome is Outcome.DIFFERENT
    assert any(each.what == "owner of table app.orders" for each in ended.comparison.differences)


@pytest.mark.parametrize("change", ["older", "of another tenant", "of another database"])
def test_the_wrong_backup(place, restored, dumped, source_seen: Manifest, change: str) -> None:
    other = place.database(options="template shop" if change != "of another database" else "")
    try:
        statements = {
            "older": "delete from app.orders where id > 2990",
            "of another tenant": "update app.customer set name = 'other ' || id",
            "of another database": "create table public.something (id int)",
        }
        place.run(other, statements[change])
        ended = restored(dumped("-Fc", of=other), "backup", source_seen)
    finally:
        place.drop(other)
    assert ended.outcome is Outcome.DIFFERENT
    named = {"older": "table app.orders", "of another tenant": "table app.customer"}
    assert named.get(change, "table app.") in ended.reason


@pytest.mark.usefixtures("source")
def test_row_security_hides_rows(place, dumped, restored) -> None:
    """A role under row level security dumps what it may see, with exit code 0, and half is lost."""
    address = place.database(
        "create table t (id int primary key, owner text);"
        "insert into t select i, case i % 2 when 0 then 'limited' else 'other' end"
        " from generate_series(1, 100) i;"
        "alter table t enable row level security;"
        "create policy p on t using (owner = current_user);"
        "do $$ begin if not exists (select from pg_roles where rolname = 'limited') then"
        " create role limited login; end if; end $$;"
        "grant select on t to limited"
    )
    try:
        seen = place.seen(address)
        limited = Address({**address.parameters, "user": "limited"})
        ended = restored(dumped("-Fc", "--enable-row-security", of=limited), "backup", seen)
    finally:
        place.drop(address)
    assert ended.outcome is Outcome.DIFFERENT
    assert "table public.t: 100 rows in the source, 50 rows in the copy" in ended.reason
