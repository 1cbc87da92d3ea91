"""Two ways to back a database up and to bring it back: our own dumps, and a team's own scripts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from verify.drills import packing
from verify.drills.clock import Clock
from verify.drills.errors import DrillError
from verify.drills.postgres import logical
from verify.drills.postgres.address import Address
from verify.drills.postgres.target import Target
from verify.drills.postgres.tools import Programs, client
from verify.drills.script.command import Command, address_values, execute
from verify.drills.script.shims import Shims, exact
from verify.drills.store.base import BackupStore, Using
from verify.drills.store.folder import FolderStore
from verify.effects.process import clean_environment
from verify.facts.backup import Artefact, Step
from verify.facts.beside import is_proof
from verify.model.text import abridged

#: what lies beside a dump of ours: the server's roles
ROLES = ".roles"
#: beside a plain dump of ours, which carries no settings of the database: an archive that does
SCHEMA = ".schema"
#: beside an artefact, and none itself
BESIDE = (".manifest", ROLES, SCHEMA)

#: programs whose failure leaves no backup, or half of one
_WEIGHTY = frozenset({"pg_dump", "pg_dumpall", "gzip", "zstd", "tar", "age", "gpg", "openssl", "aws", "psql"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What an engine works with: ``folder`` is empty and its own, ``key`` the secret that decrypts."""

    clock: Clock
    store: BackupStore
    folder: Path
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A backup that was made: its key in the store, and whether it holds exactly the snapshot."""

    artefact: Artefact
    exact: bool


class Engine(Protocol):
    """Makes a backup and brings one back."""

    @property
    def roles_provided(self) -> bool:
        """Say whether the source's roles are there before a restore, as a platform provides them."""
        ...

    @property
    def staged(self) -> bool:
        """Say whether the steps of a restore follow one another, so that each stage has its own time."""
        ...

    def take(self, work: Work, source: Address, *, major: int, snapshot: str, name: str) -> Taken:
        """Back ``source`` up as of ``snapshot``, into the store."""
        ...

    def apart(self, work: Work) -> tuple["Engine", BackupStore]:
        """Return what takes and restores parts, and a store that nobody takes them for backups in.

        Raise ``DrillError`` where there is none.
        """
        ...

    def restore(self, work: Work, artefact: Artefact, target: Target) -> tuple[str, bool | None]:
        """Restore from the store; return what was lost, "" for nothing, and whether it was encrypted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Dumps:
    """Dumps of our own; ``instead`` are paths to run for a program's own, by its name."""

    how: logical.Packing = field(default_factory=logical.Packing)
    instead: Mapping[str, str] = field(default_factory=dict)
    roles_provided: bool = False
    staged: bool = True

    def apart(self, work: Work) -> tuple[Engine, BackupStore]:
        """Return itself and the store: what is put there bears our mark, and goes again."""
        return self, work.store

    def take(self, work: Work, source: Address, *, major: int, snapshot: str, name: str) -> Taken:
        """Dump database and roles; put both into the store."""
        programs = replace(client(major), instead=self.instead)
        path = logical.take(
            source, programs, work.clock, work.folder, name=name, how=self.how, snapshot=snapshot
        )
        work.clock.add(work.store.put(path, path.name, given=True))
        roles, schema = (path.with_name(path.name + suffix) for suffix in (ROLES, SCHEMA))
        made = [roles] if logical.roles(source, programs, work.clock, roles) else []
        if self.how.format == "plain":
            logical.schema(source, programs, work.clock, schema, snapshot=snapshot)
            made.append(schema)
        for each in made:
            work.clock.add(work.store.put(each, each.name, given=True))
        roles.unlink(missing_ok=True)  # begun, and failed
        return Taken(artefact=found(work, path.name), exact=bool(snapshot))

    def restore(self, work: Work, artefact: Artefact, target: Target) -> tuple[str, bool | None]:
        """Fetch, unwrap and restore; a server of ours gets the roles that lie beside the dump first."""
        programs = replace(client(target.major, stage="restore"), instead=self.instead)
        keys = {each.key for each in work.store.list().artefacts}
        if artefact.key + ROLES in keys and not target.confined:
            roles, step = work.store.get(artefact.key + ROLES, work.folder, reading=True)
            work.clock.add(step)
            logical.restore_roles(roles, target.admin, programs, work.clock)
        if artefact.key + SCHEMA in keys:
            schema, step = work.store.get(artefact.key + SCHEMA, work.folder, reading=True)
            work.clock.add(step)
            logical.properties(schema, target.address, programs, work.clock)
        return restore_by_form(work, artefact, target, programs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripts:
    """A team's own programs; without ``restore`` the artefact is restored by its form.

    ``values`` fill placeholders that the drill does not know, such as ``{bucket}``; ``environment``
    holds what a shell would have exported, such as a store's credentials. With ``buckets``,
    ``aws s3`` works on folders below it.
    """

    backup: Command
    restoring: Command | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    buckets: Path | None = None
    roles_provided: bool = True

    @property
    def staged(self) -> bool:
        """Say that a script's programs may run side by side."""
        return self.restoring is None

    def apart(self, work: Work) -> tuple[Engine, BackupStore]:
        """Return the same scripts with buckets in a folder of ours: they store under names of their own."""
        stored = Path(work.store.place)
        if self.buckets is None or not stored.is_relative_to(self.buckets):
            raise DrillError(
                "verify",
                f"the team's script would store parts in {work.store.place} as if they were backups: "
                "drill where its bucket is a folder, or restore a database of the stated size",
            )
        buckets = work.folder / "buckets"
        store = buckets / stored.relative_to(self.buckets)
        store.mkdir(parents=True)
        using = Using(journal=work.clock.journal, redactor=work.clock.redactor)
        return replace(self, buckets=buckets), FolderStore(store, using)

    def take(self, work: Work, source: Address, *, major: int, snapshot: str, name: str) -> Taken:
        """Run the script; what is new in the store afterwards is the backup."""
        before = {(each.key, each.size, each.modified) for each in artefacts(work)}
        out = work.folder / "out"
        out.mkdir()
        shims = self._shims(self.backup, work, major, snapshot)
        values = {
            **self.values, **address_values("source", source),
            "folder": str(out), "key": work.key, "run_id": name,
        }  # fmt: skip
        done = execute("take", self.backup, values, work.clock, shims, environment=self.environment)
        if done.timed_out:
            raise work.clock.lost("take", f"the script {logical.ended(done, self.backup.within)}")
        calls = shims.calls()
        new = [each for each in artefacts(work) if (each.key, each.size, each.modified) not in before]
        if not new:
            stage, reason = blamed(work.clock.steps) or ("store", "")
            left = sorted(each.name for each in out.rglob("*") if each.is_file())
            what = f"; {', '.join(left[:3])} stayed in its folder" if left else ""
            message = (
                f"the script {logical.ended(done, 0) if done.returncode else 'ended with 0'}, and nothing new"
            )
            raise work.clock.lost(
                stage, f"{reason}{'; ' if reason else ''}{message} is in {work.store.place}{what}"
            )
        newest = max(new, key=lambda each: (each.at, each.modified, each.size))
        same = [each for each in new if each.at == newest.at and each.size == newest.size]
        return Taken(artefact=min(same, key=lambda each: each.key), exact=exact(calls))

    def restore(self, work: Work, artefact: Artefact, target: Target) -> tuple[str, bool | None]:
        """Run the team's restore, or restore by form."""
        if self.restoring is None:
            return restore_by_form(work, artefact, target, client(target.major, stage="restore"))
        into = work.folder / "fetched"
        into.mkdir()
        if self.restoring.names("folder"):  # else it fetches by itself
            _handed_over(work, artefact, into)
        values = {
            **self.values, **address_values("target", target.address), "folder": str(into),
            "artefact": artefact.key, "key": work.key, "run_id": work.clock.journal.run_id,
        }  # fmt: skip
        shims = self._shims(self.restoring, work, target.major, "")
        done = execute("restore", self.restoring, values, work.clock, shims, environment=self.environment)
        if done.timed_out:
            raise work.clock.lost("restore", f"the script {logical.ended(done, self.restoring.within)}")
        lost = logical.said_lost(done, "restore", "the script", work.clock)
        if not lost and done.returncode:
            lost = f"the script {logical.ended(done, self.restoring.within)}"
        return lost, None

    def _shims(self, command: Command, work: Work, major: int, snapshot: str) -> Shims:
        programs = client(major)
        place = work.folder / f"shims-{'take' if snapshot else 'restore'}"
        paths = (command.env.get("PATH"), self.environment.get("PATH"), clean_environment().get("PATH"))
        path = next(filter(None, paths), "")
        return Shims.make(place, path, snapshot=snapshot, buckets=self.buckets, instead=programs.folder)


def _handed_over(work: Work, artefact: Artefact, into: Path) -> None:
    """Fetch ``artefact`` under its own name, and the checksums that lie beside it."""
    beside = [each for each in work.store.list().artefacts if each.key.startswith(f"{artefact.key}.")]
    for each in (artefact, *(each for each in beside if is_proof(each.key))):
        path, step = fetched(work, each, into)
        work.clock.add(step)
        wanted = into / each.key
        if path != wanted:
            wanted.parent.mkdir(parents=True, exist_ok=True)
            path.rename(wanted)


def restore_by_form(
    work: Work, artefact: Artefact, target: Target, programs: Programs
) -> tuple[str, bool | None]:
    """Fetch ``artefact``, take its layers off and restore what is inside by what it is."""
    into = work.folder / "fetched"
    into.mkdir(exist_ok=True)
    path, step = fetched(work, artefact, into, reading=True)
    work.clock.add(step)
    inner, encrypted = packing.unwrap(path, into, work.clock, key=work.key)
    lost = logical.restore(inner, target.address, programs, work.clock, confined=target.confined)
    logical.analyze(target.address, programs, work.clock)
    return lost, encrypted


def fetched(work: Work, artefact: Artefact, into: Path, *, reading: bool = False) -> tuple[Path, Step]:
    """Fetch ``artefact`` and check that it is what its manifest says; raise ``NotRestorable`` if not.

    ``reading``: nobody will write to it.
    """
    path, step = work.store.get(artefact.key, into, reading=reading)
    if path.is_file() and not path.stat().st_size:
        work.clock.add(step)
        raise work.clock.lost("fetch", f"{artefact.key} is empty")
    if artefact.sha256 and path.is_file() and step.sha256 != artefact.sha256:
        work.clock.add(step)
        raise work.clock.lost(
            "fetch",
            f"{artefact.key} is not what was stored: SHA-256 {step.sha256[:16]}… instead of "
            f"{artefact.sha256[:16]}…: it was cut, damaged or replaced",
        )
    return path, step


def artefacts(work: Work) -> list[Artefact]:
    """Return the backups in the store."""
    return [each for each in work.store.list().backups if not each.key.endswith(BESIDE)]


def found(work: Work, key: str) -> Artefact:
    """Return the artefact ``key`` as the store lists it."""
    for each in work.store.list().artefacts:
        if each.key == key:
            return each
    raise work.clock.lost("store", f"{key} was stored, and {work.store.place} does not list it")


def blamed(steps: tuple[Step, ...]) -> tuple[str, str] | None:
    """Return stage and words of the first program that failed while the backup was made, if one did."""
    for step in steps:
        program = step.argv[0] if step.argv else ""
        if step.stage in {"take", "store"} and not step.ok and program in _WEIGHTY:
            words = abridged(" ".join(step.words.split()), 300)
            how = "had not ended" if step.timed_out else f"ended with {step.returncode}"
            return step.stage, f"{program} {how}{': ' + words if words else ''}"
    return None
