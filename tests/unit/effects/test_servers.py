"""Where servers are found, and what is said where there is none."""

import os
import pwd
from pathlib import Path

import pytest

from verify.effects import servers
from verify.effects.errors import ProcessError


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any server; return the folder that is its /usr/lib/postgresql."""
    monkeypatch.setattr(servers, "_SYSTEM", tmp_path)
    monkeypatch.setattr(servers, "_wheel", lambda _name: tmp_path / "no-wheel")
    monkeypatch.setattr("shutil.which", lambda _name: None)
    return tmp_path


def installed(folder: Path) -> Path:
    """Make an installation in ``folder``."""
    folder.mkdir(parents=True)
    for name in ("initdb", "postgres"):
        (folder / name).touch(mode=0o755)
    return folder


def nobody(_name: str) -> None:
    raise KeyError


def test_only_root_needs_another_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert servers.database_user() is None
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert servers.database_user() in {"postgres", "nobody"}
    monkeypatch.setattr(pwd, "getpwnam", nobody)
    with pytest.raises(ProcessError, match="no user 'postgres' or 'nobody': add one"):
        servers.database_user()


def test_a_machine_without_servers(bare: Path) -> None:
    assert servers.installations() == []
    with pytest.raises(ProcessError, match="no PostgreSQL server found: install postgresql"):
        servers.postgres(None)
    with pytest.raises(ProcessError, match="no Redis or Valkey"):
        servers.redis()
    assert bare.is_dir()


def test_a_server_that_the_user_may_not_reach(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = installed(bare / "15" / "bin")
    assert servers.postgres(None) == there
    monkeypatch.setattr(servers, "passable", lambda _path, _user: False)
    with pytest.raises(ProcessError, match="where user 'nobody' may not go"):
        servers.postgres("nobody")


def test_the_newest_comes_first_and_one_on_path_counts(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [installed(bare / version / "bin") for version in ("9", "16", "15")]
    own = installed(bare / "own")
    monkeypatch.setattr("shutil.which", lambda _name: str(own / "postgres"))
    assert servers.installations() == [found[1], found[2], found[0], own]
