# each message stands on one line, as it is told
"""The sections `backups:` and `drills:`, and where environments place them."""

import sys

import pytest

from verify.contract.errors import ContractError
from verify.contract.load import load
from verify.contract.spec import Contract
from verify.model.units import Duration

HEAD = "verify: 1\nsystem: shop\n"


def contract(text: str) -> Contract:
    """Return the contract that ``text`` is the rest of."""
    return load((HEAD + text).encode(), "v").contract


def problems(text: str) -> list[str]:
    """Return the problems of a contract, with their line and column."""
    with pytest.raises(ContractError) as caught:
        contract(text)
    return [str(problem).removeprefix("v:") for problem in caught.value.problems]


def test_a_script_may_be_named_alone() -> None:
    read = contract(
        "backups:\n  database: {engine: script, script: scripts/backup.sh --all, store: s3://shop-backups/db}\n",
    )
    backup = read.backups["database"]
    assert backup.script is not None
    assert backup.script.run == ("scripts/backup.sh", "--all")
    assert backup.script.within == Duration.parse("15m")
    assert backup.format == "custom"


def test_a_script_in_full_has_variables_and_a_deadline() -> None:
    read = contract(
        """
backups:
  database:
    engine: postgresql
    script: {run: [sh, scripts/a b.sh], env: {DATABASE_URL: '{source}'}, within: 5m}
    restore: "scripts/restore.sh {artefact}"
    schedule: 0 2 * * *
    timezone: Europe/Berlin
    size: 5GiB
environments:
  staging: {url: 'https://a.example.com', backups: {database: {source: $SHOP_DATABASE}}}
""",
    )
    backup = read.backups["database"]
    assert backup.script is not None
    assert backup.script.run == ("sh", "scripts/a b.sh")
    assert backup.script.env == {"DATABASE_URL": "{source}"}
    assert backup.schedule == "0 2 * * *"
    assert read.environments["staging"].backups["database"].source == "$SHOP_DATABASE"
    assert backup.restore is not None
    assert backup.restore.run == ("scripts/restore.sh", "{artefact}")


def test_every_problem_of_the_sections_is_told_at_once() -> None:
    text = """backups:
  one: {engine: script, store: s3://shop-backups/x}
  two: {engine: postgresql, script: {run: [a, '{sorce}'], env: {A: '{target}', B: '{why}'}}}
  three: {engine: redis, prune: x, recipient: age1x}
  four: {engine: snapshot, timezone: Europe/Berln}
  five: {engine: objectstore, migrate: scripts/migrate.sh}
  six: {engine: physical, schedule: daily, store: 'ftp://x'}
environments:
  staging: {url: 'https://a.example.com', backups: {on: {source: postgres://}}}
drills:
  away: {after: nothing}
"""
    found = problems(text)
    for expected in (
        "4:9: engine `script` needs `script:`: name what makes a backup",
        "5:38: nothing fills '{sorce}': did you mean 'source'?",
        "nothing fills '{why}'",
        "6:26: engine `redis` does that itself, so `prune:` would not be run",
        "what is encrypted has to be read again: add `key: $NAME`",
        "engine `snapshot` needs `instance:`",
        "unknown time zone 'Europe/Berln': did you mean 'Europe/Berlin'?",
        "engine `objectstore` needs `store:`",
        "8:31: `migrate:` follows a backup by the team's own `script:`: state that, or remove this",
        "expected five fields as in a crontab",
        "expected s3://BUCKET/PREFIX or a folder",
        "unknown backup 'on': did you mean 'one'?",
        "a secret never stands in a contract",
        "key 'recover' is missing",
        "unknown value 'nothing'",
    ):
        assert any(expected in one for one in found), (expected, found)


@pytest.mark.parametrize("key", ["script", "restore", "prune", "migrate"])
def test_the_short_form_of_a_command_is_looked_at_too(key: str) -> None:
    full = "" if key == "script" else "script: s.sh, "
    text = f"backups:\n  one: {{engine: script, {full}store: x, {key}: 'a.sh {{bogus}}'}}\n"
    (unfilled,) = problems(text)
    assert "nothing fills '{bogus}'" in unfilled
    (empty,) = problems(text.replace("a.sh {bogus}", ""))
    assert "expected a program to run" in empty


def test_an_engine_that_is_no_text() -> None:
    (told,) = problems("backups:\n  one: {engine: [postgresql]}\n")
    assert "got a list" in told


def test_a_schedule_is_one_that_cron_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "backups:\n  one: {engine: redis, schedule: '61 2 * * *', timezone: Europe/Berln}\n"
    found = problems(text)
    assert any(
        one.startswith("4:34: cron cannot read '61 2 * * *': Bad minute: expected such as") for one in found
    ), found
    assert any("unknown time zone" in one for one in found)
    monkeypatch.setitem(sys.modules, "cronsim", None)
    assert not any("cron" in one for one in problems(text))


def test_a_command_needs_a_program() -> None:
    text = "drills:\n  away: {after: all-lost, recover: {run: ''}}\n"
    assert any("expected a program to run" in one for one in problems(text))
    text = "drills:\n  away: {after: all-lost, recover: {run: {a: b}}}\n"
    assert any("expected a program and its arguments" in one for one in problems(text))
