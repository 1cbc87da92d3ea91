"""Where the system runs, and what may be done to it there."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from verify.contract.backup import BackupAt
from verify.contract.monitoring import Source, misplaced
from verify.contract.origins import plain_of
from verify.contract.part import AccountName, EndpointName, Misfit, Part
from verify.contract.reference import ReferenceSpec
from verify.contract.values import (
    Count,
    Duration,
    Flag,
    Glob,
    HeaderName,
    Name,
    OriginUrl,
    Rate,
    Ratio,
    RelativePath,
    Suite,
    Text,
)
from verify.model import units

Protection = Literal["production", "disposable"]

#: requests a run may send to a production environment that states no budget
BUDGET = 200
#: and how many of them a second
RATE = "5/s"


class Readiness(Part):
    """When the system counts as ready: ``consecutive`` good answers in a row ``within`` the time.

    ``endpoint`` is by default the first declared of ready, health, healthcheck;
    ``deadline`` bounds each request.
    """

    endpoint: EndpointName | None = None
    within: Duration = units.seconds(180)
    consecutive: Count = 3
    interval: Duration = units.seconds(1)
    deadline: Duration = units.seconds(5)


class VersionFrom(Part):
    """Where the running version is read: a header, or a member of a JSON answer.

    ``endpoint`` is by default the one that readiness asks.
    """

    one_of: ClassVar[tuple[str, ...]] = ("header", "json")

    header: HeaderName | None = None
    json_: Text | None = Field(default=None, alias="json")
    endpoint: EndpointName | None = None


class Logs(Part):
    """Where the log is: a file that grows, or a platform that we cannot read."""

    one_of: ClassVar[tuple[str, ...]] = ("file", "platform")

    file: RelativePath | None = None
    platform: Text | None = None


class Watch(Part):
    """How the environment is watched under ``--watch``: how often, and what share of checks may fail."""

    budget: Ratio = units.Ratio.parse("1%")
    interval: Duration = units.seconds(15)


class Environment(Part):
    """One place where the system runs.

    Unless it says otherwise it is ``production``: read-only, with a budget. ``hosts``
    are further origins that belong to it; ``files`` replaces the contract's; ``trust``
    names a file of certificate authorities; ``private`` says that its names lie at private
    addresses, as in a company's network; ``account`` is who asks by default; ``backups`` are
    where the backups of this name are taken from and kept here; ``monitoring`` is where it is
    watched.
    """

    one_of: ClassVar[tuple[str, ...]] = ("url", "reference")

    url: OriginUrl | None = None
    reference: ReferenceSpec | None = None
    plain_url: OriginUrl | None = None
    hosts: tuple[OriginUrl, ...] = ()
    protection: Protection = "production"
    private: Flag = False
    gate: tuple[Suite, ...] = ("smoke", "hardening", "alerts")
    files: tuple[Glob, ...] | None = None
    trust: RelativePath | None = None
    budget: Count | None = None
    rate: Rate | None = None
    readiness: Readiness = Field(default_factory=Readiness)
    account: AccountName | None = None
    version: VersionFrom | None = None
    logs: Logs | None = None
    watch: Watch = Field(default_factory=Watch)
    backups: Mapping[Name, BackupAt] = Field(default_factory=dict)
    monitoring: Mapping[Name, Source] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, data: Any) -> Any:
        """Fill what follows from other keys."""
        if not isinstance(data, Mapping):
            return data
        filled = dict(data)
        if filled.get("reference") is not None:
            filled.setdefault("protection", "disposable")
        elif filled.get("protection", "production") == "production":
            filled["budget"] = BUDGET if filled.get("budget") is None else filled["budget"]
            filled["rate"] = RATE if filled.get("rate") is None else filled["rate"]
        if filled.get("plain_url") is None and isinstance(filled.get("url"), str):
            filled["plain_url"] = plain_of(filled["url"])
        return filled

    @classmethod
    def misfits(cls, raw: Mapping[str, Any]) -> Iterator[Misfit]:
        """Refuse a reference that would be production, and sources that nobody can ask."""
        yield from super().misfits(raw)
        yield from misplaced(raw.get("monitoring"), raw.get("reference"))
        if raw.get("reference") is not None and raw.get("protection") == "production":
            yield Misfit("the reference is always disposable", "remove this line", ("protection",))
