"""The edges of the rules about backups before a migration and after a change."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from verify.facts.backup import Artefact, Store
from verify.facts.changes import Changes
from verify.facts.files import Files, FilesSeen
from verify.facts.migrated import Migrated
from verify.facts.retention import Point
from verify.facts.shell import ShellScript
from verify.judge.registry import Registry
from verify.judge.verdict import Check, judge
from verify.model.verdict import Judgement, Outcome
from verify.rules import BackupSpec, NamedBackup, ReferenceSpec, seconds
from verify.rules.script import backs_up_first

Said = Callable[..., tuple[str, ...]]
REGISTRY = Registry(("verify.rules",))
DAY = 86_400
NOW = 100 * DAY
BACKUP = NamedBackup("database", BackupSpec(engine="postgresql"))
OWN = NamedBackup("database", BackupSpec(engine="script", script={"run": "a.sh"}, store="s3://backups"))
HOUR = {"backup": BACKUP, "within": seconds(3600)}


def migrated(ago: float, *gaps: float, **more: Any) -> Migrated:
    """Return a migration so many seconds ago, with backups so many before it."""
    applied = NOW - ago
    points = tuple(Point(key=str(gap), at=applied - gap) for gap in gaps)
    return Migrated(
        **{"at": NOW, "clock": NOW, "place": "s", "name": "m", "applied": applied, "backups": points, **more}
    )


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (migrated(9, 3600), ()),
        (migrated(9, 3601), ("migrated without a backup",)),
        (migrated(9, 0), ()),
        (migrated(9, -1), ("migrated without a backup",)),
        (migrated(7 * DAY, 3601), ("migrated without a backup",)),
        (migrated(7 * DAY + 1, 3601), ("?",)),
        (migrated(7 * DAY + 1, -DAY), ("?",)),
        (migrated(7 * DAY + 1, 3600), ()),
        (migrated(7 * DAY + 1), ("migrated without a backup",)),
        (migrated(0, 60, applied=None), ("?",)),
        (migrated(9, 3600, clock=NOW + 60), ()),
        (migrated(9, 3600, clock=NOW + 61), ("?",)),
        (migrated(9, 3600, clock=NOW - 61), ("?",)),
        (migrated(-60, 3600), ()),
        (migrated(-61, 3600), ("?",)),
    ],
)
def test_how_long_before(said: Said, last: Migrated, expected: tuple[str, ...]) -> None:
    assert said("backup/before-migration", HOUR, last=last) == expected


def test_how_long_such_a_backup_is_kept(said: Said) -> None:
    stated = {**HOUR, "over": seconds(30 * DAY)}
    assert said("backup/before-migration", stated, last=migrated(29 * DAY, 9 * DAY)) != ("?",)
    assert said("backup/before-migration", stated, last=migrated(31 * DAY, 9 * DAY)) == ("?",)


@pytest.mark.parametrize(
    ("fault", "backup", "hours", "expected"),
    [
        ("migration-unbacked", OWN, 22, True),
        ("migration-unbacked", OWN, 23, False),
        ("migration-unbacked", BACKUP, 23, True),
        ("backup-not-uploaded", OWN, 1, True),
        ("backup-not-uploaded", BACKUP, 1, False),
        ("backup-stale", OWN, 167, True),
        ("backup-stale", OWN, 168, False),
        ("no-hsts", OWN, 1, False),
    ],
)
def test_what_a_fault_breaks(fault: str, backup: NamedBackup, hours: int, expected: bool) -> None:  # noqa: FBT001 - a row of the table
    rule = REGISTRY.get("backup/before-migration")
    assert rule.params is not None
    stated = rule.params(backup=backup, within=seconds(hours * 3600))
    assert rule.breaks(fault, stated, ReferenceSpec()) is expected


ONE = Artefact(key="a", at=NOW - 5 * DAY, modified=NOW, size=9)
STORE = Store(place="s3://b", at=NOW, host="eu-west-1", artefacts=(ONE,))
LAST = Changes(count=1, path="nginx.conf", changed=ONE.at, told="git")


@pytest.mark.parametrize(
    ("change", "store", "expected"),
    [
        ({}, {}, ()),
        ({"changed": ONE.at + 1}, {}, ("the last change is in no backup",)),
        ({"changed": NOW - 3600}, {}, ()),
        ({"changed": NOW - 3601}, {}, ("the last change is in no backup",)),
        ({"changed": None}, {}, ("?",)),
        ({"changed": None}, {"artefacts": ()}, ("there is no backup",)),
        ({}, {"artefacts": (replace(ONE, good=False),)}, ("there is no backup",)),
        ({}, {"artefacts": (replace(ONE, at=NOW + 1),)}, ("there is no backup",)),
    ],
)
def test_which_change_is_kept(
    said: Said, change: dict[str, Any], store: dict[str, Any], expected: tuple[str, ...]
) -> None:
    stated = {"backup": BACKUP, "files": ("nginx.conf",)}
    facts = {"store": replace(STORE, **store), "last": replace(LAST, **change)}
    assert said("backup/since-change", stated, **facts) == expected


def outcome(text: str) -> tuple[Outcome, list[str]]:
    script = ShellScript.parse("a.sh", text)
    said = list(backs_up_first.check(script))
    words = [str(getattr(one, "message", "")) for one in said]
    return (Outcome.VIOLATED if any(words) else Outcome.HOLDS), [word for word in words if word]


@pytest.mark.parametrize(
    "text",
    [
        "set -e\n./backup.sh\nbundle exec rails db:migrate\n",
        "set -e\nsudo /opt/db-backup\nknex migrate:latest\n",
        "set -e\ndocker compose exec db pg_dump a >b\nmanage.py migrate\n",
        "manage.py migrate --plan\n",
        "echo migrate\n",
        "alembic upgrade +1 --sql\n",
    ],
)
def test_what_backs_up_first(text: str) -> None:
    assert outcome(text) == (Outcome.HOLDS, [])


@pytest.mark.parametrize(
    "text",
    [
        'set -e\n"$BACKUP_TOOL"\nmanage.py migrate\n',
        "set -e\nls backup.sh\nmanage.py migrate\n",
        "set -e\npsql --command=backup\nmanage.py migrate\n",
    ],
)
def test_what_does_not(text: str) -> None:
    assert outcome(text) == (Outcome.VIOLATED, ["migrates without a backup"])


def covered(name: str, text: str) -> Judgement:
    rule = REGISTRY.get("script/covers")
    assert rule.params is not None
    seen = FilesSeen.of(ShellScript, (("a.sh", text),))
    return judge(
        Check(rule=rule, stated=rule.params(script=name, what=("media",))), {Files(ShellScript): seen}
    )


def test_a_script_that_does_nothing_is_named_at_its_beginning() -> None:
    judgement = covered("a.sh", "# later\n")
    assert [str(finding.at) for finding in judgement.findings] == ["a.sh:1:1"]


def test_a_script_that_is_not_there_covers_nothing() -> None:
    judgement = covered("gone.sh", "tar c media\n")
    assert judgement.outcome is Outcome.INCONCLUSIVE
    assert [one.reason for one in judgement.unknowns] == ["gone.sh is not among the contract's `files:`"]
