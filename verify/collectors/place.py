"""Where the backups of a run are taken from and kept: as the contract places them, or on the reference."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from verify.collectors.world import World
from verify.contract.backup import Backup, BackupAt
from verify.contract.values import variable_of
from verify.drills.errors import DrillError
from verify.drills.postgres import manifest
from verify.drills.store.base import BackupStore
from verify.drills.store.choose import open_store, using_of
from verify.drills.store.folder import FolderStore
from verify.effects.errors import EffectError
from verify.effects.journal import Journal

_BUCKET = "s3://"
#: the machine that the reference's database stands for
APART = "database.reference"
#: names under which the reference's own credentials are handed on; nobody's environment has them
_ACCESS, _SECRET = "DEPLOY_VERIFY_REFERENCE_ACCESS", "DEPLOY_VERIFY_REFERENCE_SECRET"


@dataclass(frozen=True, kw_only=True)
class Place:
    """One backup in this run's environment.

    ``source`` and ``scratch`` are addresses, "" where there are none; ``buckets`` is the folder whose
    folders are buckets, ``uploads`` where those of scripts go; ``programs`` are bodies to run for a
    program's own.
    """

    name: str
    spec: Backup
    at: BackupAt
    world: World
    journal: Journal
    source: str = field(default="", repr=False)
    scratch: str = field(default="", repr=False)
    buckets: Path | None = None
    uploads: Path | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    programs: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Return the secret that decrypts, "" without one."""
        return self._value(self.spec.key)

    @property
    def bucket(self) -> str:
        """Return the bucket's name, "" where the store is a folder."""
        stated = self.spec.store or ""
        return urlsplit(stated).hostname or "" if stated.startswith(_BUCKET) else ""

    def store(self, *, writes: bool = False) -> BackupStore:
        """Open where the backup is kept; raise ``DrillError``."""
        world = self.world
        using = using_of(
            self.spec,
            journal=self.journal,
            redactor=world.redactor,
            source=self.source,
            snapshot_at=lambda data: manifest.load(data, name="manifest").at,
        )
        if world.breakable is not None and not world.breakable.beside:
            using = replace(using, source_host=APART)  # all of it runs here, and stands for machines
        if self.buckets is not None:
            # a bucket's folder, or in the place of a folder of the team's: nothing of theirs is written to
            prefix = urlsplit(self.spec.store or "").path.strip("/") if self.bucket else ""
            below = self.buckets / (self.bucket or self.name) / prefix
            below.mkdir(parents=True, exist_ok=True)
            if self.uploads is not None:  # which are elsewhere while the reference loses them
                (self.uploads / below.relative_to(self.buckets)).mkdir(parents=True, exist_ok=True)
            return FolderStore(below, using)
        return open_store(
            self.spec,
            self.at,
            using,
            root=world.root,
            environ=self.environ,
            trust=str(world.trust) if world.trust and world.breakable is None else None,
            private=world.breakable is not None or bool(world.environment and world.environment.private),
            writes=writes,
        )

    def _value(self, secret: str | None) -> str:
        return self.environ.get(variable_of(secret), "") if secret else ""


def place_of(name: str, world: World, *, stored: bool = True) -> Place:
    """Return where the backup ``name`` is in this environment; raise ``EffectError``.

    Who looks at its source alone asks for one that is not ``stored``.
    """
    if world.environment is None or world.journal is None:
        raise EffectError("no environment is chosen, so there is no backup to look at: give --env")
    spec = world.contract.backups[name]
    at = world.environment.backups.get(name, BackupAt())
    if world.breakable is None:
        return Place(
            name=name,
            spec=spec,
            at=at,
            world=world,
            journal=world.journal,
            source=_secret(at.source, world),
            scratch=_secret(at.scratch, world),
            environ=world.secrets,
        )
    return _on_reference(name, spec, world, world.journal, stored=stored)


def _on_reference(name: str, spec: Backup, world: World, journal: Journal, *, stored: bool) -> Place:
    """Return the place on the reference: its own database, cache and object store."""
    reference = world.breakable
    if reference is None:
        raise EffectError("the reference does not run")
    at, environ = BackupAt(), dict(world.secrets)
    in_bucket = (spec.store or "").startswith(_BUCKET) and not reference.beside
    if stored and ((in_bucket and spec.script is None) or spec.engine == "snapshot"):
        bucket = urlsplit(spec.store or "").hostname
        buckets = [bucket] if bucket and in_bucket else []
        objects = reference.objects(buckets, [spec.instance] if spec.instance else [])
        world.redactor.add("REFERENCE_SECRET", objects.secret)
        at = BackupAt(endpoint=objects.url, access=f"${_ACCESS}", secret=f"${_SECRET}")
        environ |= {_ACCESS: objects.access, _SECRET: objects.secret}
    return Place(
        name=name,
        spec=spec,
        at=at,
        world=world,
        journal=journal,
        source=reference.cache_url if spec.engine == "redis" else reference.database_url,
        buckets=reference.buckets if spec.script is not None or not in_bucket else None,
        uploads=reference.uploads,
        environ=environ,
        programs=reference.programs,
    )


def _secret(name: str | None, world: World) -> str:
    return world.secrets.get(variable_of(name), "") if name else ""


def require_source(place: Place) -> str:
    """Return the address of what is backed up; raise ``DrillError`` where none is stated here."""
    if not place.source:
        raise DrillError(
            "take", f"backup {place.name}: state `source: $NAME` under `backups:` of this environment"
        )
    return place.source
