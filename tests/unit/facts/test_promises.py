"""What a contract promises of its backups, read from its text."""

import pytest

from verify.facts.files import ParseError
from verify.facts.promises import Promise, Promises

TEXT = """
backups: {db: {}, media: {}}
drills: {lost: {backup: db}, away: {}}
claims:
  A: {rule: backup/rto, with: {backup: db, within: 15m}}
  B: {checks: [{rule: recovery/within, with: {drill: lost}}, {rule: backup/fresh, with: {backup: media}}]}
  C: {kind: gap, rule: backup/rpo, with: {backup: db}}
  D: {rule: recovery/within, with: {drill: away}}
  E: {unverifiable: people}
"""


def test_each_check_of_a_backup_is_a_promise() -> None:
    found = Promises.parse("verify.yaml", TEXT)
    assert found.backups == ("db", "media")
    assert found.of("db") == (
        Promise(claim="A", rule="backup/rto", backup="db", states=frozenset({"backup", "within"})),
        Promise(claim="B", rule="recovery/within", backup="db", states=frozenset({"drill"})),
    )
    assert [promise.claim for promise in found.made] == ["A", "B", "B"]
    assert str(found.place("media")) == "verify.yaml:2:19"


@pytest.mark.parametrize(
    "text", ["1", "[]", "claims: [1]", "backups: no", "claims: {A: {checks: {}, with: 3}}"]
)
def test_what_is_no_contract_promises_nothing(text: str) -> None:
    assert Promises.parse("verify.yaml", text).made == ()


def test_what_is_no_yaml_is_told_with_its_place() -> None:
    with pytest.raises(ParseError, match=r"verify\.yaml:2"):
        Promises.parse("verify.yaml", "a: 1\na: 2\n")
