"""Turns the accounts a run needs into request headers; values come from the environment only."""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping

from verify.contract.endpoint import Account
from verify.contract.environment import Environment
from verify.contract.spec import Contract
from verify.contract.values import variable_of
from verify.effects.redact import Redactor
from verify.facts.flow import WalkThrough
from verify.facts.http import Headers
from verify.facts.logs import Record
from verify.model.need import Need
from verify.run.misstated import MisstatedError


def accounts_of(needs: Iterable[Need], contract: Contract, environment: Environment) -> frozenset[str]:
    """Return the names of the accounts that ``needs`` ask with."""
    return frozenset(name for name in _accounts(needs, contract, environment) if name)


def _accounts(needs: Iterable[Need], contract: Contract, environment: Environment) -> Iterator[str | None]:
    yield environment.account
    yield from (endpoint.account for endpoint in contract.endpoints.values())
    for need in needs:
        yield getattr(need, "account", None)
        if isinstance(need, WalkThrough | Record):
            yield from (step.account for step in contract.flows[need.flow].steps)


def credentials(
    names: Iterable[str], contract: Contract, variables: Mapping[str, str], redactor: Redactor
) -> dict[str, Headers]:
    """Return headers by account; raise ``UsageError`` naming every variable that is missing."""
    found: dict[str, Headers] = {}
    problems: list[tuple[str, str]] = []
    for name in sorted(names):
        account = contract.accounts[name]
        value = secret_of(f"account {name}", variable_of(account.secret), variables, redactor.add, problems)
        if value:
            found[name] = headers_of(account, value, redactor)
    if problems:
        raise MisstatedError(problems)
    return found


def webhooks_of(needs: Iterable[Need], contract: Contract) -> frozenset[str]:
    """Return the names of the webhooks that ``needs`` sign for."""
    asked = tuple(needs)
    own = {name for need in asked if (name := getattr(need, "webhook", None))}
    flows = {name for need in asked if (name := getattr(need, "flow", None))}
    steps = (step for name in flows for step in contract.flows[name].steps)
    return frozenset(own | {step.webhook for step in steps if step.webhook})


def keys(
    names: Iterable[str], contract: Contract, variables: Mapping[str, str], redactor: Redactor
) -> dict[str, str]:
    """Return the signing key of each webhook; raise ``UsageError`` naming what is missing."""
    found: dict[str, str] = {}
    problems: list[tuple[str, str]] = []
    for name in sorted(names):
        variable = variable_of(contract.webhooks[name].secret)
        found[name] = secret_of(f"webhook {name}", variable, variables, redactor.add, problems)
    if problems:
        raise MisstatedError(problems)
    return found


def secret_of(
    who: str,
    variable: str,
    variables: Mapping[str, str],
    learn: Callable[[str, str], object],
    problems: list[tuple[str, str]],
) -> str:
    """Return the value of ``variable``, which ``learn`` hides from now on.

    Where it is missing, or cannot be hidden, that joins ``problems`` and the value is empty.
    """
    value = variables.get(variable, "")
    if not value:
        message = f"{who} needs the environment variable {variable}, which is not set"
        problems.append((f"${variable}", message))
        return ""
    try:
        learn(variable, value)
    except ValueError as error:
        problems.append((f"${variable}", f"{who}: {error}"))
        return ""
    return value


def headers_of(account: Account, value: str, redactor: Redactor) -> Headers:
    """Return the request headers that show ``account`` with its secret ``value``."""
    if account.basic is not None:
        pair = base64.b64encode(f"{account.basic.user}:{value}".encode()).decode("ascii")
        redactor.add(variable_of(account.secret), pair)
        return (("Authorization", f"Basic {pair}"),)
    if account.header is not None:
        return ((account.header.name, value),)
    return (("Authorization", f"Bearer {value}"),)
