"""What answers: endpoints, and the accounts that ask them."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from verify.contract.part import AccountName, Part
from verify.contract.values import (
    Duration,
    HeaderName,
    Method,
    OriginUrl,
    SecretName,
    Statuses,
    Text,
    UrlPath,
)


class Endpoint(Part):
    """One path of the system and what it answers.

    Example::

        endpoints:
          health: {path: /health/, json: {status: ok, version: string, checks: {database: ok}}}
          orders: {path: /api/orders/, expect: [200, 204], within: 500ms, account: alice}
        accounts: {alice: {bearer: $ALICE_TOKEN}}
    """

    path: UrlPath
    """The path that is asked, with a query where it needs one."""
    host: OriginUrl | None = None
    """The address it lies at, one of the environment's `hosts`; by default the environment's own."""
    expect: Statuses = (200,)
    """The status of a good answer, or several."""
    within: Duration | None = None
    """How long an answer may take."""
    json_: Mapping[str, Any] | None = Field(default=None, alias="json")
    """Members of a good answer: [values and kinds](#members-and-kinds)."""
    account: AccountName | None = None
    """Who asks; by default nobody."""
    role: Literal["liveness", "readiness"] | None = None
    """What a platform uses it for; for readers."""
    methods: tuple[Method, ...] = Field(default=("GET",), min_length=1)
    """The methods it takes; for readers."""

    @property
    def expected(self) -> str:
        """Return the statuses that are stated, as findings show them: ``200 or 204``."""
        return " or ".join(map(str, self.expect))


class Basic(Part):
    """User and password, as HTTP Basic shows them."""

    user: Text
    """The name."""
    password: SecretName
    """The variable that holds the password."""


class SecretHeader(Part):
    """A header that carries a secret."""

    name: HeaderName
    """The name of the header."""
    value: SecretName
    """The variable that holds its value."""


class Account(Part):
    """An identity of the system: exactly one way to show it. Secrets are named, never written.

    Example::

        accounts:
          alice: {bearer: $ALICE_TOKEN}
          robot: {basic: {user: robot, password: $ROBOT_PASSWORD}}
          partner: {header: {name: X-Api-Key, value: $PARTNER_KEY}}
    """

    one_of: ClassVar[tuple[str, ...]] = ("bearer", "basic", "header")

    bearer: SecretName | None = None
    """The variable that holds a token, sent as `Authorization: Bearer …`."""
    basic: Basic | None = None
    """User and password."""
    header: SecretHeader | None = None
    """A header with a secret."""

    @property
    def secret(self) -> str:
        """Return the ``$NAME`` of the account's one secret."""
        if self.basic is not None:
            return self.basic.password
        if self.header is not None:
            return self.header.value
        return self.bearer or ""
