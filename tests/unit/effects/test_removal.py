"""A run's folder is removed so that nobody can be left with one that nothing says whose it is."""

import shutil
import signal
import threading
from pathlib import Path

import pytest

from verify.effects import journal as journaling
from verify.effects import removal
from verify.effects.errors import FileError
from verify.effects.journal import OWNED, Entry, Journal, clean, journal_of
from verify.effects.removal import remove_folder
from verify.effects.signals import graceful
from verify.reference import keeper


def _folder(path: Path) -> Path:
    (path / "data" / "deep").mkdir(parents=True)
    (path / "data" / "deep" / "rows").write_text("1")
    (path / OWNED).write_text("run")
    (path / "zz").touch()
    outside = path.with_name("outside")
    outside.mkdir(exist_ok=True)
    (outside / "precious").write_text("1")
    (path / "link").symlink_to(outside)
    return path


@pytest.mark.parametrize("remove", [remove_folder, lambda path: keeper.remove_folder(str(path))])
def test_all_of_it_goes_and_nothing_beyond_a_link(remove: object, tmp_path: Path) -> None:
    assert callable(remove)
    path = _folder(tmp_path / "run")
    remove(path)
    assert not path.exists()
    assert (tmp_path / "outside" / "precious").exists()
    remove(path)


@pytest.mark.parametrize("remove", [remove_folder, lambda path: keeper.remove_folder(str(path))])
def test_cut_short_it_still_says_whose_it_is(
    remove: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(remove)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    path = _folder(tmp_path / "run")
    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        remove(path)
    assert (path / OWNED).read_text() == "run"


def test_one_below_a_marked_folder_goes_without_a_mark(tmp_path: Path) -> None:
    path = _folder(tmp_path / "run")
    remove_folder(path / "data")
    assert sorted(each.name for each in path.iterdir()) == [OWNED, "link", "zz"]


def test_somebody_may_still_write_into_it_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _folder(tmp_path / "run")
    whole, late = shutil.rmtree, threading.Event()

    def rmtree(found: Path) -> None:
        whole(found)
        if not late.is_set():
            late.set()
            (path / "late").mkdir()

    monkeypatch.setattr(removal.shutil, "rmtree", rmtree)
    remove_folder(path)
    assert late.is_set()
    assert not path.exists()


def test_what_comes_after_the_mark_went_leaves_it_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _folder(tmp_path / "run")
    rmdir, seen = Path.rmdir, []

    def late(self: Path) -> None:
        seen.append((self / OWNED).exists())
        (self / f"late{len(seen)}").touch()
        rmdir(self)

    monkeypatch.setattr(removal.Path, "rmdir", late)
    monkeypatch.setattr(removal, "_BETWEEN", 0.0)
    with pytest.raises(OSError, match="not empty"):
        remove_folder(path)
    assert len(seen) > 1
    assert not any(seen)
    assert (path / OWNED).read_text() == "run"


def test_one_that_another_removes_as_well_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _folder(tmp_path / "run")
    whole = shutil.rmtree

    def rmtree(found: Path) -> None:
        whole(path)
        whole(found)

    monkeypatch.setattr(removal.shutil, "rmtree", rmtree)
    remove_folder(path)
    assert not path.exists()


def test_a_folder_of_the_journal_goes_with_its_block_or_stays_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    state = tmp_path / "state"
    with Journal.open("run", state) as journal:
        with journal.folder(tmp_path / "one") as made:
            (made / "file").touch()
        assert not made.exists()
        with monkeypatch.context() as broken:
            broken.setattr(journaling, "remove_folder", refuse)
            with journal.folder(tmp_path / "two") as kept:
                (kept / "file").touch()
        assert kept.exists()
    assert [Path(each.what).name for each in clean(state) if each.done] == ["two"]
    assert not kept.exists()


def test_a_folder_that_is_there_already_stays(tmp_path: Path) -> None:
    with Journal.open("run", tmp_path / "state") as journal, pytest.raises(FileError, match="expected a new"):
        journal.folder(tmp_path).__enter__()
    assert tmp_path.exists()
    assert list((tmp_path / "state").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_a_folder_is_made_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    whole = Entry.made

    def made(entry: Entry, **details: object) -> None:
        whole(entry, **details)
        signal.raise_signal(number)

    monkeypatch.setattr(Entry, "made", made)
    state = tmp_path / "state"
    with Journal.open("run", state) as journal, graceful(), pytest.raises(KeyboardInterrupt):
        journal.folder(tmp_path / "one").__enter__()
    assert not (tmp_path / "one").exists()
    assert list(state.iterdir()) == []


def test_what_nobody_could_remove_goes_when_its_run_ends(tmp_path: Path) -> None:
    state, path = tmp_path / "state", tmp_path / "one"
    with journal_of("run", state) as journal:
        journal.make_directory(path)
    assert not path.exists()
    assert list(state.iterdir()) == []


def test_what_lies_elsewhere_is_left_to_whoever_cleans_up(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with journal_of("run", state) as journal:
        journal.plan("beyond this machine", name="one").made()
        journal.make_directory(tmp_path / "one")
    assert not (tmp_path / "one").exists()
    (left,) = clean(state)
    assert (left.kind, left.done) == ("beyond this machine", False)


def test_a_workspace_is_empty_and_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journaling.tempfile, "tempdir", str(tmp_path))
    with Journal.open("run", tmp_path / "state") as journal:
        with journal.workspace("drill") as one, journal.workspace("drill") as two:
            assert one != two
            assert list(one.iterdir()) == []
            assert one.parent.parent == tmp_path
            assert one.parent.name.startswith("dv-drill-run-")
            (one / "file").touch()
        assert not one.parent.exists()
        assert not two.parent.exists()
