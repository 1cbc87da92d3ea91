"""Teams' own prune commands over a simulated calendar: honest ones, and those that lose the last backup."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from verify.contract.backup import Command
from verify.drills.errors import DrillError
from verify.drills.prune.confine import version
from verify.drills.prune.replay import Plan, replay
from verify.facts.prune import Copy, Deviation, Loss, Replayed, deviations
from verify.facts.schedule import Schedule
from verify.facts.tiers import Retention

pytestmark = pytest.mark.skipif(version() < 2, reason="this kernel cannot confine a process: no Landlock")

DAY = 86400.0
SYSTEMS = Path(__file__).parents[3] / "systems"
Run = Callable[..., Replayed]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(text: str, *, zone: str = "UTC", days: int = 120, silent: int = 8, **more) -> Replayed:
        team, root = tmp_path / "team", tmp_path / "root"
        team.mkdir()
        root.mkdir()
        script = team / "backup.sh"
        script.write_text(text, encoding="utf-8")
        script.chmod(0o755)
        env = {"BACKUP_DIR": "{folder}", "BUCKET": "{bucket}", "DATABASE_URL": "{source}"}
        command = Command(run=more.pop("argv", "./backup.sh"), env=env, within=more.pop("within", "20s"))
        schedule = Schedule.parse("0 2 * * *", zone)
        plan = Plan(
            backup="db", commands=[command], cwd=team, schedule=schedule, days=days, silent=silent, **more
        )
        return replay(plan, root, deadline=120)

    return run


def judged(replayed: Replayed, policy: str, where: str = "folder") -> dict[str, Deviation]:
    return {
        one.kind if one.kind != "missing" else one.tier: one
        for one in deviations(replayed, Retention.parse(policy), where)
    }


MAKE = 'f=db-$(date +%Y%m%d).sql.gz; pg_dump "$DATABASE_URL" | gzip >"$BACKUP_DIR/$f"\n'
SEED = (
    f'#!/bin/bash\n{MAKE}aws s3 cp "$BACKUP_DIR/$f" "s3://$BUCKET/"\nfind "$BACKUP_DIR" -mtime +30 -delete\n'
)


def test_the_seed_keeps_31_and_loses_the_last_one(run: Run) -> None:
    replayed = run(SEED, store="s3://mdc-backups", days=60)
    found = judged(replayed, "30d")
    assert set(found) == {"kept", "last", "bystander"}
    assert (found["kept"].run, found["kept"].age, found["kept"].times) == (30, 30 * DAY, 30)
    assert found["last"].run == 60 + 3  # the fourth look, 32 days after the last dump that succeeded
    assert found["bystander"].key == "README.md"
    assert set(judged(replayed, "30d inclusive")) == {"last", "bystander"}
    assert set(judged(replayed, "30d", "store")) == {"kept"}  # nothing expires in the bucket


HONEST = {
    "find": (
        f'set -e -o pipefail\n{MAKE}find "$BACKUP_DIR" -maxdepth 1 -name "db-*.sql.gz" -mtime +29 -delete\n',
        "30d",
    ),
    "ls and tail": (
        f'set -e -o pipefail\n{MAKE}cd "$BACKUP_DIR"\nls -1t db-*.sql.gz | tail -n +15 | xargs -r rm --\n',
        "all: last 14",
    ),
    "names": (
        f"""set -e -o pipefail\n{MAKE}oldest=$(date -d '-6 days' +%Y%m%d)
        for each in "$BACKUP_DIR"/db-*; do
            day=${{each##*/db-}}
            [ "${{day%%.*}}" -ge "$oldest" ] || rm "$each"
        done\n""",
        "7d",
    ),
    "newermt": (
        f"""set -e -o pipefail\n{MAKE}find "$BACKUP_DIR" -name 'db-*' ! -newermt '10 days ago' -delete\n""",
        "10d",
    ),
    "find's own times": (
        f"""set -e -o pipefail\n{MAKE}limit=$(( $(date +%s) - 9 * 86400 - 3600 ))
        find "$BACKUP_DIR" -name 'db-*' -printf '%T@ %p\\n' | while read -r at each; do
            [ "${{at%%.*}}" -ge "$limit" ] || rm "$each"
        done\n""",
        "10d",
    ),
    "stat": (
        f"""set -e -o pipefail\n{MAKE}now=$(date +%s)
        for each in "$BACKUP_DIR"/db-*; do
            [ $(( (now - $(stat -c %Y "$each")) / 86400 )) -lt 10 ] || rm "$each"
        done\n""",
        "10d",
    ),
    "folders of days": (
        """set -e -o pipefail
        mkdir "$BACKUP_DIR/$(date +%F)"
        pg_dump -Fd -f "$BACKUP_DIR/$(date +%F)/dump" "$DATABASE_URL"
        find "$BACKUP_DIR" -mindepth 1 -maxdepth 1 -type d -mtime +6 -exec rm -rf {} +\n""",
        "7d",
    ),
    "three folders": (
        """set -e -o pipefail
        mkdir -p "$BACKUP_DIR/daily" "$BACKUP_DIR/weekly" "$BACKUP_DIR/monthly"
        f=$BACKUP_DIR/daily/$(date +%F).sql
        pg_dump "$DATABASE_URL" -f "$f"
        [ "$(date +%u)" != 7 ] || ln "$f" "$BACKUP_DIR/weekly/"
        [ "$(date +%d)" != 01 ] || cp -p "$f" "$BACKUP_DIR/monthly/"
        find "$BACKUP_DIR/daily" -type f -mtime +6 -delete
        find "$BACKUP_DIR/weekly" -type f -mtime +29 -delete
        find "$BACKUP_DIR/monthly" -type f -mtime +89 -delete\n""",
        "daily: 7d, weekly (sunday): 30d, monthly (1): 90d",
    ),
    "rotated names": (
        """set -e -o pipefail
        cd "$BACKUP_DIR"
        pg_dump "$DATABASE_URL" >new
        for n in 4 3 2 1; do [ ! -e db.$n ] || mv db.$n db.$((n + 1)); done
        mv new db.1\n""",
        "daily: 5d",
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_keeps_its_word(name: str, run: Run) -> None:
    text, policy = HONEST[name]
    replayed = run(f"#!/bin/bash\n{text}", days=100 if "90d" in policy else 40)
    assert replayed.ended == ()
    assert judged(replayed, policy) == {}


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_changes_of_the_clock_are_no_deviation(zone: str, run: Run) -> None:
    text, policy = HONEST["find"]
    assert judged(run(f"#!/bin/bash\n{text}", zone=zone, days=100), policy) == {}
    # New York sets it forward at two on the eighth of March


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("+29", "+28"), "all"),
        (("+29", "+30"), "kept"),
        (("set -e -o pipefail", ""), "last"),
        (('-maxdepth 1 -name "db-*.sql.gz"', "-type f"), "bystander"),
    ],
)
def test_a_day_less_a_day_more_no_pipefail_no_pattern(
    change: tuple[str, str], expected: str, run: Run
) -> None:
    text, policy = HONEST["find"]
    assert change[0] in text
    found = judged(run(f"#!/bin/bash\n{text.replace(*change)}", days=40), policy)
    assert set(found) == {expected}


def test_a_tier_that_is_never_filled_is_named(run: Run) -> None:
    text, policy = HONEST["three folders"]
    found = judged(run(f"#!/bin/bash\n{text.replace('!= 7', '!= 8')}", days=40), policy)
    assert set(found) == {"weekly (sunday)"}
    assert found["weekly (sunday)"].age == 7 * DAY  # daily ones stand in until then


def test_one_file_that_is_overwritten_is_the_last_one_only(run: Run) -> None:
    replayed = run('#!/bin/bash\npg_dump "$DATABASE_URL" >"$BACKUP_DIR/db.sql"\n', days=20)
    found = judged(replayed, "7d")
    assert (found["all"].run, found["all"].times) == (1, 19)
    assert found["last"].run == 20  # the first dump that fails leaves an empty file


AWS = """#!/bin/bash
set -euo pipefail
name=$(date -u +%Y%m%dT%H%M%SZ).sql
pg_dump "$DATABASE_URL" | aws s3 cp - "s3://$BUCKET/daily/$name"
[ "$(date -u +%u)" != 7 ] || aws s3 cp "s3://$BUCKET/daily/$name" "s3://$BUCKET/weekly/$name" --quiet
prune() {
    limit=$(date -u -d "$2 days ago" +%s)
    { aws s3 ls "s3://$BUCKET/$1/" || true; } | while read -r day time size name; do
        [ "$(date -u -d "$day $time" +%s)" -gt "$limit" ] || aws s3 rm "s3://$BUCKET/$1/$name" --quiet
    done
}
prune daily 7
prune weekly 28
"""


def test_a_bucket_pruned_by_the_times_that_aws_shows(run: Run) -> None:
    replayed = run(AWS, store="s3://some-backups", days=40)
    assert replayed.ended == ()
    assert judged(replayed, "daily: 7d, weekly (sunday): 28d", "store") == {}
    found = judged(replayed, "daily: 8d, weekly (sunday): 27d", "store")
    assert (found["daily"].run, found["kept"].age) == (7, 27 * DAY)
    assert {copy.where for copy in replayed.copies} == {"store"}


@pytest.mark.parametrize(
    ("system", "script", "policy"),
    [
        (
            "leather_api",
            "db_backup.sh",
            "daily: 7d, weekly (sunday): 30d, monthly (1): 90d",
        ),
        ("atlas_investor", "backup.sh", "daily: last 7, weekly (sunday): last 4, monthly (1): last 12"),
        ("mdc_tts", "backup.sh", "daily: 30d"),
    ],
)
def test_the_scripts_of_our_own_systems(system: str, script: str, policy: str, tmp_path: Path) -> None:
    env = {
        "BACKUP_DIR": "{folder}",
        "BACKUP_BUCKET": "{bucket}",
        "DATABASE_URL": "{source}",
        "BACKUP_KEY": "{key}",
    }
    command = Command(run=f"scripts/{script}", env=env)
    plan = Plan(
        backup="database",
        commands=[command],
        cwd=SYSTEMS / system,
        schedule=Schedule.parse("0 2 * * *"),
        store="s3://our-backups",
        days=40,
        silent=3,
    )
    replayed = replay(plan, tmp_path, deadline=200)
    assert replayed.ended == ()
    assert judged(replayed, policy, "store") == {}


def test_nothing_outside_can_be_deleted(run: Run, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "data").write_text("1")
    os.utime(precious / "data", (0, 0))
    text = f"#!/bin/bash\n{MAKE}rm -rf {precious}\n: >{precious}/data\n/usr/bin/find {precious} -delete\n"
    replayed = run(text, days=2)
    assert (precious / "data").read_text() == "1"
    assert "Permission denied" in replayed.ended[0].words


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("#!/usr/bin/env python3\nprint()\n", "python3 keeps its own time"),
        (f"#!/bin/bash\n{MAKE}printf '%(%s)T'\n", "%(%s)T tells the real time: call `date` by its name"),
        (f"#!/bin/bash\n{MAKE}/bin/date\n", "/bin/date tells the real time"),
        (
            f"#!/bin/bash\n{MAKE}rclone delete remote:x\n",
            "calls what is not played in a replay: rclone delete remote:x",
        ),
        (f"#!/bin/bash\n{MAKE}aws s3 presign s3://x\n", "not played in a replay: aws s3 presign"),
        (f"#!/bin/bash\n{MAKE}date -d 'last sunday'\n", "date -d last sunday"),
        (f"#!/bin/bash\n{MAKE}date -s tomorrow\n", "date -s"),
        (f"#!/bin/bash\n{MAKE}find . -printf '%TY'\n", "find -printf %TY"),
        (f"#!/bin/bash\n{MAKE}chmod 700 /etc/hostname\n", "chmod /etc/hostname"),
        ("#!/bin/bash\ntrue\n", "no run left a backup in {folder} or {store}"),
        ("#!/bin/bash\necho no; exit 3\n", "backup.sh ended with 3: no"),
        ("#!/no/such/shell/bash\n", "cannot be started"),
    ],
)
def test_what_cannot_be_replayed_says_why(text: str, says: str, run: Run) -> None:
    with pytest.raises(DrillError) as caught:
        run(text, days=2)
    assert says in str(caught.value)


def test_what_does_not_end_is_ended(run: Run) -> None:
    with pytest.raises(DrillError, match=r"backup\.sh did not end within 0\.3 s"):
        run("#!/bin/bash\nwhile :; do :; done\n", days=2, within="300ms")


def test_a_name_pattern_stands_for_what_makes_the_backups(run: Run) -> None:
    text = '#!/bin/sh\nfind "$1" -name "*.dump" -mtime +9 -delete\n'
    replayed = run(text, argv="./backup.sh {store}", names=("daily/%F.dump",), days=30)
    assert set(judged(replayed, "10d", "store")) == {"last"}
    assert {copy.key for copy in replayed.copies} >= {"daily/2026-01-01.dump"}


def test_a_folder_that_is_gone_is_told() -> None:
    copies = (Copy(where="folder", key="a", at=0, good=True, made=0, gone=1),)
    losses = (Loss(run=1, where="folder", name=""),)
    replayed = Replayed(backup="x", zone="UTC", times=(0.0, DAY), silent=1, copies=copies, losses=losses)
    found = judged(replayed, "30d")
    assert (found["last"].run, found["bystander"].key) == (1, "the folder itself")


def test_checksums_that_are_left_are_no_backups(run: Run) -> None:
    text = (
        f'#!/bin/bash\n{MAKE}(cd "$BACKUP_DIR" && sha256sum "$f" >"$f.sha256")\n'
        'find "$BACKUP_DIR" -name "*.gz" -mtime +9 -delete\n'
    )
    replayed = run(text, days=30)
    assert not [one for one in replayed.copies if one.key.endswith(".sha256")]
    assert "last" in judged(replayed, "10d")
