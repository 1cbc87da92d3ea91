"""Every secret that a contract names: a team's own tests may show one that no claim of this run needs."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from verify.contract.endpoint import Account
from verify.contract.spec import Contract
from verify.contract.values import variable_of
from verify.effects.redact import Redactor
from verify.run import addresses
from verify.run.secrets import headers_of


def learn(redactor: Redactor, contract: Contract, variables: Mapping[str, str]) -> None:
    """Let ``redactor`` know each secret of ``contract``, in all of its environments, that ``variables`` hold.

    One that cannot be told from ordinary text is left to the run, which refuses it where it is needed.
    """
    for secret, hide in _hidden(contract, redactor):
        variable = variable_of(secret)
        if value := variables.get(variable):
            with contextlib.suppress(ValueError):
                hide(variable, value)


def _hidden(contract: Contract, redactor: Redactor) -> Iterator[tuple[str, Callable[[str, str], object]]]:
    """Yield each secret, and what hides a variable's value: some are only a part of what is shown."""
    yield from ((secret, redactor.add) for secret in _plain(contract))
    yield from ((secret, partial(addresses.learn, redactor)) for secret in _addresses(contract))
    for account in contract.accounts.values():
        yield account.secret, partial(_in_headers, account, redactor)


def _in_headers(account: Account, redactor: Redactor, _variable: str, value: str) -> None:
    headers_of(account, value, redactor)


def _plain(contract: Contract) -> Iterator[str]:
    yield from (account.secret for account in contract.accounts.values())
    yield from (webhook.secret for webhook in contract.webhooks.values())
    yield from (backup.key for backup in contract.backups.values() if backup.key)
    if contract.pipeline is not None and contract.pipeline.token:
        yield contract.pipeline.token
    for environment in contract.environments.values():
        shown = [(at.access, at.secret) for at in environment.backups.values()]
        shown += [(source.access, source.secret) for source in environment.monitoring.values()]
        yield from (secret for pair in shown for secret in pair if secret)


def _addresses(contract: Contract) -> Iterator[str]:
    for environment in contract.environments.values():
        for place in environment.backups.values():
            yield from (secret for secret in (place.source, place.scratch) if secret)
