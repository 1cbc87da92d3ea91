"""Backups: what is backed up, by what, where to, how often; and how a disaster is recovered from."""

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator
from pydantic import WithJsonSchema as Described

from verify.contract.bounds import Wait
from verify.contract.nodes import Path
from verify.contract.part import BackupName, EndpointName, Misfit, Part
from verify.contract.patterns import Shape
from verify.contract.values import Flag, OriginUrl, SecretName, Size, Text
from verify.contract.words import kind_of, offer, shown
from verify.model import units

Engine = Literal["postgresql", "script", "redis", "objectstore", "snapshot", "physical"]

#: what a command's words and variables may name
PLACEHOLDERS = (
    "source", "source_host", "source_port", "source_user", "source_password", "source_name",
    "target", "target_host", "target_port", "target_user", "target_password", "target_name",
    "folder", "store", "bucket", "endpoint", "artefact", "key", "run_id",
)  # fmt: skip
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def _cron(text: str) -> str:
    """Refuse what cron cannot read; the library comes with the extra ``backup``, else the shape has to do."""
    try:
        from cronsim import CronSim, CronSimError
    except ImportError:
        return text
    try:
        CronSim(text, dt.datetime(2024, 1, 1, tzinfo=dt.UTC))
    except CronSimError as error:
        raise ValueError(f"cron cannot read {shown(text)}: {error}: expected such as '0 2 * * *'") from None
    return text


#: five fields, as crontab(5) has them
Schedule = Annotated[
    str,
    Shape(
        r"^\S+( +\S+){4}$",
        'expected five fields as in a crontab, such as "0 2 * * *": minute, hour, day, month, weekday',
        ("0 2 * * *",),
    ),
    AfterValidator(_cron),
]
#: ``s3://bucket/prefix``, or a folder
StorePlace = Annotated[
    str,
    Shape(
        r"^(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\x00-\x1f\x7f]*)?|(?!\w+:|~)[^\x00-\x1f\x7f]+)$",
        "expected s3://BUCKET/PREFIX or a folder",
        ("s3://example-backups/daily", "backups"),
    ),
]
VariableName = Annotated[
    str, Shape(r"^[A-Za-z_][A-Za-z0-9_]*$", "expected the name of a variable such as DATABASE_URL")
]


def _zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (ValueError, zoneinfo.ZoneInfoNotFoundError, OSError):
        message = f"unknown time zone {shown(value)}: {offer(value, zoneinfo.available_timezones())}"
        raise ValueError(message) from None
    return value


#: a name of the time zone database, such as ``Europe/Berlin``
Zone = Annotated[
    str, AfterValidator(_zone), Described({"type": "string", "examples": ["UTC", "Europe/Berlin"]})
]


def _words(value: object) -> object:
    if isinstance(value, str):
        return tuple(value.split())
    if isinstance(value, list | tuple) and all(isinstance(word, str) for word in value):
        return tuple(value)
    message = f"expected a program and its arguments, got {kind_of(value)}"
    raise ValueError(message)


Words = Annotated[
    tuple[str, ...],
    BeforeValidator(_words),
    Described({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]


class Command(Part):
    """A program of the team's own, run from the contract's folder, without a shell.

    Instead of the keys the program alone may be written, as a text.

    Its words and variables may hold `{source}` and `{target}` (the databases' addresses, and `_host`,
    `_port`, `_user`, `_password`, `_name` of each), `{folder}` (an empty one for this run), `{store}`,
    `{bucket}`, `{endpoint}`, `{artefact}`, `{key}` and `{run_id}`.
    """

    run: Words
    """The program and its arguments, as a text or a list."""
    env: Mapping[VariableName, str] = {}
    """Environment variables it gets besides."""
    within: Wait = units.seconds(900)
    """How long it may take."""

    @classmethod
    def in_full(cls, raw: Any) -> Any:
        """Return the command that a program alone stands for."""
        return {"run": raw} if isinstance(raw, str) else raw

    @classmethod
    def misfits(cls, raw: Mapping[str, Any]) -> Iterator[Misfit]:
        """Refuse a command without a program, and placeholders that nothing fills."""
        yield from super().misfits(raw)
        run = raw.get("run")
        if run in ("", [], ()):
            yield Misfit("expected a program to run", "such as scripts/backup.sh", ("run",))
        words = run.split() if isinstance(run, str) else run if isinstance(run, list | tuple) else ()
        texts: list[tuple[Path, object]] = [(("run",), word) for word in words]
        env = raw.get("env")
        if isinstance(env, Mapping):
            texts += [(("env", name), text) for name, text in env.items()]
        for path, text in texts:
            for name in _PLACEHOLDER.findall(text) if isinstance(text, str) else ():
                if name not in PLACEHOLDERS:
                    yield Misfit(f"nothing fills {shown('{' + name + '}')}", offer(name, PLACEHOLDERS), path)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict[str, Any]:
        """Describe the short form too: the program alone."""
        return {"anyOf": [{"type": "string", "examples": ["scripts/backup.sh"]}, handler(core)]}


#: a program alone, or a ``Command`` in full
Runs: TypeAlias = Annotated[Command, BeforeValidator(Command.in_full)]


class Backup(Part):
    """One backup: what takes it, where it is kept, how often.

    Example::

        backups:
          db:
            engine: postgresql
            script: scripts/backup.sh
            restore: {run: "scripts/restore.sh {artefact} {target}", within: 30m}
            store: s3://example-backups/daily
            schedule: "0 2 * * *"
            timezone: Europe/Berlin
    """

    engine: Engine
    """What takes and restores it; `script` is the team's own alone."""
    script: Runs | None = None
    """The team's own program that takes it."""
    restore: Runs | None = None
    """The team's own program that restores it; by default it is restored by its form."""
    prune: Runs | None = None
    """The team's own program that deletes old ones."""
    migrate: Runs | None = None
    """A program that backs `{source}` up, then migrates it; run on the reference alone."""
    store: StorePlace | None = None
    """Where it is kept: `s3://BUCKET/PREFIX`, or a folder."""
    schedule: Schedule | None = None
    """When it is taken, as in a crontab."""
    timezone: Zone | None = None
    """The time zone of `schedule`, and of days that backups are kept for."""
    pitr: Flag = False
    """Whether the time between two can be restored too."""
    format: Literal["custom", "directory", "plain"] = "custom"
    """The format of a dump that `engine: postgresql` takes."""
    compress: Literal["none", "gzip", "zstd"] = "gzip"
    """How that is compressed."""
    recipient: Text | None = None
    """Who can read it: a recipient of age. Needs `key`."""
    key: SecretName | None = None
    """The variable with the secret of age that reads it."""
    size: Size | None = None
    """How large the source is in production: a drill on less counts part by part."""
    instance: Text | None = None
    """The database instance that snapshots are of."""
    smoke: Text | None = None
    """A query that has to answer with a row once it is restored."""

    @classmethod
    def misfits(cls, raw: Mapping[str, Any]) -> Iterator[Misfit]:
        """Refuse what the engine cannot work with, or needs."""
        yield from super().misfits(raw)
        engine = raw.get("engine")
        if raw.get("migrate") is not None and raw.get("script") is None:
            message = "`migrate:` follows a backup by the team's own `script:`"
            yield Misfit(message, "state that, or remove this", ("migrate",))
        if engine == "script" and raw.get("script") is None:
            yield Misfit("engine `script` needs `script:`", "name what makes a backup", ("engine",))
        # a tuple: what is written there may be no text at all
        if engine in ("redis", "physical", "snapshot", "objectstore"):
            for key in ("script", "restore", "prune"):
                if raw.get(key) is not None:
                    message = f"engine `{engine}` does that itself, so `{key}:` would not be run"
                    yield Misfit(message, "write `engine: script`, or remove this", (key,))
        if engine == "snapshot" and raw.get("instance") is None:
            yield Misfit("engine `snapshot` needs `instance:`", "name the database instance", ("engine",))
        if engine in ("script", "objectstore") and raw.get("store") is None:
            yield Misfit(f"engine `{engine}` needs `store:`", "name where its backups are kept", ("engine",))
        if raw.get("recipient") is not None and raw.get("key") is None:
            yield Misfit("what is encrypted has to be read again", "add `key: $NAME`", ("recipient",))


class BackupAt(Part):
    """A backup in one environment: where it is taken from and kept.

    Example::

        environments:
          staging:
            url: https://staging.example.com
            backups: {db: {source: $DATABASE_URL, access: $BACKUP_ID, secret: $BACKUP_KEY}}
        backups: {db: {engine: postgresql, store: s3://example-backups/daily}}
    """

    source: SecretName | None = None
    """The variable with the address of what is backed up (of an object store `s3://BUCKET/PREFIX`). It is
    only read, but for a recovery to a point in time, which marks it in a schema of its own.
    """
    archive: Text | None = None
    """The folder, as it is seen from here, that the source's `archive_command` fills."""
    scratch: SecretName | None = None
    """The variable with the address of a server where a drill may make databases; by default one is
    started here.
    """
    endpoint: OriginUrl | None = None
    """Where the interface of the store answers; by default Amazon's."""
    region: Text = "us-east-1"
    """The region of the store."""
    access: SecretName | None = None
    """The variable with the id of the store's credentials."""
    secret: SecretName | None = None
    """The variable with their secret."""


Disaster = Literal["database-lost", "redis-lost", "all-lost", "bad-release", "region-lost"]


class Drill(Part):
    """A disaster, and the team's own way out of it.

    Example::

        drills:
          lost: {after: database-lost, backup: db, recover: "scripts/recover.sh {artefact}"}
        backups: {db: {engine: postgresql, store: backups}}
    """

    after: Disaster
    """What has happened; on the reference it is made to happen."""
    backup: BackupName | None = None
    """The backup that is taken, and seen to restore, before; it is the `{artefact}` to recover from."""
    cause: Runs | None = None
    """The program that makes it happen elsewhere."""
    recover: Runs
    """The program that recovers."""
    endpoint: EndpointName | None = None
    """What has to be well again at the end; by default what readiness asks."""
    version: Text | None = None
    """The version that has to answer then."""
