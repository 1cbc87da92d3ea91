"""SIGTERM and SIGHUP become an interrupt with a clean-up that a second signal does not break off."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

import verify
from verify.effects import signals
from verify.effects.signals import graceful, held


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_a_signal_interrupts_and_is_remembered(number: signal.Signals, code: int) -> None:
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)]
    with graceful() as seen:
        assert (seen.received, seen.exit_code) == (None, 0)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        assert (seen.received, seen.exit_code) == (number, code)
    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)] == before


def test_a_second_signal_waits_for_the_clean_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(signals.time, "monotonic", lambda: now[0])
    with graceful() as seen:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        now[0] += 7.4
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGHUP)
        now[0] += 0.2
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert seen.received == signal.SIGTERM


def test_what_was_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with graceful() as seen:
            signal.raise_signal(signal.SIGHUP)
            assert seen.received is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_are_left_alone() -> None:
    handlers = []

    def work() -> None:
        with graceful(), held():
            handlers.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [before]


def test_held_signals_come_afterwards() -> None:
    done = []

    def work() -> None:
        with held():
            signal.raise_signal(signal.SIGTERM)
            with held():
                signal.raise_signal(signal.SIGHUP)
            done.append(True)
        done.append(False)

    with graceful() as seen, pytest.raises(KeyboardInterrupt):
        work()
    assert done == [True]
    assert seen.received == signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_killed_program_cleans_up(number: signal.Signals) -> None:
    code = """
        import sys, time
        from verify.effects.signals import graceful
        with graceful() as seen:
            try:
                print("ready", flush=True)
                time.sleep(60)
            except KeyboardInterrupt:
                print("cleaned", flush=True)
        sys.exit(seen.exit_code)
    """
    env = {**os.environ, "PYTHONPATH": str(Path(verify.__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, env=env
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(number)
        out, _ = child.communicate(timeout=30)
    assert (out, child.returncode) == (b"cleaned\n", 128 + number)
