"""Which variables a run needs for the backups that it looks at."""

import pytest

from verify.contract.load import load
from verify.contract.spec import Contract
from verify.effects.redact import Redactor
from verify.facts.backup import Restore
from verify.facts.recovery_drill import Recover
from verify.model.units import seconds
from verify.run.backups import backups_of, secrets_of
from verify.run.options import UsageError

CONTRACT = """verify: 1
system: shop
environments:
  staging:
    url: https://shop.example
    protection: disposable
    backups: {database: {source: $SHOP_SOURCE}}
backups:
  database: {engine: postgresql, store: kept}
drills:
  lost: {after: database-lost, backup: database, cause: ./lose, recover: ./recover}
  release: {after: bad-release, cause: ./break, recover: ./back}
claims:
  X-1: {says: nothing, at: here, unverifiable: people}
"""
LOST, RELEASE = (Recover(drill=name, within=seconds(60)) for name in ("lost", "release"))


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load(CONTRACT.encode(), "verify.yaml").contract


def test_a_drill_needs_the_backup_that_it_begins_with(contract: Contract) -> None:
    assert backups_of([LOST], contract) == {"database"}
    assert backups_of([RELEASE], contract) == set()
    assert backups_of([RELEASE, Restore(backup="database")], contract) == {"database"}
    assert backups_of([], contract) == set()


def test_its_variables_are_asked_for_and_hidden(contract: Contract) -> None:
    names, redactor = backups_of([LOST], contract), Redactor()
    staging = contract.environments["staging"]
    with pytest.raises(UsageError, match="backup database needs the environment variable SHOP_SOURCE"):
        secrets_of(names, contract, staging, {}, redactor)
    address = "postgresql://shop:correct-horse@db.example/shop"
    assert secrets_of(names, contract, staging, {"SHOP_SOURCE": address}, redactor) == {
        "SHOP_SOURCE": address
    }
    assert "correct-horse" not in redactor.text(f"could not reach {address}")
