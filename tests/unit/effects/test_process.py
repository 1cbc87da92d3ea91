"""What we start ends: in time, whole, and with all it said kept within bounds."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from verify.effects import launch as launching
from verify.effects import output as outputs
from verify.effects.errors import ProcessError
from verify.effects.journal import Journal
from verify.effects.process import Service, clean_environment, run
from verify.effects.procfs import process
from verify.effects.stop import Stop

_SOON = 10.0


def _gone(pid: int) -> bool:
    """Wait until a process that is not our child has ended."""
    until = time.monotonic() + _SOON
    while time.monotonic() < until:
        seen = process(pid)
        if seen is None or seen.ended:
            return True
        threading.Event().wait(0.01)
    return False


def _pid_in(path: Path) -> int:
    until = time.monotonic() + _SOON
    while time.monotonic() < until:
        if path.exists() and path.read_text().endswith("\n"):
            return int(path.read_text())
        threading.Event().wait(0.01)
    raise AssertionError(path)


def test_a_program_is_heard() -> None:
    seen = run(["sh", "-c", "cat; echo problem >&2; exit 3"], deadline=_SOON, input=b"hello")
    assert (seen.stdout, seen.stderr, seen.returncode) == (b"hello", b"problem\n", 3)
    assert seen.argv == ("sh", "-c", "cat; echo problem >&2; exit 3")
    assert (seen.ok, seen.timed_out, seen.truncated) == (False, False, False)
    assert run(["true"], deadline=_SOON).ok
    assert run(["cat"], deadline=_SOON).stdout == b""


def test_streams_are_cut_without_a_deadlock() -> None:
    code = "import sys\nfor _ in range(200): sys.stdout.write('o' * 50000); sys.stderr.write('e' * 50000)"
    seen = run([sys.executable, "-c", code], deadline=60, limit=1000)
    assert (seen.stdout, seen.stderr) == (b"o" * 1000, b"e" * 1000)
    assert seen.truncated
    assert seen.ok


def test_much_goes_in_and_comes_out() -> None:
    data = os.urandom(3_000_000)
    seen = run(["cat"], deadline=60, input=data)
    assert seen.stdout == data
    assert not seen.truncated


def test_input_that_nobody_reads_is_no_problem() -> None:
    assert run(["true"], deadline=_SOON, input=bytes(3_000_000)).returncode == 0
    seen = run(["sh", "-c", "exec <&-; sleep 0.2; echo done"], deadline=_SOON, input=bytes(3_000_000))
    assert seen.stdout == b"done\n"


def test_closed_output_is_not_the_end() -> None:
    seen = run(["sh", "-c", "exec >&- 2>&-; sleep 0.1; exit 4"], deadline=_SOON)
    assert seen.returncode == 4


def test_a_deadline_ends_the_whole_group(tmp_path: Path) -> None:
    seen = run(["sh", "-c", "sleep 100 & echo $! > pid; echo started; wait"], deadline=0.5, cwd=tmp_path)
    assert (seen.timed_out, seen.returncode, seen.ok) == (True, -signal.SIGKILL, False)
    assert seen.stdout == b"started\n"
    assert _gone(_pid_in(tmp_path / "pid"))


def test_a_flood_ends_in_time() -> None:
    seen = run(["yes"], deadline=0.5, limit=1000)
    assert seen.timed_out
    assert len(seen.stdout) == 1000


def test_a_grandchild_that_keeps_the_pipe_does_not_hold_us(tmp_path: Path) -> None:
    seen = run(["sh", "-c", "sleep 100 & echo $! > pid; echo done"], deadline=_SOON, cwd=tmp_path)
    assert (seen.stdout, seen.returncode) == (b"done\n", 0)
    assert seen.seconds < _SOON
    assert _gone(_pid_in(tmp_path / "pid"))


def test_an_interrupt_ends_the_whole_group(tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    def interrupt() -> None:
        _pid_in(pid)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    helper = threading.Thread(target=interrupt)
    helper.start()
    with pytest.raises(KeyboardInterrupt):
        run(["sh", "-c", "sleep 100 & echo $! > pid; wait"], deadline=60, cwd=tmp_path)
    helper.join()
    assert _gone(_pid_in(pid))


def test_a_run_that_is_broken_off_ends_the_whole_group(tmp_path: Path) -> None:
    """As no interrupt reaches a thread, somebody else has to say so."""
    stopping, pid = Stop(), tmp_path / "pid"

    def stop() -> None:
        _pid_in(pid)
        stopping.set()

    helper = threading.Thread(target=stop)
    helper.start()
    with Journal.open("broken-off", tmp_path / "state") as journal:
        with pytest.raises(ProcessError, match="sh: broken off with the run"):
            run(
                ["sh", "-c", "sleep 100 & echo $! > pid; wait"],
                deadline=60,
                cwd=tmp_path,
                journal=journal,
                stop=stopping,
            )
        assert _gone(_pid_in(pid))
    helper.join()
    assert list((tmp_path / "state").glob("*.jsonl")) == []


def test_what_may_be_broken_off_ends_as_any_other() -> None:
    stopping = Stop()
    assert run(["sh", "-c", "sleep 0.3; echo done"], deadline=_SOON, stop=stopping).stdout == b"done\n"
    assert run(["sleep", "100"], deadline=0.3, stop=stopping).timed_out


def test_an_interrupt_while_starting_loses_no_child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started: list[int] = []
    real = launching.subprocess.Popen

    def popen(*args: object, **named: object) -> object:
        child = real(*args, **named)  # type: ignore[call-overload] # passed through
        started.append(child.pid)
        signal.raise_signal(signal.SIGINT)
        return child

    monkeypatch.setattr(launching.subprocess, "Popen", popen)
    with pytest.raises(KeyboardInterrupt):
        run(["sleep", "100"], deadline=60)
    with pytest.raises(KeyboardInterrupt), Journal.open("run", tmp_path) as journal:
        Service.start(["sleep", "100"], name="sleeper", log=tmp_path / "log", journal=journal)
    assert len(started) == 2
    assert all(map(_gone, started))
    assert list(tmp_path.glob("*.jsonl")) == []


@pytest.mark.parametrize(
    ("argv", "options", "reason"),
    [
        (["no-such-program"], {}, "no-such-program: program not found: install no-such-program"),
        (["pg_dump-missing/pg_dump"], {}, "program not found: install the PostgreSQL client"),
        (["true"], {"cwd": Path("/no/such/folder")}, "its working folder /no/such/folder does not exist"),
        (["/etc/passwd"], {}, "/etc/passwd: not allowed to run it"),
        (["true"], {"user": "no-such-user"}, "user 'no-such-user' does not exist"),
        (["true"], {"user": 3_999_999}, "user 3999999 does not exist"),
        (["a\0b"], {}, "could not be started: embedded null byte"),
        ([], {}, "expected a program to run"),
    ],
)
def test_what_cannot_start_says_why(argv: list[str], options: dict, reason: str) -> None:
    with pytest.raises(ProcessError) as caught:
        run(argv, deadline=_SOON, **options)
    assert reason in str(caught.value)


def test_a_program_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_bytes(b"\x7fELF")
    path.chmod(0o755)
    with pytest.raises(ProcessError, match="could not be started"):
        run([path], deadline=_SOON)


def test_another_user_gets_nothing_of_ours() -> None:
    own = run(["id", "-u"], deadline=_SOON, user=os.geteuid())
    assert int(own.stdout) == os.geteuid()
    if os.geteuid() == 0:
        seen = run(["sh", "-c", "id -u; id -G"], deadline=_SOON, user="nobody").stdout.split()
        assert b"0" not in seen
        assert len(seen) == 2
    else:
        with pytest.raises(ProcessError, match="changing the user needs root"):
            run(["true"], deadline=_SOON, user=0)


def test_the_environment_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET", "leak")
    monkeypatch.setenv("LC_TIME", "C")
    chosen = clean_environment({"MORE": "1"})
    assert "AWS_SECRET" not in chosen
    assert (chosen["LC_TIME"], chosen["MORE"]) == ("C", "1")
    assert chosen["PATH"] == os.environ["PATH"]
    assert b"AWS_SECRET" not in run(["env"], deadline=_SOON).stdout
    assert (
        run(["env"], deadline=_SOON, env={"ONLY": "this", "PATH": os.environ["PATH"]}).stdout.count(b"=") == 2
    )


def test_a_run_is_recorded_while_it_lasts(tmp_path: Path) -> None:
    with Journal.open("run-1", tmp_path) as journal:
        seen = run(
            ["sh", "-c", "echo $VERIFY_RUN_ID; cat run-1.jsonl"],
            deadline=_SOON,
            cwd=tmp_path,
            journal=journal,
        )
        assert seen.stdout.startswith(b"run-1\n")
        assert b'"plan"' in seen.stdout
        assert b'"gone"' in journal.path.read_bytes()
        with pytest.raises(ProcessError):
            run(["no-such-program"], deadline=_SOON, journal=journal)
    assert list(tmp_path.glob("*.jsonl")) == []


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Start services that are stopped after the test."""
    started: list[Service] = []

    def start(script: str, **options: object) -> Service:
        named = {"name": "it", "log": tmp_path / "log", "cwd": tmp_path, **options}
        started.append(Service.start(["sh", "-c", script], **named))  # type: ignore[arg-type] # passed through
        return started[-1]

    yield start
    for each in started:
        each.stop(0)


def test_a_service_runs_until_it_is_stopped(service: Callable, tmp_path: Path) -> None:
    one = service("echo one; echo two; sleep 100 & echo $! > pid; wait")
    grandchild = _pid_in(tmp_path / "pid")
    assert one.alive
    assert (one.tail(), one.tail(1), one.tail(0)) == ("one\ntwo", "two", "")
    assert one.returncode is None
    assert not one.wait(0.01)
    one.stop()
    assert (one.alive, one.returncode) == (False, -signal.SIGTERM)
    assert _gone(one.pid)
    assert _gone(grandchild)
    one.stop()


def test_a_stubborn_service_is_killed(service: Callable, tmp_path: Path) -> None:
    one = service("trap '' TERM; echo $$ > pid; while :; do sleep 0.1; done")
    _pid_in(tmp_path / "pid")
    one.stop(grace=0.2)
    assert one.returncode == -signal.SIGKILL


def test_a_service_may_end_by_itself(service: Callable, tmp_path: Path) -> None:
    with service("sleep 100 & echo $! > pid; exit 5") as one:
        assert one.wait(_SOON)
        assert not one.alive
    assert one.returncode == 5
    assert _gone(_pid_in(tmp_path / "pid"))


def test_a_service_may_end_its_work_first(service: Callable, tmp_path: Path) -> None:
    one = service("trap 'echo bye; exit 0' TERM; echo $$ > pid; while :; do sleep 0.05; done")
    _pid_in(tmp_path / "pid")
    one.stop(grace=_SOON)
    assert (one.returncode, one.tail(1)) == (0, "bye")


def test_a_log_that_is_not_there(service: Callable, tmp_path: Path) -> None:
    one = service("sleep 100")
    one.log.unlink()
    assert one.tail() == ""
    with pytest.raises(ProcessError, match=r"it: its log .* cannot be written"):
        service("true", log=tmp_path / "missing" / "log")


def test_a_service_that_cannot_start_leaves_no_record(tmp_path: Path) -> None:
    with Journal.open("run-2", tmp_path) as journal, pytest.raises(ProcessError):
        Service.start(["no-such-program"], name="it", log=tmp_path / "log", journal=journal)
    assert list(tmp_path.glob("*.jsonl")) == []


def test_a_flood_from_outside_the_group_does_not_hold_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "_LEFT_IN_PIPE", 0)
    seen = run(["sh", "-c", "setsid yes & sleep 0.3"], deadline=_SOON, limit=1000)
    assert seen.returncode == 0
    assert seen.truncated


def test_who_is_told_to_stop_starts_nothing_that_lasts() -> None:
    with Stop() as stop:
        assert not stop.is_set()
        stop.set()
        stop.set()
        assert stop.is_set()
        began = time.monotonic()
        with pytest.raises(ProcessError, match="sleep: broken off with the run"):
            run(["sleep", "60"], deadline=60, stop=stop)
        assert time.monotonic() - began < _SOON
        assert run(["true"], deadline=_SOON).ok
    stop.set()  # its descriptor is closed, and perhaps another's
    assert stop.is_set()
