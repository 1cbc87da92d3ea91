"""Stand-ins do what the real programs do, note it, and cost next to nothing."""

import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from verify.drills.clock import Clock
from verify.drills.postgres.address import Address
from verify.drills.script.command import Command, address_values, execute, fill
from verify.drills.script.shims import Shims, exact
from verify.effects.journal import Journal
from verify.effects.redact import Redactor

PATH = os.environ["PATH"]


@pytest.fixture
def buckets(tmp_path: Path) -> Path:
    (tmp_path / "buckets" / "b").mkdir(parents=True)
    return tmp_path / "buckets"


def shell(shims: Shims, text: str, **more: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", "-c", text],
        env={"PATH": shims.on(PATH)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        **more,
    )


def test_streams_arguments_and_ends_are_the_real_ones(tmp_path: Path) -> None:
    shims = Shims.make(tmp_path / "s", PATH)
    packed = tmp_path / "x y.gz"
    done = shell(
        shims,
        f"printf 'one\\ntwo\\n' | gzip -9 > '{packed}'; gunzip -c '{packed}'; find '{packed}' -name 'x*'",
    )
    assert done.stdout == f"one\ntwo\n{packed}\n"
    assert shell(shims, "gunzip -c /no/such/file").returncode == 1
    calls = shims.calls()
    assert [call.name for call in calls if call.name == "gzip"][:1] == ["gzip"]
    first = next(call for call in calls if call.name == "gzip")
    assert (first.arguments, first.returncode) == (("-9",), 0)
    # what a program that has ended moved is told to root alone
    assert first.wrote == (packed.stat().st_size if os.geteuid() == 0 else 0)
    assert first.read >= (8 if os.geteuid() == 0 else 0)
    assert calls[-1].returncode == 1


def test_a_signal_reaches_the_real_program(tmp_path: Path) -> None:
    shims = Shims.make(tmp_path / "s", PATH)
    waiting = "while [ ! -s s/calls ]; do :; done"  # the stand-in's handlers are there soon after
    done = shell(
        shims,
        f"gzip < /dev/zero > /dev/null & {waiting}; sleep 0.5; kill $!; wait $!; echo $?",
        cwd=tmp_path,
    )
    assert done.stdout in {"143\n", "1\n"}  # gzip catches it and ends by itself, or does not
    assert [call.returncode for call in shims.calls()] in ([-15], [1])


def test_a_broken_pipe_ends_it(tmp_path: Path) -> None:
    shims = Shims.make(tmp_path / "s", PATH)
    done = shell(shims, "find / -xdev 2>/dev/null | head -n 1")
    assert done.stdout == "/\n"
    assert [call.returncode for call in shims.calls()] in ([-13], [0])


def test_secrets_in_arguments_are_redacted(tmp_path: Path) -> None:
    redactor = Redactor()
    redactor.add("DATABASE_PASSWORD", "hunter22hunter")
    clock = Clock(Journal.open("shims", tmp_path / "state"), redactor, deadline=30)
    script = tmp_path / "x.sh"
    script.write_text("#!/bin/sh\nfind /nonexistent/hunter22hunter\necho $URL >&2\n")
    script.chmod(0o700)
    command = Command(run=(str(script), "{source}"), cwd=tmp_path, env={"URL": "{source}"})
    values = {"source": "postgresql://u:hunter22hunter@h/d"}
    execute("take", command, values, clock, Shims.make(tmp_path / "s", PATH), environment={})
    assert "hunter22hunter" not in repr(clock.steps)
    assert [step.argv for step in clock.steps] == [
        (str(script), "{source}"), ("find", "/nonexistent/***DATABASE_PASSWORD***"),
    ]  # fmt: skip
    assert clock.steps[0].returncode == 0
    assert clock.steps[1].returncode == 1


def test_a_call_that_has_not_ended_is_known(tmp_path: Path) -> None:
    shims = Shims.make(tmp_path / "s", PATH)
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(
            [tmp_path / "s" / "bin" / "find", "/proc", "-exec", "sleep", "5", ";"],
            timeout=0.5,
            check=False,
            stdout=-3,
        )
    (call,) = shims.calls()
    assert call.returncode is None
    assert call.step(restoring=False).timed_out


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize(
    ("text", "proved"),
    [
        ("pg_dump shop", True),
        ("pg_dump shop; pg_dumpall --roles-only", True),
        ("pg_dump shop; psql -c 'select 1'", False),
        ("pg_dumpall", False),
        ("true", False),
        ("pg_dump gone || true; pg_dump shop", True),
    ],
)
def test_what_was_dumped_under_our_snapshot(tmp_path: Path, text: str, *, proved: bool) -> None:
    """Programs of PostgreSQL's names that only say what they were given."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("pg_dump", "pg_dumpall", "psql"):
        (programs / name).write_text('#!/bin/sh\necho "$@"\ncase "$*" in *gone*) exit 1;; esac\n')
        (programs / name).chmod(0o755)
    shims = Shims.make(tmp_path / "s", f"{programs}:{PATH}", snapshot="00000003-0000001B-1")
    done = shell(shims, text)
    assert ("--snapshot=00000003-0000001B-1 shop" in done.stdout) is ("pg_dump shop" in text)
    assert exact(shims.calls()) is proved


def test_a_stand_in_costs_little_more_than_an_interpreter(tmp_path: Path) -> None:
    """Less than 10 ms a call where nothing else runs; here others do, and the measure is relative."""
    shims = Shims.make(tmp_path / "s", PATH)
    find = [str(tmp_path), "-maxdepth", "0"]
    kinds = {
        "real": [shims.tools["find"], *find],
        "stand-in": [str(tmp_path / "s" / "bin" / "find"), *find],
        "interpreter": [sys.executable, "-I", "-S", "-c", "pass"],
    }

    def cost(kind: str) -> float:
        """Return CPU seconds: the clock of a busy machine says nothing."""
        before = os.times()
        for _ in range(15):
            subprocess.run(kinds[kind], check=True, stdout=subprocess.DEVNULL, timeout=30)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    rounds = [{kind: cost(kind) for kind in kinds} for _ in range(5)]
    added = [(each["stand-in"] - each["real"]) / each["interpreter"] for each in rounds]
    assert statistics.median(added) < 2


class TestBuckets:
    """`aws s3` on folders."""

    @pytest.fixture
    def aws(self, tmp_path: Path, buckets: Path):
        shims = Shims.make(tmp_path / "s", PATH, buckets=buckets)
        (tmp_path / "f" / "sub").mkdir(parents=True)
        (tmp_path / "f" / "one.txt").write_text("1")
        (tmp_path / "f" / "sub" / "two.sql").write_text("22")

        def act(text: str) -> "subprocess.CompletedProcess[str]":
            return shell(shims, f"aws {text}", cwd=tmp_path)

        return act

    def names(self, buckets: Path) -> list[str]:
        return sorted(
            str(each.relative_to(buckets / "b")) for each in (buckets / "b").rglob("*") if each.is_file()
        )

    def test_copies(self, aws, buckets: Path, tmp_path: Path) -> None:
        assert aws("s3 cp f/one.txt s3://b").returncode == 0
        assert aws("s3 cp f/one.txt s3://b/x/ --sse AES256 --storage-class=STANDARD_IA").returncode == 0
        assert aws("s3 cp f/one.txt s3://b/y/named --only-show-errors").stdout == ""
        assert self.names(buckets) == ["one.txt", "x/one.txt", "y/named"]
        assert aws("s3 cp s3://b/y/named back").returncode == 0
        assert (tmp_path / "back").read_text() == "1"
        assert aws("s3 cp s3://b/y/named -").stdout == "1"
        assert aws("s3 cp s3://b/none back").returncode == 1
        assert "Not Found" in aws("s3 cp s3://b/none back").stderr

    def test_streams(self, aws, buckets: Path) -> None:
        assert aws("--version | aws s3 cp - s3://b/stream").returncode == 0
        assert self.names(buckets) == ["stream"]

    def test_folders(self, aws, buckets: Path, tmp_path: Path) -> None:
        aws("s3 cp f s3://b/all --recursive --exclude '*' --include '*.sql'")
        assert self.names(buckets) == ["all/sub/two.sql"]
        aws("s3 sync f s3://b/synced")
        assert self.names(buckets) == ["all/sub/two.sql", "synced/one.txt", "synced/sub/two.sql"]
        (tmp_path / "f" / "one.txt").unlink()
        aws("s3 sync f s3://b/synced")
        assert "synced/one.txt" in self.names(buckets)
        aws("s3 sync f s3://b/synced --delete")
        assert "synced/one.txt" not in self.names(buckets)

    def test_moves_and_removes(self, aws, buckets: Path, tmp_path: Path) -> None:
        aws("s3 mv f/one.txt s3://b/one.txt")
        assert not (tmp_path / "f" / "one.txt").exists()
        assert aws("s3 rm s3://b/one.txt --dryrun").returncode == 0
        assert self.names(buckets) == ["one.txt"]
        assert aws("s3 rm s3://b/one.txt").stdout == "delete: s3://b/one.txt\n"
        assert aws("s3 rm s3://b/one.txt").returncode == 0
        aws("s3 cp f s3://b/d --recursive")
        aws("s3 rm s3://b/d --recursive")
        assert self.names(buckets) == []

    def test_lists(self, aws) -> None:
        aws("s3 cp f s3://b/d --recursive")
        assert aws("s3 ls").stdout.endswith(" b\n")
        assert aws("s3 ls s3://b").stdout == f"{'PRE':>30} d/\n"
        assert [line.split()[-2:] for line in aws("s3 ls s3://b/d/").stdout.splitlines()] == [
            ["PRE", "sub/"], ["1", "one.txt"],
        ]  # fmt: skip
        assert [line.split()[-1] for line in aws("s3 ls s3://b/d --recursive").stdout.splitlines()] == [
            "d/one.txt", "d/sub/two.sql",
        ]  # fmt: skip
        assert aws("s3 ls s3://b/none").returncode == 1

    @pytest.mark.parametrize(
        ("text", "status"),
        [
            ("s3 cp f/one.txt s3://gone/", 1),
            ("s3 cp f/none s3://b/", 1),
            ("s3 cp f/one.txt s3://b/../../x", 1),
            ("s3 cp f/one.txt f/other", 252),
            ("s3 cp f/one.txt", 252),
            ("s3 presign s3://b/x", 252),
            ("s3api list-objects --bucket b", 252),
            ("s3 cp f/one.txt s3://b/ --unheard-of", 252),
        ],
    )
    def test_refusals(self, aws, buckets: Path, text: str, status: int) -> None:
        done = aws(text)
        assert done.returncode == status
        assert done.stderr
        assert self.names(buckets) == []


def test_placeholders_are_filled() -> None:
    address = Address.parse("postgresql://u:p%40ss@db:5433/shop")
    values = address_values("source", address)
    text = "{source} {source_host} {source_port} {source_user} {source_password} {source_name} {unknown} {}"
    assert fill(text, values) == "postgresql://u:p%40ss@db:5433/shop db 5433 u p@ss shop {unknown} {}"
    command = Command(run=("x", "{artefact}"), cwd=Path(), env={"A": "{folder}/y"})
    assert [command.names(each) for each in ("artefact", "folder", "key")] == [True, True, False]
