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

    ``json_`` (written ``json:``) holds expected members of the answer: a literal value,
    or the name of a type.
    """

    path: UrlPath
    host: OriginUrl | None = None
    expect: Statuses = (200,)
    within: Duration | None = None
    json_: Mapping[str, Any] | None = Field(default=None, alias="json")
    account: AccountName | None = None
    role: Literal["liveness", "readiness"] | None = None
    methods: tuple[Method, ...] = Field(default=("GET",), min_length=1)

    @property
    def expected(self) -> str:
        """Return the statuses that are stated, as findings show them: ``200 or 204``."""
        return " or ".join(map(str, self.expect))


class Basic(Part):
    """User and password; the password is named, not written."""

    user: Text
    password: SecretName


class SecretHeader(Part):
    """A header that carries a secret."""

    name: HeaderName
    value: SecretName


class Account(Part):
    """An identity of the system under test: exactly one way to show it."""

    one_of: ClassVar[tuple[str, ...]] = ("bearer", "basic", "header")

    bearer: SecretName | None = None
    basic: Basic | None = None
    header: SecretHeader | None = None

    @property
    def secret(self) -> str:
        """Return the ``$NAME`` of the account's one secret."""
        if self.basic is not None:
            return self.basic.password
        if self.header is not None:
            return self.header.value
        return self.bearer or ""
