"""Fixtures for a team's own tests: ``environment``, ``http``, ``claims``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from verify import __version__
from verify.effects.transport import Request, Transport
from verify.facts.http import Exchange, Headers
from verify.judge.binding import Claim
from verify.plugin.share import Shared
from verify.run.environment import policy_of

if TYPE_CHECKING:
    from verify.plugin.gate import Gate

Given = Headers | Mapping[str, str]
GATE: "pytest.StashKey[Gate]" = pytest.StashKey()


@dataclass(frozen=True, kw_only=True)
class LiveEnvironment:
    """The environment that is judged: its addresses without a slash at the end."""

    name: str
    url: str
    plain_url: str
    trust: Path | None
    protection: str
    run_id: str


class Http:
    """Sends requests to the environment, under its protection and budget."""

    def __init__(self, transport: Transport, environment: LiveEnvironment, shared: Shared) -> None:
        """Send through ``transport``."""
        self._transport = transport
        self._environment = environment
        self._shared = shared

    def get(self, path: str, *, account: str | None = None, headers: Given = ()) -> Exchange:
        """Return the answer to GET ``path``; redirects are not followed."""
        return self.request("GET", path, account=account, headers=headers)

    def request(
        self,
        method: str,
        path: str,
        *,
        account: str | None = None,
        headers: Given = (),
        body: bytes | str | None = None,
    ) -> Exchange:
        """Return the answer to one request; raise ``Refused`` where protection says no.

        ``headers`` are pairs, or a mapping of names to values; a ``body`` of text is sent as UTF-8.
        """
        own = self._shared.credentials[account] if account else ()
        more = headers.items() if isinstance(headers, Mapping) else headers
        sent = body.encode() if isinstance(body, str) else body
        return self._transport.send(
            Request(method=method, url=self._environment.url + path, headers=(*own, *more), body=sent)
        )


def _gate(config: pytest.Config) -> "Gate":
    return config.stash[GATE]


@pytest.fixture(scope="session")
def environment(pytestconfig: pytest.Config) -> LiveEnvironment:
    """Return the environment that is judged; skip where only files are."""
    shared = _gate(pytestconfig).shared
    if not shared.url:
        pytest.skip("no environment is judged: give --env")
    return LiveEnvironment(
        name=shared.name,
        url=shared.url,
        plain_url=shared.plain_url,
        trust=Path(shared.trust) if shared.trust else None,
        protection=shared.protection,
        run_id=shared.run_id,
    )


@pytest.fixture(scope="session")
def http(pytestconfig: pytest.Config, environment: LiveEnvironment) -> Iterator[Http]:
    """Return a client that asks the environment; its budget is what the gate has left over."""
    gate = _gate(pytestconfig)
    contract = gate.chosen.prepared.loaded.contract
    declared = contract.environments[environment.name]
    shared = gate.shared
    policy = policy_of(
        declared,
        environment.url,
        environment.plain_url,
        allowed=gate.chosen.prepared.options.allow_destructive == environment.name,
        spent=shared.spent,
        share=shared.share,
    )
    transport = Transport(
        policy,
        redactor=gate.redactor,
        user_agent=f"deploy-verify/{__version__} run/{environment.run_id}",
        trust=environment.trust,
    )
    with transport:
        yield Http(transport, environment, shared)


@pytest.fixture(scope="session")
def claims(pytestconfig: pytest.Config) -> Mapping[str, Claim]:
    """Return every claim of the contract by id."""
    entries = _gate(pytestconfig).chosen.prepared.plan.entries
    return {entry.claim.id: entry.claim for entry in entries}
