"""The contract as a whole."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, TypeAdapter
from pydantic import WithJsonSchema as Described

from verify.contract.backup import Backup, Drill
from verify.contract.claim import CheckSpec, ClaimSpec, Waiver
from verify.contract.endpoint import Account, Endpoint
from verify.contract.environment import Environment
from verify.contract.flow import Flow
from verify.contract.monitoring import shared
from verify.contract.part import Misfit, Part
from verify.contract.pipeline import Pipeline
from verify.contract.values import ClaimId, Glob, Name, RelativePath, RuleId, Text
from verify.contract.webhook import Webhook
from verify.contract.words import kind_of, offer, shown

__all__ = [
    "Account",
    "Backup",
    "CheckSpec",
    "ClaimSpec",
    "Contract",
    "Drill",
    "Endpoint",
    "Environment",
    "Flow",
    "Waiver",
]

FORMAT = 1
_READY = ("ready", "health", "healthcheck")


def _read_format(value: object) -> object:
    # True and 1.0 equal 1 too
    if type(value) is not int or value != FORMAT:
        got = str(value) if type(value) in {int, float} else kind_of(value)
        message = f"expected `verify: 1`, the format that this version reads, got {got}"
        raise ValueError(message)
    return value


_RULES = TypeAdapter(tuple[RuleId, ...])


def _read_baseline(value: object) -> object:
    if isinstance(value, list | tuple):
        return _RULES.validate_python(value)
    if not isinstance(value, str) or value not in {"default", "none"}:
        got = shown(value) if isinstance(value, str) else kind_of(value)
        message = f"expected default, none or a list of rules, got {got}"
        raise ValueError(message)
    return value


Baseline = Annotated[
    Literal["default", "none"] | tuple[RuleId, ...],
    PlainValidator(_read_baseline),
    Described(
        {"anyOf": [{"enum": ["default", "none"]}, {"type": "array", "items": {"type": "string"}}]},
    ),
]


class Contract(Part):
    """What one system promises, and where it can be looked at.

    Example::

        verify: 1
        system: shop
        files: [docker-compose.yml, scripts/*.sh]
        endpoints: {health: {path: /health/}}
        environments: {staging: {url: https://staging.example.com}}
        claims:
          SHOP-1: {says: services restart by themselves, at: "B 41", rule: compose/restart-policy}
    """

    verify: Annotated[Literal[1], BeforeValidator(_read_format)]
    """The format of this file: always `1`."""
    system: Text
    """The name of the system, as reports show it."""
    document: Text | None = None
    """The document that the claims are from; for readers."""
    files: tuple[Glob, ...] = ()
    """The team's own files that rules such as `compose/…` and `script/…` judge: paths and patterns (`*`,
    `**`) below the folder of this file. Which of them a rule takes, its page says. Without `files:` such
    rules find nothing and are inconclusive.
    """
    environments: Mapping[Name, Environment] = Field(default_factory=dict)
    """Where the system runs, by a name that `--env` gives."""
    endpoints: Mapping[Name, Endpoint] = Field(default_factory=dict)
    """What answers, by names that claims, readiness and flows use."""
    accounts: Mapping[Name, Account] = Field(default_factory=dict)
    """Who asks, by names that endpoints, flows and claims use."""
    flows: Mapping[Name, Flow] = Field(default_factory=dict)
    """Requests in order, by names that claims use."""
    webhooks: Mapping[Name, Webhook] = Field(default_factory=dict)
    """Where others call the system, by names that flows and claims use."""
    backups: Mapping[Name, Backup] = Field(default_factory=dict)
    """What is backed up and how, by names that claims and environments use."""
    drills: Mapping[Name, Drill] = Field(default_factory=dict)
    """Disasters and the ways out of them, by names that claims use."""
    pipeline: Pipeline | None = None
    """What builds and deploys the system, where claims are about it."""
    claims: Mapping[ClaimId, ClaimSpec] = Field(default_factory=dict)
    """What is promised, by its id."""
    tests: tuple[RelativePath, ...] = ()
    """Folders or files of the team's own pytest tests, which judge claims by their mark `claim`."""
    baseline: Baseline = "default"
    """Rules that are judged although no claim names them: `default` for all that their pages call
    *always*, `none`, or a list of rules such as `[tls/chain, readiness/within]`.
    """
    waivers: tuple[Waiver, ...] = ()
    """Violations that are accepted until a day."""

    def files_of(self, environment: str | None) -> tuple[str, ...]:
        """Return the patterns of the files that describe ``environment``; None is the contract's."""
        own = self.environments[environment].files if environment is not None else None
        return self.files if own is None else own

    def readiness_endpoint(self, environment: str) -> str | None:
        """Return the name of the endpoint that readiness asks, None where none is declared."""
        stated = self.environments[environment].readiness.endpoint
        return stated or next((name for name in _READY if name in self.endpoints), None)

    @classmethod
    def misfits(cls, raw: Mapping[str, Any]) -> Iterator[Misfit]:
        """Refuse claims that differ only in case, waivers written twice, names that nothing declares.

        And accounts of the system that others would be shown.
        """
        yield from super().misfits(raw)
        claims = raw.get("claims")
        seen: dict[str, str] = {}
        for claim in claims if isinstance(claims, Mapping) else ():
            first = seen.setdefault(str(claim).lower(), claim)
            if first != claim:
                message = f"claim {shown(claim)} differs from {shown(first)} only in upper and lower case"
                yield Misfit(message, "rename one of them", ("claims", claim), ("claims", first))
        yield from _repeated(raw.get("waivers"))
        yield from _undeclared(raw.get("environments"), raw.get("backups"))
        yield from shared(raw)


def _undeclared(environments: object, backups: object) -> Iterator[Misfit]:
    """Yield the backups that an environment places and nothing declares."""
    known = backups if isinstance(backups, Mapping) else {}
    for name, environment in environments.items() if isinstance(environments, Mapping) else ():
        placed = environment.get("backups") if isinstance(environment, Mapping) else None
        for backup in placed if isinstance(placed, Mapping) else ():
            if backup not in known:
                path = ("environments", name, "backups", backup)
                hint = offer(str(backup), known) or "declare it under `backups:`"
                yield Misfit(f"unknown backup {shown(str(backup))}", hint, path)


def _repeated(waivers: object) -> Iterator[Misfit]:
    seen: dict[tuple[str, str | None], int] = {}
    for index, waiver in enumerate(waivers if isinstance(waivers, list | tuple) else ()):
        claim, environment = (
            (waiver.get("claim"), waiver.get("environment")) if isinstance(waiver, Mapping) else (None, None)
        )
        if not isinstance(claim, str) or not isinstance(environment, str | None):
            continue
        first = seen.setdefault((claim, environment), index)
        if first != index:
            where = f" in {shown(environment)}" if environment else ""
            message = f"claim {shown(claim)} is waived twice{where}"
            yield Misfit(message, "keep one of them", ("waivers", index), ("waivers", first))
