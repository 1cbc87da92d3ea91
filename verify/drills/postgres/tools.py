"""Which of the installed client programs can speak to a server."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from verify.drills.errors import DrillError
from verify.effects import servers
from verify.effects.errors import ProcessError
from verify.effects.process import run

_DEADLINE = 10.0
_VERSION = re.compile(r"\b(\d+)(?:\.\d+|devel|beta\d+|rc\d+)")
#: a server's number is its major times this, and its minor
_MAJOR = 10000


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of one installation: their folder and major version; ``instead`` are run for others."""

    folder: Path
    major: int
    instead: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Path:
        """Return the path of the program ``name``."""
        return Path(self.instead[name]) if name in self.instead else self.folder / name


def major_of(number: int) -> int:
    """Return the major of a server's version number, such as 15 of 150018."""
    return number // _MAJOR


@cache
def installed() -> tuple[Programs, ...]:
    """Return every installation, newest major first."""
    found: dict[int, Programs] = {}
    for folder in servers.installations():
        major = version(folder / "postgres")
        if major:
            found.setdefault(major, Programs(folder, major))
    return tuple(found[major] for major in sorted(found, reverse=True))


def version(program: Path) -> int:
    """Return the major version that ``program`` says it is of, 0 where it says nothing."""
    try:
        said = run([program, "--version"], deadline=_DEADLINE)
    except ProcessError:
        return 0
    match = _VERSION.search(said.stdout.decode("utf-8", "replace"))
    return int(match[1]) if match and said.ok else 0


def client(server: int, *, stage: str = "take") -> Programs:
    """Return the programs to dump or restore a server of major ``server`` with.

    Those of the same major where they are installed, for what they write is what that server's own
    users would have; else the newest above. Raise ``DrillError`` of ``stage`` where all are older.
    """
    programs = [each for each in installed() if each.major >= server and (each["pg_dump"]).exists()]
    for each in programs:
        if each.major == server:
            return each
    if programs:
        return programs[0]
    present = ", ".join(str(each.major) for each in installed()) or "none"
    raise DrillError(
        stage,
        f"the server is PostgreSQL {server}, and a client cannot dump a server newer than itself; "
        f"installed here: {present}: install postgresql-client-{server}",
    )


def server(major: int | None = None, *, stage: str = "restore") -> Programs:
    """Return the programs to start a server of ``major``, the newest without one, that may be run here.

    Raise ``DrillError`` of ``stage`` where there is none.
    """
    user = servers.database_user()
    usable = [each for each in installed() if servers.passable(each["postgres"], user)]
    for each in usable:
        if major in {None, each.major}:
            return each
    present = ", ".join(str(each.major) for each in usable) or "none"
    raise DrillError(
        stage,
        f"a scratch server of PostgreSQL {major or 'any version'} is needed, installed here: {present}: "
        f"install postgresql-{major or 'NN'}, or name a server of that version as `scratch:`",
    )
