"""Programs that tell the simulated time tell, where that is the real one, what the real ones tell."""

import os
import subprocess
from pathlib import Path

import pytest

from verify.drills.prune import programs

NOW = 1_774_749_600  # a Sunday, 2026-03-29 02:00 in UTC: the clock has just been set forward in Berlin


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("programs")
    programs.install(root / "bin")
    (root / "mode").write_text("ok\n")
    return root


def told(root: Path, argv: list[str], zone: str = "UTC", *, now: int = NOW, real: int = NOW) -> str:
    (root / "clock").write_text(f"{now} {now - real}\n")
    env = {"PATH": f"{root / 'bin'}:{os.environ['PATH']}", "TZ": zone, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(argv, env=env, cwd=root, check=False, capture_output=True, text=True, timeout=20)
    return done.stdout or done.stderr


@pytest.mark.parametrize(
    ("words", "zone", "expected"),
    [
        (["+%F %T"], "UTC", "2026-03-29 02:00:00"),
        (["+%F %T"], "Europe/Berlin", "2026-03-29 04:00:00"),
        (["-u", "+%H"], "Europe/Berlin", "02"),
        (["-I"], "UTC", "2026-03-29"),
        (["--utc", "-Iseconds"], "Europe/Berlin", "2026-03-29T02:00:00+00:00"),
        (["+%u %d"], "UTC", "7 29"),
        (["-d", "30 days ago", "+%F"], "UTC", "2026-02-27"),
        (["-d", "-7 days", "+%F %T"], "UTC", "2026-03-22 02:00:00"),
        (["-d", "+1 week", "+%F"], "UTC", "2026-04-05"),
        (["-d", "yesterday", "+%F %T"], "UTC", "2026-03-28 02:00:00"),
        (["-d", "yesterday 13:00", "+%F %T"], "UTC", "2026-03-28 13:00:00"),
        (["--date=1 month ago", "+%F"], "UTC", "2026-03-01"),  # there is no 29 February: as GNU has it
        (["--date", "now", "+%s"], "UTC", str(NOW)),
        (["-ud", "7 days ago", "+%F %T"], "Europe/Berlin", "2026-03-22 02:00:00"),
        (["-d", "1 day ago", "+%F %T"], "Europe/Berlin", "2026-03-28 04:00:00"),
        (["+%F", "-d", "2 days ago"], "UTC", "2026-03-27"),
        (["-d", "2026-01-05", "+%F"], "UTC", "2026-01-05"),
        (["-d", "2026-01-05 - 3 days", "+%F"], "UTC", "2026-01-02"),
        (["-d", "20260105", "+%s"], "UTC", "1767571200"),
        (["-d", "@86400", "+%F"], "UTC", "1970-01-02"),
        (["-d", "nonsense"], "UTC", "invalid date"),
        (["-d", "last sunday"], "UTC", "not played"),
        (["-s", "now"], "UTC", "not played"),
    ],
)
def test_date(root: Path, words: list[str], zone: str, expected: str) -> None:
    assert expected in told(root, ["date", *words], zone)


def test_times_of_files_are_simulated_ones(root: Path) -> None:
    file = root / "old"
    file.touch()
    os.utime(file, (NOW - 500, NOW - 500))
    simulated = NOW + 86_400 * 100
    shown = str(simulated - 500)

    def tell(*argv: str) -> str:
        return told(root, list(argv), now=simulated).strip()

    assert tell("stat", "-c", "%Y", "old") == shown
    assert tell("stat", "-c", "%n is of %Y, %s bytes", "old") == f"old is of {shown}, 0 bytes"
    assert tell("stat", "--format=%s", "old") == "0"
    assert tell("date", "-r", "old", "+%s") == shown
    assert tell("find", "old", "-printf", "%T@ %p\\n").startswith(f"{shown}.")
    assert tell("find", "old", "-newermt", f"@{simulated - 501}") == "old"
    assert tell("find", "old", "-newermt", f"@{simulated - 499}") == ""
    assert tell("find", "old", "!", "-newermt", "8 minutes ago") == "old"
    assert tell("find", "old", "-newermt", "9 minutes ago") == "old"
    assert "not played" in tell("stat", "-c", "%y", "old")
    assert "not played" in tell("stat", "old")
    assert "not played" in tell("find", "old", "-printf", "%T@\\0")
    assert "not played" in tell("touch", "-d", "yesterday", "old")


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["pg_dump", "-Fc", "-d", "x"], "PostgreSQL database dump complete"),
        (["pg_dump", "--version"], "pg_dump (PostgreSQL)"),
        (["pg_restore", "--list", "none"], "input file is too short"),
        (["pg_restore", "-d", "x", "y"], "not played"),
        (["psql", "-c", "drop database x"], "not played"),
        (["python3", "-c", "1"], "not played"),
        (["chmod", "777", "/etc"], "not played"),
        (["chown", "0", "../x"], "not played"),
    ],
)
def test_what_stands_in(root: Path, argv: list[str], says: str) -> None:
    assert says in told(root, argv)


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(programs.MissingError, match="program not found: install it"):
        programs.install(tmp_path / "bin")
