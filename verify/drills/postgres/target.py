"""Where a backup is restored into: a server of our own, or a database of ours on one that is stated."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
from psycopg import sql

from verify.drills.errors import DrillError
from verify.drills.postgres.address import Address
from verify.drills.postgres.ahead import ahead
from verify.drills.postgres.scratch import PREFIX, Shape, connected, require_ours, scratch_database
from verify.drills.postgres.server import Server, room
from verify.drills.postgres.tools import major_of
from verify.effects.journal import Journal
from verify.facts.equality import Manifest

#: what is free has to be this many times the source's size
ROOM = 3
#: kinds of facts that a machine brings and no backup can carry
MACHINE = ("collation-version", "tablespace")
_ROLE = "role "
_ATTRIBUTES = frozenset({"SUPERUSER", "CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS", "NOINHERIT"})
_FIRST = "postgres"
_DURABLE = """
    select current_setting('fsync')::bool and current_setting('full_page_writes')::bool
           and current_setting('synchronous_commit') <> 'off'
"""
_RESERVED = frozenset({"postgres", "template0", "template1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An empty database to restore into, by ``address``; ``admin`` is the same for a superuser.

    ``confined``: only this one database of its server is ours. ``notes`` say how it differs from
    what the source has, and ``apart`` which kinds of facts are therefore not compared. ``durable``:
    it waits for the disk.
    """

    address: Address
    admin: Address
    confined: bool
    major: int
    apart: tuple[str, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)
    durable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a target has to be like: as the source was, whose ``manifest`` is None where it is unknown.

    ``roles``: the place has the source's roles before anything is restored, as a platform provides
    them; else the backup has to bring them. ``user`` then connects, by default our superuser.
    ``durable`` waits for the disk as production does; ``size`` is the source's, in bytes.
    """

    manifest: Manifest | None
    database: str = "restored"
    roles: bool = False
    user: str = ""
    durable: bool = False

    @property
    def size(self) -> int:
        """Return the source's size in bytes, 0 where it is unknown."""
        return self.manifest.size if self.manifest else 0

    @property
    def facts(self) -> dict[str, str]:
        """Return the source's catalogue."""
        return dict(self.manifest.catalogue) if self.manifest else {}


@contextlib.contextmanager
def own_server(
    journal: Journal,
    wanted: Wanted,
    *,
    folder: Path | None = None,
    coming: Callable[[], Target] | None = None,
) -> Iterator[Target]:
    """Give one empty database on a server of the source's major that is for this drill alone.

    It lives in the new folder ``folder``, by default a temporary one. ``coming`` waits for one that
    was ``begun`` before; else it is begun now.
    """
    with contextlib.ExitStack() as stack:
        if coming is None:
            coming = stack.enter_context(begun(journal, wanted, folder=folder))
        target = coming()
        # again: a backup may have been written since it was begun
        room(Path(target.admin.parameters["host"]), ROOM * wanted.size, stage="restore")
        yield target


def begun(
    journal: Journal, wanted: Wanted, *, folder: Path | None = None
) -> contextlib.AbstractContextManager[Callable[[], Target]]:
    """Begin what ``own_server`` gives in another thread; what comes of it is waited for by a call."""

    def made(server: Server) -> Target:
        if wanted.manifest is not None and wanted.manifest.superuser:
            server.rename_superuser(wanted.manifest.superuser)
        return _database(server.address, wanted, server.programs.major)

    return ahead(
        journal,
        made,
        major=major_of(wanted.manifest.version) if wanted.manifest else None,
        folder=folder,
        needed=ROOM * wanted.size,
        durable=wanted.durable,
    )


@contextlib.contextmanager
def stated_server(
    server: Address, journal: Journal, wanted: Wanted, *, variable: str = "", source: Address | None = None
) -> Iterator[Target]:
    """Make one marked, empty database on ``server``, to which the environment variable ``variable`` leads."""
    _local_room(server, wanted.size)
    shape, notes = _shape(server, wanted)
    with scratch_database(server, journal, shape=shape, variable=variable) as address:
        require_ours(address, journal, source=source)
        with connected(address) as connection:
            major = major_of(connection.info.server_version)
            row = connection.execute(_DURABLE).fetchone()
        # its roles are the server's own, and so are their attributes
        yield Target(
            address=address,
            admin=address,
            confined=True,
            major=major,
            notes=notes,
            apart=(*MACHINE, "role"),
            durable=bool(row and row[0]),
        )


@contextlib.contextmanager
def another(
    target: Target, wanted: Wanted, journal: Journal, server: Address | None, variable: str = ""
) -> Iterator[Target]:
    """Give one more empty database where ``target`` is, of the same shape; it is dropped at the end.

    ``server`` is the stated one that ``variable`` leads to, None where it is our own.
    """
    if server is not None:
        with stated_server(server, journal, wanted, variable=variable) as made:
            yield made
        return
    name = f"{PREFIX}_{os.urandom(4).hex()}"
    made = _database(target.admin.at(_FIRST), replace(wanted, database=name), target.major)
    try:
        yield made
    finally:
        with connected(target.admin.at(_FIRST)) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _database(server: Address, wanted: Wanted, major: int) -> Target:
    shape, notes = _shape(server, wanted)
    name = wanted.database if wanted.database not in _RESERVED | {""} else "restored"
    facts = wanted.facts
    with connected(server) as connection:
        if wanted.roles:
            _provide(connection, facts, wanted.user)
        options = [sql.SQL("template template0 encoding {}").format(sql.Literal(shape.encoding))]
        for word, value in (("lc_collate", shape.collate), ("lc_ctype", shape.ctype)):
            if value:
                options.append(sql.SQL(word + " {}").format(sql.Literal(value)))
        owner = facts.get("owner of the database", "")
        if wanted.roles and owner:
            options.append(sql.SQL("owner {}").format(sql.Identifier(owner)))
        connection.execute(
            sql.SQL("create database {} {}").format(sql.Identifier(name), sql.SQL(" ").join(options))
        )
    admin = server.at(name)
    user = wanted.user if wanted.roles else ""
    address = Address({**admin.parameters, "user": user}) if user else admin
    apart = (*MACHINE, "role") if wanted.roles else MACHINE
    return Target(
        address=address,
        admin=admin,
        confined=False,
        major=major,
        apart=apart,
        notes=notes,
        durable=wanted.durable,
    )


def _provide(connection: "psycopg.Connection[tuple[object, ...]]", facts: dict[str, str], user: str) -> None:
    """Create the roles that the source's catalogue names, and ``user``."""
    present = {row[0] for row in connection.execute("select rolname::text from pg_catalog.pg_roles")}
    owners = {value for what, value in facts.items() if what.startswith("owner of ")}
    described = {
        _unquoted(what.removeprefix(_ROLE)): text for what, text in facts.items() if what.startswith(_ROLE)
    }
    for name in sorted({*owners, *described, user} - present - {""}):
        words = {word.strip() for word in described.get(name, "SUPERUSER").split(",")}
        # the source's first superuser is nobody's dependency, and so is not described
        attributes = " ".join(sorted(words & _ATTRIBUTES))
        connection.execute(
            sql.SQL("create role {} login {}").format(sql.Identifier(name), sql.SQL(attributes))
        )


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _shape(server: Address, wanted: Wanted) -> tuple[Shape, dict[str, str]]:
    """Return encoding and locale as the source has them; the C locale, noted, where these are not here."""
    facts = wanted.facts
    encoding = facts.get("database encoding") or (wanted.manifest.encoding if wanted.manifest else "UTF8")
    shape = Shape(
        encoding=encoding,
        collate=facts.get("database collation", ""),
        ctype=facts.get("database ctype", ""),
    )
    query = "select count(*) from pg_catalog.pg_collation where collprovider = 'c' and collname = any(%s)"
    names = {name for name in (shape.collate, shape.ctype) if name and name not in {"C", "POSIX"}}
    if not names:
        return shape, {}
    with connected(server) as connection:
        row = connection.execute(query, [[*names, *(_folded(name) for name in names)]]).fetchone()
    if row and row[0]:
        return shape, {}
    lacking = f"{' and '.join(sorted(names))} not installed here: restored with C instead"
    return Shape(encoding=encoding, collate="C", ctype="C"), {"locale": lacking}


def _folded(name: str) -> str:
    """Return a locale's name as PostgreSQL folds it: ``en_US.UTF-8`` is ``en_US.utf8`` there."""
    language, _, charset = name.partition(".")
    return f"{language}.{charset.lower().replace('-', '')}"


def _local_room(server: Address, size: int) -> None:
    """Check the disk of a server on this machine, if we may know where its data lie."""
    if not server.parameters.get("host", "/").startswith("/"):
        return
    try:
        with connected(server) as connection:
            row = connection.execute(
                "select setting from pg_catalog.pg_settings where name = 'data_directory'"
            )
            found = row.fetchone()
    except DrillError:
        return
    folder = Path(str(found[0])) if found else None
    if folder is not None and folder.is_dir():
        room(folder, ROOM * size, stage="restore")
