"""What a killed run left is found and removed; what is not its own is not touched."""

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import verify
from verify.effects import journal as journaling
from verify.effects import leftovers, removal
from verify.effects import reap as reaping
from verify.effects.errors import FileError
from verify.effects.journal import MARKER, OWNED, Journal, Record, clean, reaper
from verify.effects.process import Service
from verify.effects.procfs import Process, boot_id, carries, end, process, processes, send
from verify.effects.state import left_as_found, state_folder

_SELF = process(os.getpid())


def _write(folder: Path, run_id: str, *events: dict | bytes) -> Path:
    path = folder / f"{run_id}.jsonl"
    path.write_bytes(
        b"".join(
            event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n" for event in events
        )
    )
    return path


def _plan(kind: str, number: int = 1, **details: object) -> dict:
    return {"event": "plan", "id": number, "kind": kind, "at": time.time(), "details": details}


def _made(number: int = 1, **details: object) -> dict:
    return {"event": "made", "id": number, "details": details}


@pytest.fixture
def sleeper() -> Iterator[Callable[..., subprocess.Popen]]:
    """Start processes that only sleep."""
    running: list[subprocess.Popen] = []

    def start(**environment: str) -> subprocess.Popen:
        env = {"PATH": os.environ["PATH"], **environment}
        running.append(subprocess.Popen(["sleep", "100"], env=env, start_new_session=True))
        until = time.monotonic() + 10
        while not Path(f"/proc/{running[-1].pid}/cmdline").read_bytes().startswith(b"sleep"):
            assert time.monotonic() < until
        return running[-1]

    yield start
    for child in running:
        child.kill()
        child.wait()


def test_a_journal_is_gone_when_all_it_named_is(tmp_path: Path) -> None:
    with Journal.open("run", tmp_path) as journal:
        entry = journal.plan("file", path=str(tmp_path / "a"))
        text = journal.path.read_text().splitlines()
        assert json.loads(text[1])["details"] == {"path": str(tmp_path / "a")}
        entry.made(inode=1)
        entry.gone()
        entry.gone()
        assert [json.loads(line)["event"] for line in journal.path.read_text().splitlines()[1:]] == [
            "plan",
            "made",
            "gone",
        ]
    journal.close()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileError, match="the journal is closed"):
        journal.plan("file")
    entry.gone()


def test_a_run_has_one_journal(tmp_path: Path) -> None:
    with Journal.open("run", tmp_path), pytest.raises(FileError, match="has a journal already"):
        Journal.open("run", tmp_path)


@pytest.mark.parametrize("run_id", ["", "../x", ".x", "a/b", "a" * 65, "a\n", "é"])
def test_a_run_id_is_a_file_name(run_id: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="expected at most 64 letters"):
        Journal.open(run_id, tmp_path)


def test_a_clean_up_between_creating_and_locking_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = fcntl.flock, []

    def flock(descriptor: int, how: int) -> None:
        calls.append(how)
        if len(calls) == 1:
            clean(tmp_path)
        real(descriptor, how)

    monkeypatch.setattr(journaling.fcntl, "flock", flock)
    with Journal.open("run", tmp_path) as journal:
        journal.plan("file", path="/x").gone()
        assert journal.path.exists()


def test_a_full_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal.open("run", tmp_path) as journal:

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(journaling.os, "fsync", full)
        with pytest.raises(FileError, match="could not be written: No space left"):
            journal.plan("file", path="/x")
    monkeypatch.undo()
    monkeypatch.setattr(journaling.os, "open", full)
    with pytest.raises(FileError, match="could not be created: No space left"):
        Journal.open("other", tmp_path)


def test_a_living_run_is_left_alone(tmp_path: Path, sleeper: Callable) -> None:
    child = sleeper(VERIFY_RUN_ID="run")
    with Journal.open("run", tmp_path) as journal:
        entry = journal.plan("process", name="it")
        assert clean(tmp_path) == []
        assert child.poll() is None
        entry.gone()


def test_a_lock_that_outlives_its_run_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(
        tmp_path, "run", {"event": "run", "pid": 1, "start": 0, "boot": "old"}, _plan("file", path="/x")
    )
    holder = os.open(path, os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    timer = threading.Timer(0.1, os.close, [holder])
    timer.start()
    assert [each.done for each in clean(tmp_path)] == [True]
    timer.join()
    path = _write(tmp_path, "run", b"")
    monkeypatch.setattr(reaping, "_RELEASE", 0.05)
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert clean(tmp_path) == []
        path.unlink()


def test_what_a_dead_run_left_goes(tmp_path: Path, sleeper: Callable) -> None:
    journal = Journal.open("run", tmp_path)
    folder = tmp_path / "scratch"
    journal.make_directory(folder)
    (folder / "deep").mkdir()
    (folder / "deep" / "file").touch()
    journal.plan("directory", path=str(folder / "deep")).made()
    file = tmp_path / "file"
    entry = journal.plan("file", path=str(file))
    file.touch()
    entry.made(inode=file.stat().st_ino)
    service = Service.start(
        ["sh", "-c", "setsid sleep 100 & sleep 100"], name="it", log=tmp_path / "log", journal=journal
    )
    stranger = sleeper()
    journal.close()
    found = clean(tmp_path)
    assert [each.kind for each in found] == ["process", "file", "directory", "directory"]
    assert all(each.done for each in found)
    assert str(found[1]) == f"run: file {file}: removed"
    assert service.wait(10)
    service.stop()
    assert stranger.poll() is None
    assert not [each for each in processes() if carries(each, MARKER, "run")]
    assert [each.name for each in tmp_path.iterdir()] == ["log"]
    assert clean(tmp_path) == clean(tmp_path) == []


def test_a_process_that_was_never_recorded_is_found_by_its_mark(tmp_path: Path, sleeper: Callable) -> None:
    child = sleeper(VERIFY_RUN_ID="run")
    other = sleeper(VERIFY_RUN_ID="run-2")
    _write(tmp_path, "run", _plan("process", name="it"))
    (found,) = clean(tmp_path)
    assert (found.done, found.how) == (True, f"ended {child.pid}")
    assert child.wait(10) == -signal.SIGTERM
    assert other.poll() is None


@pytest.mark.parametrize(
    "change", [{"start": 1}, {"boot": "another"}, {"pid": 4_194_303}, {"pid": "x"}, {"pid": os.getpid()}]
)
def test_a_pid_that_is_another_s_now_is_not_touched(change: dict, tmp_path: Path, sleeper: Callable) -> None:
    child = sleeper()
    seen = process(child.pid)
    assert seen is not None
    assert _SELF is not None
    details = {"pid": child.pid, "start": seen.start, "boot": boot_id(), **change}
    if details["pid"] == os.getpid():
        details["start"] = _SELF.start
    _write(tmp_path, "run", _plan("process", name="it"), _made(**details))
    (found,) = clean(tmp_path)
    assert found.how == "had ended already"
    assert child.poll() is None
    assert list(tmp_path.iterdir()) == []


def test_a_recorded_process_without_a_mark_is_ended(tmp_path: Path, sleeper: Callable) -> None:
    child = sleeper()
    seen = process(child.pid)
    assert seen is not None
    _write(
        tmp_path, "run", _plan("process", name="it"), _made(pid=child.pid, start=seen.start, boot=boot_id())
    )
    assert clean(tmp_path)[0].how == f"ended {child.pid}"
    assert child.wait(10) == -signal.SIGTERM


def test_a_process_that_cannot_be_ended_is_told(
    tmp_path: Path, sleeper: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper(VERIFY_RUN_ID="run")
    monkeypatch.setattr(leftovers, "end", lambda targets, _: targets)
    path = _write(tmp_path, "run", _plan("process", name="it"))
    (found,) = clean(tmp_path)
    assert not found.done
    assert "could not be ended" in str(found)
    assert "still there" in str(found)
    assert path.exists()


def test_a_stubborn_process_is_killed(tmp_path: Path) -> None:
    child = subprocess.Popen(
        ["sh", "-c", "trap '' TERM; touch ready; while :; do sleep 0.1; done"], cwd=tmp_path
    )
    while not (tmp_path / "ready").exists():
        assert child.poll() is None
    seen = process(child.pid)
    assert seen is not None
    assert end([seen], 0.2) == []
    assert child.wait(10) == -signal.SIGKILL
    gone = Process(pid=child.pid, parent=1, group=1, session=1, start=1, ended=False)
    send(gone, signal.SIGKILL)
    assert process(child.pid) is None
    assert not carries(gone, "A", "b")


def test_a_process_of_somebody_else_survives_and_is_told(
    sleeper: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = sleeper()
    seen = process(child.pid)
    assert seen is not None

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(signal, "pidfd_send_signal", refuse)
    assert end([seen], 0.05) == [seen]
    monkeypatch.undo()
    send(
        Process(pid=child.pid, parent=1, group=1, session=1, start=seen.start + 1, ended=False),
        signal.SIGKILL,
    )
    assert child.poll() is None


def test_only_marked_folders_are_removed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "data").write_text("1")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / OWNED).write_text("another run")
    (tmp_path / "link").symlink_to(precious)
    (tmp_path / "empty").mkdir()
    (tmp_path / "plain").touch()
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / OWNED).touch()
    state = tmp_path / "state"
    state.mkdir()
    names = ["precious", "foreign", "link", "plain", "empty", "half", "missing", "plain/x"]
    _write(state, "run", *(_plan("directory", n, path=str(tmp_path / name)) for n, name in enumerate(names)))
    found = {Path(each.what).name: each for each in clean(state)}
    assert [name for name, each in found.items() if each.done] == ["x", "missing", "half", "empty"]
    assert "does not carry this run's mark" in found["precious"].how
    assert "not a folder any more" in found["link"].how
    assert (precious / "data").exists()
    assert (tmp_path / "foreign" / OWNED).exists()
    assert not (tmp_path / "empty").exists()
    assert len(clean(state)) == len(clean(state)) == 4


def test_only_the_recorded_file_is_removed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    for name in ("old", "replaced", "new", "made"):
        (tmp_path / name).touch()
    os.utime(tmp_path / "old", (1, 1))
    (tmp_path / "folder").mkdir()
    made = (tmp_path / "made").stat().st_ino
    names = ["old", "replaced", "new", "made", "folder", "missing", "made/x"]
    plans = [_plan("file", n, path=str(tmp_path / name)) for n, name in enumerate(names)]
    _write(state, "run", *plans, _made(1, inode=1), _made(3, inode=made))
    found = {Path(each.what).name: each.done for each in clean(state)}
    assert found == {
        "x": True,
        "missing": True,
        "folder": False,
        "made": True,
        "new": True,
        "replaced": False,
        "old": False,
    }
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", "old", "replaced", "state"]


@pytest.mark.parametrize("kind", ["directory", "file"])
def test_what_cannot_be_removed_is_told(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "state"
    state.mkdir()
    path = tmp_path / "it"
    if kind == "directory":
        (path / "data").mkdir(parents=True)
        (path / OWNED).write_text("run")
    else:
        path.touch()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(removal.shutil, "rmtree", refuse)
    monkeypatch.setattr(leftovers.Path, "unlink", refuse)
    _write(state, "run", _plan(kind, path=str(path)))
    (found,) = clean(state)
    assert not found.done
    assert "Operation not permitted" in found.how


@pytest.mark.parametrize("path", [None, 1, "relative", "/"])
def test_a_record_without_a_path_removes_nothing(path: object, tmp_path: Path) -> None:
    _write(tmp_path, "run", _plan("directory", path=path))
    (found,) = clean(tmp_path)
    assert "names no absolute path" in found.how


@pytest.fixture(autouse=True)
def own_reapers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests may have registered what they create."""
    for kind, reap in (("http-resource", leftovers.reap_http_resource),):
        monkeypatch.setitem(leftovers.REAPERS, kind, reap)


def test_other_kinds_are_told_and_can_be_added(tmp_path: Path) -> None:
    _write(tmp_path, "run", _plan("http-resource", 1, url="https://a/b"), _plan("database", 2, name="db"))
    first, second = clean(tmp_path)
    assert (first.done, second.done) == (False, False)
    assert "nothing here removes a database" in first.how
    assert second.how == "delete https://a/b by hand"

    @reaper("database")
    def drop(record: Record) -> str:
        return f"dropped {record.details['name']}"

    try:
        first, _ = clean(tmp_path)
        assert (first.done, first.how) == (True, "dropped db")
        assert len(clean(tmp_path)) == 1
    finally:
        del leftovers.REAPERS["database"]


def test_a_line_cut_off_by_the_kill_is_left_out(tmp_path: Path, sleeper: Callable) -> None:
    child = sleeper(VERIFY_RUN_ID="run")
    _write(tmp_path, "run", _plan("process", name="it"), _plan("http-resource", 2, url="u"), b'{"event": "ma')
    assert [each.done for each in clean(tmp_path)] == [False, True]
    child.wait(10)
    assert [each.done for each in clean(tmp_path)] == [False]


@pytest.mark.parametrize(
    "line",
    [b"nonsense\n", b"[]\n", b"{}\n", b'{"event": "made", "id": 9, "details": {}}\n',
     b'{"event": "x", "id": 1}\n', b"\xff\n", b"[" * 100_000 + b"\n"],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_told(line: bytes, tmp_path: Path) -> None:
    _write(tmp_path, "run", _plan("file", path=str(tmp_path / "x")), line)
    found = clean(tmp_path)
    assert [each.done for each in found] == [False, True]
    assert found[0].how == "line 2 cannot be read: remove the file by hand"


def test_a_journal_that_is_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "link.jsonl").symlink_to("/etc/passwd")
    (found,) = clean(tmp_path)
    assert "the journal cannot be opened" in found.how
    assert journaling.clean(tmp_path)[0].kind == "journal"


def test_a_journal_that_another_clean_up_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "glob", lambda *_: [tmp_path / "gone.jsonl"])
    assert clean(tmp_path) == []


def test_a_folder_that_exists_is_not_taken_over(tmp_path: Path) -> None:
    with Journal.open("run", tmp_path) as journal, pytest.raises(FileError, match="expected a new folder"):
        journal.make_directory(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_was_made_for_journals_is_removed_where_it_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VERIFY_STATE_DIR", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    (home / ".local").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    with left_as_found():
        pass
    with left_as_found(), Journal.open("run"):
        assert (home / ".local/state/deploy-verify/run.jsonl").exists()
    assert list(home.rglob("*")) == [home / ".local"], "what was there before stays"
    with left_as_found():
        (state_folder() / "killed.jsonl").touch()
    assert (home / ".local/state/deploy-verify/killed.jsonl").exists(), "what is of use to clean stays"
    with left_as_found():
        (state_folder() / "killed.jsonl").unlink()
    assert (home / ".local/state/deploy-verify").exists()
    monkeypatch.setenv("VERIFY_STATE_DIR", str(tmp_path / "own"))
    with left_as_found():
        state_folder()
    assert not (tmp_path / "own").exists()


def test_the_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VERIFY_STATE_DIR", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert state_folder() == tmp_path / "home/.local/state/deploy-verify"
    assert state_folder().stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    assert state_folder() == tmp_path / "xdg/deploy-verify"
    monkeypatch.setenv("VERIFY_STATE_DIR", str(tmp_path / "own"))
    assert state_folder() == tmp_path / "own"
    assert state_folder(tmp_path / "given") == tmp_path / "given"


def test_a_home_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VERIFY_STATE_DIR", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    assert state_folder() == tmp_path / f"deploy-verify-{os.geteuid()}"
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(FileError, match="expected a folder that can be written to: set VERIFY_STATE_DIR"):
        state_folder()


def test_a_state_folder_of_somebody_else_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(FileError, match="found another's or a link"):
        state_folder(tmp_path / "link")
    open_one = tmp_path / "open"
    open_one.mkdir(mode=0o755)
    assert state_folder(open_one).stat().st_mode & 0o777 == 0o700
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(FileError, match="found another's or a link"):
        state_folder(tmp_path / "real")


_VICTIM = """
import sys
from pathlib import Path
from verify.effects.journal import Journal
from verify.effects.process import Service, run
here = Path(sys.argv[1])
with Journal.open("victim", here / "state") as journal:
    print("ready", flush=True)
    for number in range(1000):
        folder = here / f"scratch-{number}"
        entry = journal.make_directory(folder)
        (folder / "data").write_text("x")
        file = journal.plan("file", path=str(here / f"file-{number}"))
        (here / f"file-{number}").write_text("x")
        file.made(inode=(here / f"file-{number}").stat().st_ino)
        script = "sleep 100 & (setsid sleep 100 &) ; wait"
        service = Service.start(["sh", "-c", script], name="it", log=folder / "log", journal=journal)
        run(["sh", "-c", "sleep 0.01"], deadline=10, journal=journal)
        if number % 2:
            service.stop()
"""


def _kill_and_clean(folder: Path, delay: float) -> None:
    folder.mkdir()
    env = {**os.environ, "PYTHONPATH": str(Path(verify.__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", _VICTIM, str(folder)], env=env, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        threading.Event().wait(delay)
        child.kill()
    found = clean(folder / "state")
    assert [each for each in found if not each.done] == []
    assert [each for each in processes() if carries(each, MARKER, "victim")] == []
    assert sorted(each.name for each in folder.iterdir()) == ["state"]
    assert list((folder / "state").iterdir()) == []
    assert clean(folder / "state") == clean(folder / "state") == []


def test_a_kill_at_any_point_leaves_nothing(tmp_path: Path) -> None:
    draw = random.Random(20)
    for number in range(20):
        _kill_and_clean(tmp_path / str(number), draw.uniform(0, 0.15))


@pytest.mark.nightly
def test_a_kill_at_very_many_points_leaves_nothing(tmp_path: Path) -> None:
    draw = random.Random()
    for number in range(300):
        _kill_and_clean(tmp_path / str(number), draw.uniform(0, 0.4))


def test_a_run_that_keeps_starting_processes_is_not_chased_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = Process(pid=4_194_303, parent=1, group=1, session=1, start=1, ended=False)
    monkeypatch.setattr(leftovers, "_targets", lambda _: [new])
    _write(tmp_path, "run", _plan("process", name="it"))
    assert not clean(tmp_path)[0].done
