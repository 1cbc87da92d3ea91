"""What watches an environment: which of it is asked, with whose secrets, and how it is reached."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from verify.collectors.world import Watcher
from verify.contract.environment import Environment
from verify.contract.monitoring import Source
from verify.contract.spec import Contract
from verify.contract.values import variable_of
from verify.effects.redact import Redactor
from verify.facts.http import Headers
from verify.facts.monitoring import Ask, Look, Ship
from verify.model.need import Need
from verify.run.misstated import MisstatedError
from verify.run.options import UsageError
from verify.run.secrets import secret_of
from verify.run.ways import Way, reading


def sources_of(
    needs: Iterable[Need], environment: Environment, contract: Contract, system: Iterable[str]
) -> dict[str, Source]:
    """Return what watches ``environment`` and is asked by ``needs``, by name.

    Raise ``UsageError`` where one would be shown a secret of the accounts ``system``.
    """
    asked = {need.source for need in needs if isinstance(need, Ask | Look | Ship)}
    found = {name: environment.monitoring[name] for name in sorted(asked & environment.monitoring.keys())}
    own = {contract.accounts[name].secret for name in system}
    problems = [
        f"source {name} would be shown {variable_of(secret)}, which is the system's: "
        "declare an account of the source's own"
        for name, source in found.items()
        for secret in _shown(source, contract)
        if secret in own
    ]
    if problems:
        raise UsageError("\n".join(problems))
    return found


def _shown(source: Source, contract: Contract) -> Iterator[str]:
    """Yield each secret that a source is shown."""
    account = contract.accounts[source.account].secret if source.account else None
    yield from (secret for secret in (account, source.access, source.secret) if secret)


def watchers_of(  # noqa: PLR0913 - what is asked, where it lies, and who asks
    sources: Mapping[str, Source],
    environment: Environment,
    reference: str,
    *,
    headers: Mapping[str, Headers],
    variables: Mapping[str, str],
    redactor: Redactor,
    way: Way,
    root: Path,
) -> dict[str, Watcher]:
    """Return how each source is reached; ``reference`` is where what watches the reference answers.

    Raise ``UsageError`` naming every variable that is missing.
    """
    found = {}
    secrets = _secrets(sources, variables, redactor)
    for name, source in sources.items():
        # CloudWatch at Amazon's own address is asked by connections of its own
        url = source.url or reference or f"https://monitoring.{source.region}.amazonaws.com"
        trust = root / source.trust if source.trust else None
        private = source.private or environment.private
        found[name] = Watcher(
            source=source,
            url=url,
            transport=way(reading(url, ours=bool(reference), private=private), trust),
            headers=headers[source.account] if source.account else (),
            secrets=secrets[name],
            trust=trust,
            private=private,
        )
    return found


def _secrets(
    sources: Mapping[str, Source], variables: Mapping[str, str], redactor: Redactor
) -> dict[str, dict[str, str]]:
    """Return the variables that CloudWatch is asked with, by source."""
    found: dict[str, dict[str, str]] = {}
    problems: list[tuple[str, str]] = []
    for name, source in sources.items():
        names = [variable_of(secret) for secret in (source.access, source.secret) if secret]
        found[name] = {
            variable: secret_of(f"source {name}", variable, variables, redactor.add, problems)
            for variable in names
        }
    if problems:
        raise MisstatedError(problems)
    return found
