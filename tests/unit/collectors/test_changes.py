"""When files were changed last: by git where it knows them, by themselves where it does not."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from verify.collectors.changes import collect
from verify.facts.changes import Changes, LastChange
from verify.model.need import Unseen

pytestmark = pytest.mark.needs("git")
NEED = LastChange(("*.conf", "etc/*"))
IDENTITY = {"NAME": "A", "EMAIL": "a@example.com"}
#: Unix times of changes
OLD, NEW, NEWEST = 1_700_000_000, 1_750_000_000, 1_760_000_000

Root = Callable[[], Any]


def git(root: Path, *words: str, at: int = OLD) -> None:
    people = {
        f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in IDENTITY.items()
    }
    dates = {f"GIT_{who}_DATE": f"{at} +0000" for who in ("AUTHOR", "COMMITTER")}
    none = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(
        ["git", *words], cwd=root, env={**os.environ, **people, **dates, **none}, check=True, timeout=30
    )


def write(root: Path, name: str, text: str, at: int) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (at, at))


@pytest.fixture
def told(world: Any, serve: Any) -> Callable[..., Any]:
    def ask(root: Path, need: LastChange = NEED) -> Any:
        here = world(serve({}).url)
        object.__setattr__(here, "root", root)
        ((asked, fact),) = collect((need,), here)
        assert asked == need
        return fact

    return ask


@pytest.fixture
def cloned(tmp_path: Path) -> Path:
    """A repository of two commits whose files are dated by the checkout; the contract lies below its top."""
    root = tmp_path / "repository"
    (root / "deploy").mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    for name, text, at in (("nginx.conf", "a", OLD), ("etc/-odd [1]\té.txt", "b", NEW)):
        write(root, f"deploy/{name}", text, NEWEST)
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", name, at=at)
    write(root, "else.conf", "c", NEWEST)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "something else", at=NEWEST)
    return root / "deploy"


def test_git_knows_when_each_was_changed(told: Any, cloned: Path) -> None:
    assert told(cloned) == Changes(count=2, path="etc/-odd [1]\té.txt", changed=NEW, told="git")
    assert told(cloned, LastChange(("nginx.conf",))) == Changes(
        count=1, path="nginx.conf", changed=OLD, told="git"
    )


def test_what_git_has_otherwise_is_as_old_as_it_says(told: Any, cloned: Path) -> None:
    write(cloned, "nginx.conf", "changed", NEWEST + 1)
    assert told(cloned) == Changes(count=2, path="nginx.conf", changed=NEWEST + 1, told="the file")
    write(cloned, "etc/.env", "untracked", NEWEST + 2)
    assert told(cloned) == Changes(count=3, path="etc/.env", changed=NEWEST + 2, told="the file")


def test_a_staged_change_is_not_committed(told: Any, cloned: Path) -> None:
    write(cloned, "nginx.conf", "staged", NEWEST + 3)
    git(cloned, "add", "nginx.conf")
    assert told(cloned).changed == NEWEST + 3


def test_without_a_repository_files_say_it_themselves(told: Any, tmp_path: Path) -> None:
    write(tmp_path, "here/nginx.conf", "a", OLD)
    write(tmp_path, "here/b.conf", "b", NEW)
    need = LastChange(("*.conf",))
    assert told(tmp_path / "here", need) == Changes(count=2, path="b.conf", changed=NEW, told="the file")


@pytest.mark.parametrize("gone", ["nginx.conf", "etc/*", "etc/ssl/**"])
def test_what_is_stated_and_not_there_may_have_been_changed_last(
    told: Any, tmp_path: Path, gone: str
) -> None:
    write(tmp_path, "a.conf", "a", OLD)
    fact = told(tmp_path, LastChange(("*.conf", gone)))
    assert isinstance(fact, Unseen)
    assert "as stated, found nothing there" in fact.reason


def test_without_git_files_say_it_themselves(
    told: Any, cloned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert told(cloned, LastChange(("nginx.conf",))).told == "the file"


def test_no_file_is_no_change(told: Any, cloned: Path) -> None:
    assert told(cloned, LastChange(("*.yml",))) == Changes(count=0)


def test_a_history_that_was_cut_says_nothing(told: Any, cloned: Path, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=1", cloned.parent.as_uri(), str(shallow))
    fact = told(shallow / "deploy")
    assert isinstance(fact, Unseen)
    assert "fetch-depth: 0" in fact.reason
    write(shallow / "deploy", "own.conf", "untracked", NEW)
    assert told(shallow / "deploy", LastChange(("own.conf",))).changed == NEW


def test_a_repository_without_a_commit_is_named(told: Any, tmp_path: Path) -> None:
    root = tmp_path / "fresh"
    write(root, "nginx.conf", "a", OLD)
    git(root, "init", "-q")
    fact = told(root, LastChange(("*.conf",)))
    assert isinstance(fact, Unseen)
    assert "git diff could not tell what was changed" in fact.reason
