"""Opens the environment of a run: the embedded reference, or a declared address, protected."""

import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from verify import __version__
from verify.collectors.world import Forge, World
from verify.contract.environment import Environment
from verify.contract.origins import plain_of
from verify.contract.reference import ReferenceSpec
from verify.contract.spec import Contract
from verify.contract.values import variable_of
from verify.effects.errors import EffectError, FileError
from verify.effects.journal import Journal
from verify.effects.origin import Origin
from verify.effects.protection import Policy
from verify.effects.redact import Redactor
from verify.effects.transport import Transport
from verify.facts.environments import Compare
from verify.facts.pipeline import Durations
from verify.model.need import Need
from verify.model.units import Rate
from verify.run.backups import backups_of, reference_secrets, secrets_of
from verify.run.misstated import MisstatedError
from verify.run.monitoring import sources_of, watchers_of
from verify.run.options import Options, UsageError
from verify.run.pipeline import forge_of, played_by
from verify.run.secrets import accounts_of, credentials, keys, webhooks_of

if TYPE_CHECKING:
    from verify.reference.system import Reference


def policy_of(
    environment: Environment, *addresses: str, allowed: bool = False, spent: int = 0, share: int = 1
) -> Policy:
    """Return what may be sent to ``environment``: only what it declares, and read-only.

    Writing needs ``protection: disposable``, and that it was ``allowed`` for this run too; the
    reference is the run's own.
    ``spent`` requests are taken from the budget; ``share`` processes divide what is left.
    """
    declared = (*addresses, *environment.hosts)
    budget, rate = environment.budget, environment.rate
    return Policy(
        origins=frozenset(Origin.of(address) for address in declared if address),
        destructive=environment.protection == "disposable" and (allowed or environment.reference is not None),
        private=environment.private,
        budget=None if budget is None else max(0, budget - spent) // share,
        rate=rate if rate is None or share == 1 else Rate(rate / share),
    )


def open_world(  # noqa: PLR0913 - what is chosen, where it lies, and who keeps account of it
    contract: Contract,
    options: Options,
    needs: Iterable[Need],
    *,
    root: Path,
    journal: Journal,
    redactor: Redactor,
    closing: ExitStack,
    running: "Reference | None" = None,
) -> World:
    """Return the world of a run; what it opens is closed with ``closing``.

    A reference that is ``running`` is used instead of a new one, and left running.

    Raise ``UsageError`` for whatever is missing, before anything is sent.
    """
    if options.environment is None:
        return World(
            contract=contract,
            root=root,
            run_id=journal.run_id,
            patterns=contract.files,
            journal=journal,
            credentials={},
        )
    environment = contract.environments[options.environment]
    asked = tuple(needs)
    names = accounts_of(asked, contract, environment) if any(need.live for need in asked) else frozenset()
    sources = sources_of(asked, environment, contract, names)
    variables: dict[str, str] = dict(os.environ)
    expected = options.expect_version
    trust: Path | None
    reference: Reference | None = None
    if environment.reference is not None:
        reference = running or _reference(environment.reference, options, journal, closing)
        url, plain_url, trust = reference.url, reference.plain_url, reference.ca_file
        variables.update(
            (variable_of(contract.accounts[name].secret), reference.accounts[user])
            for name in names
            if (user := _user(contract, name)) in reference.accounts
        )
        variables.update(
            (variable_of(webhook.secret), reference.webhook_secret) for webhook in contract.webhooks.values()
        )
        if environment.version is not None:
            expected = expected or environment.reference.release
    else:
        if options.faults:
            raise UsageError(f"environment {options.environment} is not the reference: only that has faults")
        url = environment.url or ""
        plain_url = environment.plain_url or plain_of(url) or ""
        trust = root / environment.trust if environment.trust else None
    mail, origin = (reference.mail, reference.origin) if reference is not None else ("", "")
    watching = {source.account for source in sources.values() if source.account}
    headers = credentials(names | watching, contract, variables, redactor)
    asked_backups = backups_of(asked, contract)
    if reference is not None:
        variables.update(reference_secrets(asked_backups, contract))
    secrets = secrets_of(asked_backups, contract, environment, variables, redactor)
    signing = keys(webhooks_of(asked, contract), contract, variables, redactor)
    hosts = [endpoint.host for endpoint in contract.endpoints.values() if endpoint.host]
    policy = policy_of(
        environment,
        url,
        plain_url,
        mail and f"http://{mail}",
        origin,
        *hosts,
        allowed=options.allow_destructive == options.environment,
    )

    def way(policy: Policy, trust: Path | None) -> Transport:
        agent = f"deploy-verify/{__version__} run/{journal.run_id}"
        try:
            transport = Transport(
                policy, redactor=redactor, user_agent=agent, trust=trust, default_deadline=options.deadline
            )
        except FileError as error:
            if trust is None or not trust.is_relative_to(root):
                raise
            written = trust.relative_to(root).as_posix()
            raise MisstatedError([(written, f"`trust` names {written}: {error}")]) from error
        return closing.enter_context(transport)

    # read-only, whatever this run may do to its own environment
    elsewhere = {
        name: way(policy_of(there, there.url), root / there.trust if there.trust else None)
        for name, there in compared(asked, contract).items()
        if there is not environment and there.url
    }
    forge: Forge | None = None
    if any(isinstance(need, Durations) for need in asked):
        forge = (
            played_by(reference, contract, environment.reference, redactor, way)
            if reference is not None and environment.reference is not None
            else forge_of(contract, variables, redactor, way, root=root)
        )
    return World(
        contract=contract,
        root=root,
        run_id=journal.run_id,
        patterns=contract.files_of(options.environment),
        environment=environment,
        url=url,
        plain_url=plain_url,
        mail=mail,
        origin=origin,
        trust=trust,
        transport=way(policy, trust),
        elsewhere=elsewhere,
        forge=forge,
        watchers=watchers_of(
            sources,
            environment,
            reference.monitoring if reference is not None else "",
            headers=headers,
            variables=variables,
            redactor=redactor,
            way=way,
            root=root,
        ),
        journal=journal,
        credentials={name: headers[name] for name in names},
        keys=signing,
        secrets=secrets,
        expected_version=expected,
        deadline=options.deadline,
        breakable=reference,
        redactor=redactor,
    )


def compared(needs: Iterable[Need], contract: Contract) -> dict[str, Environment]:
    """Return the environments that ``needs`` compare with one another, by name."""
    names = {name for need in needs if isinstance(need, Compare) for name in need.environments}
    return {name: contract.environments[name] for name in sorted(names)}


def _user(contract: Contract, account: str) -> str:
    """Return the user of the reference that an account stands for: its own name, or that of Basic."""
    basic = contract.accounts[account].basic
    return basic.user if basic is not None else account


def _reference(spec: ReferenceSpec, options: Options, journal: Journal, closing: ExitStack) -> "Reference":
    from verify.reference.errors import ReferenceSystemError, UnknownFaultError
    from verify.reference.system import Reference  # its parts are an extra: only who uses it imports it

    try:
        started = Reference.start(spec, journal=journal, faults=(*spec.faults, *options.faults))
    except UnknownFaultError as error:
        raise UsageError(str(error)) from error
    except ReferenceSystemError as error:
        raise EffectError(f"the reference did not start: {error}") from error
    return closing.enter_context(started)
