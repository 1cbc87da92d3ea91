"""Dumps of one database, taken under a session's snapshot and restored section by section."""

import tarfile
from dataclasses import dataclass
from pathlib import Path

from verify.drills import packing
from verify.drills.clock import Clock, size_of
from verify.drills.forms import form_of
from verify.drills.postgres import dumps
from verify.drills.postgres.address import Address
from verify.drills.postgres.messages import Meaning, first
from verify.drills.postgres.scratch import connected
from verify.drills.postgres.tools import Programs
from verify.effects.process import Finished, clean_environment

_SUFFIXES = {"custom": ".dump", "directory": ".dir.tar", "plain": ".sql"}
_FLAGS = {"custom": "c", "directory": "d", "plain": "p"}
_DATABASE = (" DATABASE ", " DATABASE PROPERTIES ", " ACL - DATABASE ", " COMMENT - DATABASE ")
_SECTIONS = {"restore": ("pre-data", "data"), "indexes": ("post-data",)}
_WORKERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """How a dump is written: ``format`` custom, directory or plain, ``compress`` none, gzip or zstd.

    ``recipient`` is age's public key, "" to leave it unencrypted.
    """

    format: str = "custom"
    compress: str = "gzip"
    recipient: str = ""


def take(  # noqa: PLR0913 - what, how, where to, and as of when
    source: Address,
    programs: Programs,
    clock: Clock,
    folder: Path,
    *,
    name: str,
    how: Packing,
    snapshot: str = "",
) -> Path:
    """Dump ``source`` as of ``snapshot`` into one file in ``folder`` and return it.

    Raise ``NotRestorable`` of the stage ``take`` where pg_dump fails: there is no backup then.
    """
    path = folder / (name + _SUFFIXES[how.format].removesuffix(".tar"))
    argv: list[str | Path] = [programs["pg_dump"], f"--format={_FLAGS[how.format]}", f"--file={path}"]
    argv += ["--no-password"]
    inside = how.format != "plain" and how.compress == "gzip"
    argv += [] if how.format == "plain" or inside else ["--compress=0"]
    argv += [f"--jobs={_WORKERS}"] if how.format == "directory" else []
    argv += [f"--snapshot={snapshot}"] if snapshot else []
    done = clock.run("take", argv, env=environment(source), wrote=path)
    if not done.ok:
        raise clock.lost("take", f"pg_dump {ended(done, clock.deadline)}")
    if how.format == "directory":
        if not path.is_dir():
            raise clock.lost("take", "pg_dump ended with 0 and made no folder")
        with clock.call("take", "tar", path.name) as noted:
            path = _packed(path)
            noted.size = size_of(path)
    if how.compress != "none" and not inside:
        with clock.call("take", how.compress, path.name) as noted:
            path = packing.compress(path, how.compress)
            noted.size = size_of(path)
    if how.recipient:
        with clock.call("take", "age", path.name) as noted:
            path = packing.encrypt(path, how.recipient)
            noted.size = size_of(path)
    return path


def roles(source: Address, programs: Programs, clock: Clock, path: Path) -> bool:
    """Write the server's roles, without passwords, to ``path``; say whether it could be done."""
    argv: list[str | Path] = [programs["pg_dumpall"], "--roles-only", "--no-role-passwords", "--no-password"]
    env = environment(source) | ({"PGDATABASE": source.database} if source.database else {})
    return clock.run("take", [*argv, f"--file={path}"], env=env, wrote=path).ok


def schema(source: Address, programs: Programs, clock: Clock, path: Path, *, snapshot: str) -> None:
    """Write an archive without rows to ``path``: it knows what the database itself is set to."""
    argv: list[str | Path] = [
        programs["pg_dump"],
        "--format=c",
        "--schema-only",
        "--no-password",
        f"--file={path}",
    ]
    argv += [f"--snapshot={snapshot}"] if snapshot else []
    done = clock.run("take", argv, env=environment(source), wrote=path)
    if not done.ok:
        raise clock.lost("take", f"pg_dump {ended(done, clock.deadline)}")


def restore_roles(path: Path, server: Address, programs: Programs, clock: Clock) -> None:
    """Create the roles of ``path`` on a server of ours; those that are there already stay as they are."""
    _psql(path, server, programs, clock, stage="restore")


def restore(path: Path, target: Address, programs: Programs, clock: Clock, *, confined: bool) -> str:
    """Restore what is in ``path`` into the empty database ``target``; return what was lost, "" for nothing.

    ``confined``: nothing beyond that one database may be touched, for the server is not ours.
    Raise ``NotRestorable`` for what is no whole dump, or one that does not end, and ``DrillError``
    where the place that is restored into is at fault.
    """
    kind = form_of(path)
    if kind == "tar":
        place = path.parent / f"{path.name}.opened"
        place.mkdir()
        path = packing.open_folder(path, place, clock)
    if kind in {"custom", "tar", "directory"}:
        return _restore_archive(path, target, programs, clock)
    if kind == "sql":
        return _restore_plain(path, target, programs, clock, confined=confined)
    what = "is empty" if kind == "empty" else "is no dump that PostgreSQL's programs write"
    raise clock.lost("restore", f"what is inside {what}")


def analyze(target: Address, programs: Programs, clock: Clock) -> None:
    """Collect the planner's statistics, without which the first queries may take for ever.

    Several tables at once, as whoever is in a hurry does.
    """
    program = programs["vacuumdb"]
    if not program.exists() or _partitioned(target):
        done = _statement("analyze", "ANALYZE", target, programs, clock)
    else:
        argv: list[str | Path] = [program, "--analyze-only", f"--jobs={_WORKERS}", "--quiet", "--no-password"]
        done = clock.run("analyze", argv, env=environment(target))
    if not done.ok:
        raise clock.lost("analyze", f"ANALYZE {ended(done, clock.deadline)}")


def _partitioned(target: Address) -> bool:
    """Say whether there is a table of partitions: vacuumdb collects the statistics of these alone."""
    query = "select exists (select from pg_catalog.pg_class where relkind = 'p')"
    with connected(target, stage="analyze") as connection:
        row = connection.execute(query).fetchone()
    return bool(row and row[0])


def smoke(query: str, target: Address, programs: Programs, clock: Clock, *, needed: bool = True) -> None:
    """Ask the restored database ``query``; raise ``NotRestorable`` unless it answers.

    With at least one row, where one is ``needed``.
    """
    done = _statement("smoke", query, target, programs, clock)
    if not done.ok:
        raise clock.lost("smoke", f"the smoke query {ended(done, clock.deadline)}")
    if needed and not done.stdout.strip():
        raise clock.lost("smoke", "the smoke query answered no row")


def environment(address: Address) -> dict[str, str]:
    """Return the variables of a program that speaks to ``address``; the password is among them."""
    return clean_environment({**address.environment(), "PGAPPNAME": "deploy-verify"})


def ended(done: Finished, deadline: float) -> str:
    """Say in a few words how a program ended that did not end well."""
    if done.timed_out:
        return f"had not ended after {deadline:g} s and was killed"
    said = (done.stderr or done.stdout).decode("utf-8", "replace")
    words = first(said, Meaning.LOSS) or first(said, Meaning.OURS) or " ".join(said.split())[-300:]
    return f"ended with {done.returncode}: {words or 'it said nothing'}"


def _packed(folder: Path) -> Path:
    """Put a dump's folder into one tar file, for stores keep files."""
    packed = folder.with_name(folder.name + ".tar")
    with tarfile.open(packed, "w") as archive:
        archive.add(folder, arcname="dump")
    for each in folder.iterdir():
        each.unlink()
    folder.rmdir()
    return packed


def _restore_archive(path: Path, target: Address, programs: Programs, clock: Clock) -> str:
    said = properties(path, target, programs, clock)
    for stage, sections in _SECTIONS.items():
        argv: list[str | Path] = [programs["pg_restore"], *(f"--section={each}" for each in sections)]
        argv += [f"--jobs={_WORKERS}"] if path.is_dir() else []
        argv += ["--no-password", f"--dbname={target.database}", path]
        said += said_lost(clock.run(stage, argv, env=environment(target)), stage, "pg_restore", clock)
    return said


def properties(path: Path, target: Address, programs: Programs, clock: Clock) -> str:
    """Give ``target`` what the archive says of its database: settings, owner, rights, comment."""
    listed = clock.run(
        "restore", [programs["pg_restore"], "--list", "--create", path], env=clean_environment()
    )
    lost = said_lost(listed, "restore", "pg_restore", clock)
    if lost or listed.returncode:
        raise clock.lost("restore", f"pg_restore {ended(listed, clock.deadline)}")
    lines = listed.stdout.decode("utf-8", "replace").splitlines()
    chosen = path.parent / f"{path.name}.list"
    chosen.write_text("\n".join(line for line in lines if any(word in line for word in _DATABASE)))
    name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith(";     dbname:")), "")
    argv: list[str | Path] = [programs["pg_restore"], "--create", f"--use-list={chosen}", "--file=-", path]
    shown = clock.run("restore", argv, env=clean_environment())
    head = dumps.header(shown.stdout.decode("utf-8", "replace"), name)
    script = path.parent / f"{path.name}.properties.sql"
    script.write_text("".join(f"{dumps.renamed(each, name, target.database)}\n" for each in head.properties))
    return _psql(script, target, programs, clock, stage="restore") if head.properties else ""


def _restore_plain(path: Path, target: Address, programs: Programs, clock: Clock, *, confined: bool) -> str:
    if dumps.is_dump(path) and not dumps.complete(path):
        raise clock.lost("restore", "the dump is cut short: pg_dump's last line is missing")
    leads = dumps.leaves(path) if confined else ""
    if leads:
        raise clock.unseen(
            "restore",
            f"the dump would reach beyond the scratch database ({leads}): leave out `scratch:`, "
            "so that a server of its own is started",
        )
    return _psql(path, target, programs, clock, stage="restore")


def _psql(path: Path, target: Address, programs: Programs, clock: Clock, *, stage: str) -> str:
    argv: list[str | Path] = [
        programs["psql"],
        "--no-psqlrc",
        "--quiet",
        "--no-password",
        "--set=ON_ERROR_STOP=0",
    ]
    done = clock.run(stage, [*argv, f"--file={path}"], env=environment(target))
    return said_lost(done, stage, "psql", clock)


def _statement(stage: str, sql: str, target: Address, programs: Programs, clock: Clock) -> Finished:
    argv: list[str | Path] = [programs["psql"], "--no-psqlrc", "--no-align", "--tuples-only", "--no-password"]
    return clock.run(stage, [*argv, "--set=ON_ERROR_STOP=1", f"--command={sql}"], env=environment(target))


def said_lost(done: Finished, stage: str, program: str, clock: Clock) -> str:
    """Return what was lost by a program that loads a dump; raise where it did not come to an end."""
    said = done.stderr.decode("utf-8", "replace")
    if done.timed_out:
        raise clock.lost(stage, f"{program} {ended(done, clock.deadline)}")
    ours = first(said, Meaning.OURS)
    if ours:
        raise clock.unseen(stage, f"{program}: {ours}: the place that is restored into has to be mended")
    if done.returncode < 0:
        raise clock.lost(stage, f"{program} was ended by signal {-done.returncode}")
    return first(said, Meaning.LOSS)
