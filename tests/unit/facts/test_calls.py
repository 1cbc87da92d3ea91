"""What a restore's calls did, by their arguments; and facts of restores keep their shape as evidence."""

import pytest

from verify.facts.backup import Step
from verify.facts.calls import program, sent_to, value_of, writes
from verify.judge.proof import answers
from verify.judge.registry import Registry
from verify.run import codec
from verify.run.evidence import key_of


def step(*argv: str) -> Step:
    return Step(stage="restore", argv=argv)


@pytest.mark.parametrize(
    ("argv", "changes"),
    [
        (("pg_restore", "--dbname=app", "x"), True),
        (("pg_restore", "-d", "app", "x"), True),
        (("pg_restore", "-dapp", "x"), True),
        (("/usr/bin/pg_restore", "--dbname", "app"), True),
        (("pg_restore", "--list", "x"), False),
        (("pg_restore", "--file=/dev/null", "x"), False),
        (("psql",), True),
        (("psql", "--file=x.sql"), True),
        (("psql", "--list"), False),
        (("psql", "-c", "SELECT count(*) FROM t;"), False),
        (("psql", "-cshow server_version"), False),
        (("psql", "--command=select 1; drop table t"), True),
        (("psql", "-c", "select 1", "-f", "x.sql"), True),
        (("psql", "--command=DROP SCHEMA public CASCADE"), True),
        (("pg_dump", "--dbname=app"), False),
        ((), False),
    ],
)
def test_what_changes_a_database(argv: tuple[str, ...], *, changes: bool) -> None:
    assert writes(step(*argv)) is changes


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("aws s3 cp a s3://b/safety/a", "s3://b/safety/a"),
        ("aws s3 cp s3://b/safety/a a", ""),
        ("aws s3 cp --region eu-west-1 s3://b/safety/a a", ""),
        ("aws --profile x s3 cp --sse aws:kms --only-show-errors a s3://b/safety/", "s3://b/safety/"),
        ("aws s3 mv s3://b/daily/a s3://b/safety/a", "s3://b/safety/a"),
        ("aws s3 sync ./x s3://b/safety --delete", "s3://b/safety"),
        ("aws s3 ls s3://b/safety/", ""),
        ("aws s3api put-object --bucket b", ""),
        ("cp a s3://b/safety/a", ""),
    ],
)
def test_where_a_file_is_sent(words: str, address: str) -> None:
    assert sent_to(step(*words.split())) == address


def test_small_things() -> None:
    assert program(step()) == ""
    assert value_of(("x", "-f"), "-f") == ""
    assert value_of(("x", "--file"), "-f") is None


@pytest.mark.parametrize(
    "rule_id", ["backup/safety-copy", "backup/refuses-damaged", "backup/drilled", "recovery/reversible"]
)
def test_needs_and_facts_are_read_again_as_they_were(rule_id: str) -> None:
    rule = Registry(("verify.rules",)).get(rule_id)
    for proof in (*rule.holds, *rule.fails):
        for need, fact in answers(rule, proof).items():
            assert codec.decode(need.answer, codec.encode(fact)) == fact
            assert codec.decode(type(need), codec.encode(need)) == need
            assert key_of(need) == key_of(codec.decode(type(need), codec.encode(need)))
