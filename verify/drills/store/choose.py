"""The store that a contract names, in one environment."""

import zoneinfo
from collections.abc import Callable, Mapping
from datetime import UTC
from pathlib import Path
from urllib.parse import urlsplit

from verify.contract.backup import Backup, BackupAt
from verify.contract.values import variable_of
from verify.drills.aws import Access
from verify.drills.errors import DrillError
from verify.drills.store.base import BackupStore, Using, machine
from verify.drills.store.folder import FolderStore
from verify.drills.store.s3 import S3Store
from verify.effects.journal import Journal
from verify.effects.redact import Redactor

_BUCKET = "s3://"


def access_of(at: BackupAt, *, trust: str | None = None, private: bool = False) -> Access:
    """Return how the environment's interface is asked; raise ``DrillError`` without credentials."""
    if at.access is None or at.secret is None:
        missing = "access" if at.access is None else "secret"
        raise DrillError(
            "fetch",
            f"expected `{missing}: $NAME` in the environment's `backups:`: nothing else gives credentials",
        )
    return Access(
        endpoint=at.endpoint,
        region=at.region,
        access=variable_of(at.access),
        secret=variable_of(at.secret),
        trust=trust,
        private=private,
    )


def using_of(
    backup: Backup,
    *,
    journal: Journal,
    redactor: Redactor,
    source: str = "",
    snapshot_at: Callable[[bytes], float] | None = None,
) -> Using:
    """Return what a store of ``backup`` is used with; ``source`` is the address of what is backed up."""
    place, host = source_of(source)
    return Using(
        journal=journal,
        redactor=redactor,
        zone=zoneinfo.ZoneInfo(backup.timezone) if backup.timezone else UTC,
        snapshot_at=snapshot_at,
        source=place,
        source_host=host,
    )


def open_store(  # noqa: PLR0913 - each comes from another part of a run
    backup: Backup,
    at: BackupAt,
    using: Using,
    *,
    root: Path,
    environ: Mapping[str, str],
    trust: str | None = None,
    private: bool = False,
    writes: bool = False,
) -> BackupStore:
    """Open the store of ``backup``; a folder is below ``root``, the contract's, unless it is absolute.

    ``private`` lets the endpoint's name lie at a private address, ``writes`` allows ``put`` and
    ``delete``. Raise ``DrillError``.
    """
    if backup.store is None:
        raise DrillError(
            "fetch", "expected `store:` in the contract's backup: s3://BUCKET/PREFIX or a folder"
        )
    if not backup.store.startswith(_BUCKET):
        return FolderStore(root / backup.store, using)
    access = access_of(at, trust=trust, private=private)
    return S3Store(backup.store, access, using, environ=environ, writes=writes)


def source_of(source: str) -> tuple[str, str]:
    """Return the address ``source`` without what is secret, and the machine that it names.

    It is a URL, the ``host=… dbname=…`` of libpq, or a bucket, which is on no machine.
    """
    if "://" in source:
        try:
            parts = urlsplit(source)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return "", ""
        if parts.scheme == "s3":
            return f"s3://{host}{parts.path}".rstrip("/"), ""
        place = f"[{host}]" if ":" in host else host
        return f"{parts.scheme}://{place}{f':{port}' if port else ''}{parts.path}", machine(host)
    said = dict(word.split("=", 1) for word in source.split() if "=" in word)
    if not said:
        return "", ""
    host = said.get("host", "")
    return f"postgresql://{host}/{said.get('dbname', '')}", machine(host)
