"""The secrets of backups that a run needs: addresses of databases, credentials, keys."""

import functools
import secrets
from collections.abc import Iterable, Iterator, Mapping

from verify.contract.environment import Environment
from verify.contract.spec import Contract
from verify.contract.values import variable_of
from verify.effects.redact import Redactor
from verify.model.need import Need
from verify.run.addresses import learn
from verify.run.misstated import MisstatedError
from verify.run.secrets import secret_of


def backups_of(needs: Iterable[Need], contract: Contract) -> frozenset[str]:
    """Return the names of the backups that ``needs`` look at, and of those that their drills begin with."""
    asked = tuple(needs)
    drills = {name for need in asked if (name := getattr(need, "drill", None))}
    named = {getattr(need, "backup", None) for need in asked}
    return frozenset(name for name in named | {contract.drills[drill].backup for drill in drills} if name)


def variables_of(
    names: Iterable[str], contract: Contract, environment: Environment
) -> Iterator[tuple[str, str]]:
    """Yield each backup's name with a variable that it needs in ``environment``."""
    for name in sorted(names):
        at = environment.backups.get(name)
        placed = (at.source, at.scratch, at.access, at.secret) if at is not None else ()
        for secret in (*placed, contract.backups[name].key):
            if secret is not None:
                yield name, variable_of(secret)


def secrets_of(
    names: Iterable[str],
    contract: Contract,
    environment: Environment,
    variables: Mapping[str, str],
    redactor: Redactor,
) -> dict[str, str]:
    """Return the value of each variable; raise ``UsageError`` naming every one that is missing."""
    found: dict[str, str] = {}
    problems: list[tuple[str, str]] = []
    for name, variable in variables_of(names, contract, environment):
        hide = functools.partial(learn, redactor)
        found[variable] = secret_of(f"backup {name}", variable, variables, hide, problems)
    if problems:
        raise MisstatedError(problems)
    return found


def reference_secrets(names: Iterable[str], contract: Contract) -> Iterator[tuple[str, str]]:
    """Yield a key of its own for each encrypted backup of the reference, which nobody else's opens."""
    for name in names:
        key = contract.backups[name].key
        if key is not None:
            yield (
                variable_of(key),
                _identity() if contract.backups[name].recipient else secrets.token_urlsafe(24),
            )


def _identity() -> str:
    from pyrage import x25519

    return str(x25519.Identity.generate())
