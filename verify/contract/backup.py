"""Backups: what is backed up, by what, where to, how often; and how a disaster is recovered from."""

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator
from pydantic import WithJsonSchema as Described

from verify.contract.nodes import Path
from verify.contract.part import BackupName, EndpointName, Misfit, Part
from verify.contract.patterns import Shape
from verify.contract.values import Duration, Flag, OriginUrl, SecretName, Size, Text
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
    """A program of the team's own, run as it is from the contract's folder, without a shell.

    ``run`` are the program and its arguments; both these and the values of ``env`` may hold
    ``{source}``, ``{target}`` (the databases' addresses, and ``_host``, ``_port``, ``_user``,
    ``_password``, ``_name`` of each), ``{folder}`` (an empty one for this run), ``{store}``,
    ``{bucket}``, ``{endpoint}``, ``{artefact}`` and ``{key}``. ``within`` is its deadline.
    """

    run: Words
    env: Mapping[VariableName, str] = {}
    within: Duration = units.seconds(900)

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
    """One backup.

    ``engine`` is what takes and restores it, unless the team's own ``script`` does, of which
    ``restore`` (else the artefact is restored by its form), ``prune`` and ``migrate``, which backs up and
    then migrates ``{source}`` (run on the reference alone, as a release), are further parts.
    ``store`` is where it is kept, ``schedule`` when it is taken in ``timezone``; ``pitr``: the time between
    two can be restored too. ``recipient`` and ``key`` are of age: who can read it, and the secret that does.
    ``size`` is that of the source in production: a drill of less restores parts too; ``instance`` the
    one that snapshots are of; ``smoke`` a query that has to answer with a row once it is restored.
    """

    engine: Engine
    script: Runs | None = None
    restore: Runs | None = None
    prune: Runs | None = None
    migrate: Runs | None = None
    store: StorePlace | None = None
    schedule: Schedule | None = None
    timezone: Zone | None = None
    pitr: Flag = False
    format: Literal["custom", "directory", "plain"] = "custom"
    compress: Literal["none", "gzip", "zstd"] = "gzip"
    recipient: Text | None = None
    key: SecretName | None = None
    size: Size | None = None
    instance: Text | None = None
    smoke: Text | None = None

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
    """A backup in one environment.

    ``source`` is the variable with the address of what is backed up (of an object store,
    ``s3://BUCKET/PREFIX``), only ever read, but for a recovery to a point in time, which is marked by a
    schema of its own there; ``archive`` the folder, as it is seen from here, that the source's
    ``archive_command`` fills; ``scratch`` that of a server where a drill may make databases of its
    own, by default one is started here; ``endpoint`` is where the store's interface answers, ``region``
    its region, by default those of Amazon; ``access`` and ``secret`` the variables with its credentials.
    """

    source: SecretName | None = None
    archive: Text | None = None
    scratch: SecretName | None = None
    endpoint: OriginUrl | None = None
    region: Text = "us-east-1"
    access: SecretName | None = None
    secret: SecretName | None = None


Disaster = Literal["database-lost", "redis-lost", "all-lost", "bad-release", "region-lost"]


class Drill(Part):
    """A disaster, and the team's own way out of it.

    ``after`` is what has happened: on the reference it is made to happen, elsewhere ``cause`` makes
    it. ``backup`` is taken and seen to restore before that, and is the ``{artefact}`` to recover
    from; ``recover`` is run, and the drill ends when ``endpoint``, by default the one that
    readiness asks, is well again, with ``version`` where one is stated.
    """

    after: Disaster
    backup: BackupName | None = None
    cause: Runs | None = None
    recover: Runs
    endpoint: EndpointName | None = None
    version: Text | None = None
