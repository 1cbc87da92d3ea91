"""The scripts of the repository: what they make, what they say when they cannot."""

import importlib.util
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SHELL = ("scripts/demo", "scripts/lock", "scripts/python", "scripts/test", ".ci/run")


class Builder:
    """Makes a folder with a Python that says yes to whatever it is asked."""

    def __init__(self, *, clear: bool, with_pip: bool, symlinks: bool) -> None:
        assert clear
        assert with_pip
        assert symlinks

    def create(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "bin").mkdir(parents=True)
        fake(folder / "bin", "python", "exit 0")


@pytest.fixture
def environment(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that makes .venv, pointed at a folder of its own, its pip a recorder."""
    spec = importlib.util.spec_from_file_location("environment", root / "scripts" / "environment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    venv = tmp_path / ".venv"
    monkeypatch.setattr(module, "VENV", venv)
    monkeypatch.setattr(module, "PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(module, "STAMP", venv / "deploy-verify.json")
    for name in ("all", "dev"):
        (tmp_path / f"{name}.txt").write_text(f"{name}==1\n")
        monkeypatch.setitem(module.LOCKS, name, tmp_path / f"{name}.txt")
    monkeypatch.setattr(module, "_redis_program", lambda: None)
    monkeypatch.setattr(module.venv, "EnvBuilder", Builder)
    return module


@pytest.fixture
def pips(environment: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What pip was asked to install."""
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(environment, "_pip", lambda *arguments: asked.append(arguments))
    return asked


@pytest.mark.parametrize("script", SHELL)
def test_it_can_be_run(script: str, root: Path) -> None:
    assert (root / script).stat().st_mode & stat.S_IXUSR
    done = subprocess.run(
        ["sh", "-n", str(root / script)], check=False, capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 0, done.stderr


def python(root: Path, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shutil.which("sh") or "sh", str(root / "scripts" / "python")],
        env={"PATH": str(folder), **more},
        check=False,
        capture_output=True,
        text=True,
        timeout=20,
    )


def fake(folder: Path, name: str, says: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{says}\n")
    (folder / name).chmod(0o755)


def test_the_first_python_that_fits_is_taken(root: Path, tmp_path: Path) -> None:
    fake(tmp_path, "python3", "echo 'is 3.9.2'")
    fake(tmp_path, "python3.13", "exit 127")
    (tmp_path / "python3.12").symlink_to(sys.executable)
    done = python(root, tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}/python3.12\n")


def test_without_one_it_says_what_was_seen_and_what_to_do(root: Path, tmp_path: Path) -> None:
    fake(tmp_path, "python3", "echo 'is 3.9.2'")
    fake(tmp_path, "python3.11", "echo 'has no module ensurepip'")
    done = python(root, tmp_path)
    assert done.returncode == 1
    assert f"{tmp_path}/python3 is 3.9.2" in done.stderr
    assert f"{tmp_path}/python3.11 has no module ensurepip" in done.stderr
    assert "python3-venv" in done.stderr


def test_none_at_all(root: Path, tmp_path: Path) -> None:
    done = python(root, tmp_path, VERIFY_PYTHON="python9")
    assert done.returncode == 1
    assert "none of python9 is installed" in done.stderr


def test_a_current_environment_is_left_alone(environment: ModuleType, pips: list[tuple[str, ...]]) -> None:
    environment.main("all")
    assert ["--require-hashes" in asked for asked in pips] == [True, False]
    assert "--only-binary" in pips[0]
    environment.main("all")
    assert len(pips) == 2


def test_it_grows_and_then_serves_both(environment: ModuleType, pips: list[tuple[str, ...]]) -> None:
    environment.main("all")
    mark = environment.VENV / "mark"
    mark.touch()
    environment.main("dev")
    assert len(pips) == 4
    assert mark.exists()
    environment.main("all")
    assert len(pips) == 4


def test_another_lock_makes_it_anew(environment: ModuleType, pips: list[tuple[str, ...]]) -> None:
    environment.main("dev")
    mark = environment.VENV / "mark"
    mark.touch()
    environment.LOCKS["all"].write_text("all==2\n")
    environment.main("dev")
    assert len(pips) == 4
    assert not mark.exists()


def test_what_broke_off_is_repeated(environment: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "_pip", interrupted)
    with pytest.raises(KeyboardInterrupt):
        environment.main("all")
    assert not environment.STAMP.exists()
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(environment, "_pip", lambda *arguments: asked.append(arguments))
    environment.main("all")
    assert len(asked) == 2


def test_the_machine_says_where_packages_come_from_and_nothing_more(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, str]] = []

    def ran(argv: list[str], **named: object) -> subprocess.CompletedProcess[str]:
        assert isinstance(named["env"], dict)
        seen.append(named["env"])
        return subprocess.CompletedProcess(argv, 0)

    monkeypatch.setattr(environment.subprocess, "run", ran)
    for name in ("PIP_TARGET", "PIP_USER", "PIP_NO_BINARY", "PIP_PROXY"):
        monkeypatch.setenv(name, "1")
    environment._pip("--quiet")
    assert {name for name in seen[0] if name.startswith("PIP_")} - {"PIP_PROXY"} <= environment.FETCHING
    assert seen[0]["PIP_PROXY"] == "1"
    assert seen[0]["PATH"] == os.environ["PATH"]


def test_an_unknown_lock(environment: ModuleType) -> None:
    with pytest.raises(SystemExit, match="unknown lock 'none'"):
        environment.main("none")
