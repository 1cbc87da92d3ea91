"""A reference comes up, stands beside others, and leaves nothing."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Never

import pytest

from verify.effects import servers
from verify.effects.journal import Journal, clean
from verify.reference import binaries, keeper, postgres, system
from verify.reference.errors import MissingError, ReferenceSystemError, StartError, UnknownFaultError
from verify.reference.redis_server import Redis
from verify.reference.system import Reference

REPO = Path(__file__).parents[2]
PATIENCE = 30.0


@pytest.fixture
def own_state(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def inhabitants(folder: Path) -> list[str]:
    """Return the processes that work in ``folder`` or were started with a path in it."""
    found = []
    for place in Path("/proc").iterdir():
        if not place.name.isdecimal():
            continue
        try:
            home = str((place / "cwd").readlink())
            words = (place / "cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if int(place.name) != os.getpid() and (home.startswith(str(folder)) or str(folder) in words):
            found.append(f"{place.name} {words}")
    return found


def gone(folder: Path) -> bool:
    """Wait until nobody works in ``folder`` any more; say whether it came to that."""
    end = time.monotonic() + PATIENCE
    while inhabitants(folder) and time.monotonic() < end:
        threading.Event().wait(0.02)
    return not inhabitants(folder)


def emptied(folder: Path) -> bool:
    return gone(folder) and not folder.exists()


def test_stop_leaves_no_process_no_folder_no_record(own_state: Path, spec_of: Any, client_of: Any) -> None:
    with Journal.open("life", own_state) as journal:
        with Reference.start(spec_of(), journal=journal) as ref:
            client = client_of(ref)
            with client.session:
                assert ref.requests() == 0
                assert client.get("/health/").status_code == 200
            assert len(inhabitants(ref.folder)) >= 4
        ref.stop()
        assert emptied(ref.folder)
    assert list(own_state.glob("*.jsonl")) == []


def test_an_exception_inside_the_block_cleans_up_too(own_state: Path, spec_of: Any) -> Never:
    with Journal.open("life", own_state) as journal:
        with pytest.raises(KeyboardInterrupt), Reference.start(spec_of(), journal=journal) as ref:
            raise KeyboardInterrupt
        assert emptied(ref.folder)


def test_stop_ends_what_is_paused_or_relayed(own_state: Path, spec_of: Any) -> None:
    with Journal.open("life", own_state) as journal:
        with Reference.start(spec_of(), journal=journal, faults=["redis-hang", "tls-legacy"]) as ref:
            assert ref.faults == {"redis-hang", "tls-legacy"}
        assert emptied(ref.folder)


def test_two_references_do_not_meet(own_state: Path, spec_of: Any, client_of: Any) -> None:
    with Journal.open("pair", own_state) as journal, ThreadPoolExecutor(2) as pool:
        starts = [pool.submit(Reference.start, spec_of(release=name), journal=journal) for name in "ab"]
        with starts[0].result() as one, starts[1].result() as two:
            first, second = client_of(one), client_of(two)
            with first.session, second.session:
                one.inject("database-down")
                assert first.get("/health/").json()["version"] == "a"
                assert first.get("/health/").status_code == 503
                assert second.get("/health/").json()["version"] == "b"
                assert second.get("/health/").status_code == 200
                token = {"Authorization": f"Bearer {one.accounts['alice']}"}
                assert second.get("/api/v1/accounts/me/", headers=token).status_code == 401
                assert (one.requests(), two.requests()) == (2, 3)


@pytest.mark.parametrize(
    "name", ["database-down", "redis-down", "worker-down", "cert-expired", "never-ready", "no-hsts"]
)
def test_faults_from_the_start_hold_and_heal(
    own_state: Path, spec_of: Any, client_of: Any, name: str
) -> None:
    with (
        Journal.open("early", own_state) as journal,
        Reference.start(spec_of(faults=[name]), journal=journal, faults=["wrong-version"]) as ref,
    ):
        assert ref.faults == {name, "wrong-version"}
        ref.heal("wrong-version")
        ref.heal(name)
        client = client_of(ref)
        with client.session:
            assert client.get("/health/").status_code == 200
            assert client.post("/api/v1/canary/", {}, user="bob").status_code == 200
            assert "Strict-Transport-Security" in client.get("/health/").headers


def test_what_the_contract_shapes(own_state: Path, spec_of: Any, client_of: Any) -> None:
    shaped = spec_of(
        api="/v2/",
        health="/v2/healthcheck/",
        liveness=None,
        schema="/openapi.json",
        metrics="/internal/metrics",
        metrics_public=True,
        unhealthy=500,
        dependencies={"postgres": "database"},
        headers={"X-Team": "shop"},
        edge=None,
        quotas={"anonymous": None, "authenticated": None},
    )
    with Journal.open("shape", own_state) as journal, Reference.start(shaped, journal=journal) as ref:
        client = client_of(ref)
        with client.session:
            answer = client.get("/v2/healthcheck/")
            assert answer.json()["checks"] == {"postgres": "ok"}
            assert answer.headers["X-Team"] == "shop"
            assert "Strict-Transport-Security" not in answer.headers
            assert client.get("/live/").status_code == 404
            assert "/v2/products/" in client.get("/openapi.json").json()["paths"]
            assert {client.get("/v2/products/").status_code for _ in range(60)} == {200}
            assert "celery_queue_length" in client.get("/internal/metrics").text
            ref.inject("redis-down")
            assert client.get("/v2/healthcheck/").status_code == 200
            ref.inject("database-down")
            assert client.get("/v2/healthcheck/").status_code == 500


def test_what_a_kill_left_is_cleaned(own_state: Path) -> None:
    script = """
        import sys, threading
        from pathlib import Path
        from verify.contract.reference import ReferenceSpec
        from verify.effects.journal import Journal
        from verify.reference.system import Reference

        journal = Journal.open("killed", Path(sys.argv[1]))
        ref = Reference.start(ReferenceSpec(), journal=journal)
        print(ref.folder, flush=True)
        threading.Event().wait(60)
    """
    argv = [sys.executable, "-c", textwrap.dedent(script), str(own_state)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=REPO) as child:
        folder = Path(child.stdout.readline().strip())
        assert len(inhabitants(folder)) >= 4
        child.send_signal(signal.SIGKILL)
    found = clean(own_state)
    assert {each.kind for each in found} == {"directory", "process"}
    assert [str(each) for each in found if not each.done] == []
    assert emptied(folder)
    assert clean(own_state) == []


OWNER = """
import sys, threading
from pathlib import Path
from verify.contract.reference import ReferenceSpec
from verify.effects.journal import Journal
from verify.reference.system import Reference

def test_reference():
    own, faults = Path(sys.argv[-2]), sys.argv[-1].split()
    with Journal.open("owned", own) as journal:
        with Reference.start(ReferenceSpec(), journal=journal, faults=faults) as ref:
            print(ref.folder, ref.url, file=sys.stderr, flush=True)
            threading.Event().wait(60)

if __name__ == "__main__":
    if sys.argv[1] == "pytest":
        import pytest
        sys.exit(pytest.main(["-q", "-s", "-p", "no:cacheprovider", "--noconftest", "-c/dev/null", __file__]))
    test_reference()
"""
AFTER = 2.0  # seconds that something of the reference may outlive its owner


def shared_memory() -> set[tuple[int, int]]:
    """Return the segments of shared memory that nobody uses: others may run servers beside us."""
    return keeper.segments()


@pytest.mark.parametrize(
    ("owner", "number", "faults"),
    [
        ("script", signal.SIGKILL, ""),
        ("script", signal.SIGKILL, "tls-legacy redis-hang"),
        ("script", signal.SIGTERM, "worker-down"),
        ("pytest", signal.SIGKILL, ""),
        # without an active contract nobody turns SIGTERM into an interrupt: pytest dies of it at once
        ("pytest", signal.SIGTERM, ""),
    ],
)
def test_nothing_outlives_its_owner(own_state: Path, owner: str, number: signal.Signals, faults: str) -> None:
    script = own_state / "test_owner.py"
    script.write_text(OWNER)
    before = shared_memory()
    argv = [sys.executable, str(script), owner, str(own_state), faults]
    env = os.environ | {"PYTHONPATH": str(REPO)}
    with subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env
    ) as child:
        said = child.stderr.readline().split()
        folder, port = Path(said[0]), int(said[1].rpartition(":")[2])
        assert len(inhabitants(folder)) >= 4
        child.send_signal(number)
        assert child.wait(PATIENCE) == -number
    end = time.monotonic() + AFTER
    while (
        left := [*inhabitants(folder), *([str(folder)] if folder.exists() else [])]
    ) and time.monotonic() < end:
        threading.Event().wait(0.02)
    assert left == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert shared_memory() <= before
    assert [str(each) for each in clean(own_state) if not each.done] == []
    assert list(own_state.glob("*.jsonl")) == []


def test_a_fork_of_the_owner_keeps_nothing_alive(own_state: Path) -> None:
    """A process that a test forked holds everything its parent had open, and may live on."""
    script = own_state / "forks.py"
    forked = """
import os
if os.fork() == 0:
    print("forked", file=sys.stderr, flush=True)
    threading.Event().wait(20)
    os._exit(0)
"""
    waits = "            threading.Event().wait(60)"
    assert waits in OWNER
    script.write_text(OWNER.replace(waits, textwrap.indent(forked, " " * 12) + waits))
    argv = [sys.executable, str(script), "script", str(own_state), ""]
    env = os.environ | {"PYTHONPATH": str(REPO)}
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, env=env, start_new_session=True) as child:
        folder = Path(child.stderr.readline().split()[0])
        assert child.stderr.readline() == "forked\n"
        child.kill()
        child.wait(PATIENCE)
        try:
            end = time.monotonic() + AFTER
            while inhabitants(folder) and time.monotonic() < end:
                threading.Event().wait(0.02)
            assert inhabitants(folder) == []
        finally:
            os.killpg(child.pid, signal.SIGKILL)


def test_a_part_that_does_not_come_up_is_named_with_its_words(
    own_state: Path, spec_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Redis, "argv", lambda _self: ["sh", "-c", "echo no room >&2; exit 3"])
    with (
        Journal.open("fails", own_state) as journal,
        pytest.raises(StartError, match=r"(?s)reference's redis ended at once.*no room.*Start it again"),
    ):
        Reference.start(spec_of(), journal=journal)
    assert list(own_state.glob("*.jsonl")) == []


def test_a_part_that_is_too_slow_is_named(
    own_state: Path, spec_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Redis, "argv", lambda _self: ["sleep", "60"])
    monkeypatch.setattr(Redis, "deadline", 0.3)
    late = pytest.raises(StartError, match=r"redis was not ready within 0\.3 s")
    with Journal.open("slow", own_state) as journal, late:
        Reference.start(spec_of(), journal=journal)
    assert list(own_state.glob("*.jsonl")) == []


def test_a_missing_library_is_one_clear_error(
    own_state: Path, spec_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "_LIBRARIES", ("json", "nowhere_to_be_found"))
    with (
        Journal.open("lib", own_state) as journal,
        pytest.raises(
            MissingError, match=r'nowhere_to_be_found.*pip install "pytest-deploy-verify\[reference\]"'
        ),
    ):
        Reference.start(spec_of(), journal=journal)


def test_what_cannot_be_kept_is_said_before_anything_starts(
    own_state: Path, spec_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "Postgres", None)
    with Journal.open("refused", own_state) as journal:
        with pytest.raises(ReferenceSystemError, match="does not log colour: log_fields may name timestamp"):
            Reference.start(spec_of(log_fields=["level", "colour"]), journal=journal)
        with pytest.raises(UnknownFaultError, match="unknown fault 'no-hst': did you mean 'no-hsts'"):
            Reference.start(spec_of(), journal=journal, faults=["no-hst"])


def test_a_cold_start_makes_the_template_and_a_warm_one_takes_it(
    own_state: Path, spec_of: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(own_state / "cache"))
    templates = own_state / "cache" / "deploy-verify" / "templates"
    balances = []
    for _ in range(2):
        with Journal.open("cold", own_state) as journal, Reference.start(spec_of(), journal=journal) as ref:
            client = client_of(ref)
            with client.session:
                client.post("/api/v1/deposits/", {"amount": "1.00"}, user="bob")
                balances.append(client.balance("bob"))
        made = [path for path in templates.iterdir() if path.is_dir()]
        monkeypatch.setattr(postgres.Postgres, "_make", None)
    assert balances == [101.0, 101.0]
    assert len(made) == 1


@pytest.mark.nightly
@pytest.mark.parametrize("after", [0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5])
@pytest.mark.parametrize("cache", ["warm", "cold"])
def test_a_kill_at_any_moment_of_the_start_is_cleaned(
    own_state: Path, temporary: Path, after: float, cache: str
) -> None:
    script = """
        import sys
        from pathlib import Path
        from verify.contract.reference import ReferenceSpec
        from verify.effects.journal import Journal
        from verify.reference.system import Reference

        journal = Journal.open("killed", Path(sys.argv[1]))
        print("begins", flush=True)
        Reference.start(ReferenceSpec(), journal=journal)
        sys.stdin.read()
    """
    argv = [sys.executable, "-c", textwrap.dedent(script), str(own_state)]
    env = dict(os.environ) | {"TMPDIR": str(temporary)}
    if cache == "cold":
        env["XDG_CACHE_HOME"] = str(own_state / "cache")
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPO, env=env) as child:
        child.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(after)
        child.send_signal(signal.SIGKILL)
    assert [str(each) for each in clean(own_state) if not each.done] == []
    assert gone(temporary)
    assert list(temporary.glob("dv-*")) == []


@pytest.mark.nightly
def test_the_servers_of_the_wheels_serve_as_well(
    own_state: Path, spec_of: Any, client_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "_SYSTEM", own_state)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with Journal.open("wheels", own_state) as journal, Reference.start(spec_of(), journal=journal) as ref:
        client = client_of(ref)
        with client.session:
            assert client.get("/health/").status_code == 200
            assert client.post("/api/v1/deposits/", {"amount": "1.00"}, user="bob").status_code == 201
            assert client.post("/api/v1/canary/", {}, user="bob").status_code == 200
            assert client.get("/api/v1/products/").status_code == 200
            ref.inject("redis-down")
            ref.heal("redis-down")
            assert client.get("/health/").status_code == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_during_the_start_leaves_nothing(
    own_state: Path, temporary: Path, number: signal.Signals
) -> None:
    script = """
        import sys
        from pathlib import Path
        from verify.contract.reference import ReferenceSpec
        from verify.effects.journal import Journal
        from verify.effects.signals import graceful
        from verify.reference.parts import Part
        from verify.reference.system import Reference

        start = Part.start

        def told(self):
            start(self)
            if self.name == "worker":
                print("half way", flush=True)

        Part.start = told
        with graceful() as seen:
            try:
                with Journal.open("broken-off", Path(sys.argv[1])) as journal:
                    Reference.start(ReferenceSpec(), journal=journal)
                    sys.stdin.read()
            except KeyboardInterrupt:
                print("cleaned", flush=True)
    """
    argv = [sys.executable, "-c", textwrap.dedent(script), str(own_state)]
    env = dict(os.environ) | {"TMPDIR": str(temporary)}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPO, env=env) as child:
        assert child.stdout.readline() == b"half way\n"
        child.send_signal(number)
        assert child.stdout.readline() == b"cleaned\n"
        assert child.wait(PATIENCE) == 0
    assert list(temporary.glob("dv-*")) == []
    assert list(own_state.glob("*.jsonl")) == []
    assert inhabitants(temporary) == []
