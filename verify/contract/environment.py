"""Where the system runs, and what may be done to it there."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from verify.contract.backup import BackupAt
from verify.contract.bounds import Wait
from verify.contract.monitoring import Source, misplaced
from verify.contract.origins import plain_of
from verify.contract.part import AccountName, EndpointName, Misfit, Part
from verify.contract.reference import ReferenceSpec
from verify.contract.values import (
    Count,
    Flag,
    Glob,
    HeaderName,
    Name,
    OriginUrl,
    PlainUrl,
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
    """When the system counts as ready, which is waited for before anything else is judged.

    Example::

        environments:
          staging: {url: https://staging.example.com, readiness: {endpoint: health, within: 5m, interval: 2s}}
        endpoints: {health: {path: /health/}}
    """

    endpoint: EndpointName | None = None
    """What is asked; by default the first that is declared of `ready`, `health`, `healthcheck`."""
    within: Wait = units.seconds(180)
    """How long is waited at most."""
    consecutive: Count = 3
    """How many good answers in a row are enough."""
    interval: Wait = units.seconds(1)
    """The time between two questions."""
    deadline: Wait = units.seconds(5)
    """How long one answer may take."""


class VersionFrom(Part):
    """Where the running version is read. What is expected stands on the command line: `--expect-version`.

    Example::

        environments:
          staging: {url: https://staging.example.com, version: {header: X-Release}}
    """

    one_of: ClassVar[tuple[str, ...]] = ("header", "json")

    header: HeaderName | None = None
    """The header that holds it."""
    json_: Text | None = Field(default=None, alias="json")
    """The member of a JSON answer that holds it, such as `$.build.version`."""
    endpoint: EndpointName | None = None
    """What is asked; by default what readiness asks."""


class Logs(Part):
    """Where the log is."""

    one_of: ClassVar[tuple[str, ...]] = ("file", "platform")

    file: RelativePath | None = None
    """A file that grows, below the folder of this file; its new lines are read."""
    platform: Text | None = None
    """The name of a platform that keeps the log and is not read: claims about the log are inconclusive."""


class Watch(Part):
    """How the environment is watched under `--watch`."""

    budget: Ratio = units.Ratio.parse("1%")
    """The share of the checks that may fail."""
    interval: Wait = units.seconds(15)
    """The time between two rounds; `--watch-interval` goes before it."""


class Environment(Part):
    """One place where the system runs; unless it says otherwise it is read-only, with a budget.

    Example::

        environments:
          production:
            url: https://api.example.com
            hosts: [https://www.example.com]
            budget: 300
            rate: 2/s
            readiness: {within: 5m}
            version: {header: X-Release}
          staging:
            url: https://staging.example.com
            protection: disposable
            gate: [smoke]
            trust: deploy/staging-ca.pem
            logs: {file: logs/requests.log}
        endpoints: {health: {path: /health/}}
    """

    one_of: ClassVar[tuple[str, ...]] = ("url", "reference")

    url: OriginUrl | None = None
    """Its address: scheme and host, without a path."""
    reference: ReferenceSpec | None = None
    """In place of `url`: the embedded reference system, started for the run. `{}` is complete."""
    plain_url: PlainUrl | None = None
    """Its plain HTTP address, for claims about redirects; by default `url` with `http:`, port 80."""
    hosts: tuple[OriginUrl, ...] = ()
    """Further addresses that belong to it: only these and `url` are ever asked."""
    protection: Protection = "production"
    """`production` is only read, `disposable` may lose data; a `reference` is disposable."""
    private: Flag = False
    """Whether its names may lie at private addresses, as in a company's network."""
    gate: tuple[Suite, ...] = ("smoke", "hardening", "alerts")
    """The suites that `--env` judges where no `--suite` is given."""
    files: tuple[Glob, ...] | None = None
    """What describes it, in place of the contract's `files:`."""
    trust: RelativePath | None = None
    """A file (PEM) of certificate authorities to trust in place of the usual ones."""
    budget: Count | None = None
    """How many requests a run may send; 200 in `production`, unlimited elsewhere."""
    rate: Rate | None = None
    """How many requests a second a run may send; `5/s` in `production`, unlimited elsewhere."""
    readiness: Readiness = Field(default_factory=Readiness)
    """When it counts as ready."""
    account: AccountName | None = None
    """An account for the team's own tests, where no endpoint names it."""
    version: VersionFrom | None = None
    """Where its running version is read; needed for `--expect-version`."""
    logs: Logs | None = None
    """Where its log is; the reference's own is known."""
    watch: Watch = Field(default_factory=Watch)
    """How it is watched under `--watch`."""
    backups: Mapping[Name, BackupAt] = Field(default_factory=dict)
    """Where backups of these names are taken from and kept here."""
    monitoring: Mapping[Name, Source] = Field(default_factory=dict)
    """Where it is watched, by names that claims use."""

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
