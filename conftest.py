"""What every test shares: parts that a machine may lack. Imports nothing but pytest: the demo runs here too.

``@pytest.mark.needs("redis")`` skips a test, saying why, where the part is missing. Where
``VERIFY_REQUIRE_PARTS`` names the part (``git,redis``, or ``all``), as CI does for what it
installs, the same test fails: a part cannot silently go away.
"""

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

# parts whose program is not called as they are
PROGRAMS = {
    "postgresql": ("postgres", "/usr/lib/postgresql/*/bin/postgres"),
    "redis": ("redis-server", "valkey-server"),
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail what the machine cannot run."""
    for mark in item.iter_markers("needs"):
        for part in mark.args:
            if present(part):
                continue
            text = f"needs {part}, which is not on this machine"
            if required(part):
                pytest.fail(f"{text}, but VERIFY_REQUIRE_PARTS asks for it", pytrace=False)
            pytest.skip(text)


def required(part: str) -> bool:
    """Tell whether a missing part is a failure."""
    return not {part, "all"}.isdisjoint(os.environ.get("VERIFY_REQUIRE_PARTS", "").split(","))


@functools.cache
def present(part: str) -> bool:
    """Tell whether ``part`` can be used: a program, or Docker's daemon."""
    if part == "docker":
        return _docker()
    names = PROGRAMS.get(part, (part,))
    return any(
        any(Path("/").glob(name.lstrip("/"))) if name.startswith("/") else shutil.which(name) is not None
        for name in names
    )


def _docker() -> bool:
    try:
        asked = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],  # noqa: S607 - whichever docker the user has
            check=False,
            capture_output=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0
