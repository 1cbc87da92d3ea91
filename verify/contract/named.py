"""Parameters of rules that name something in the contract, and arrive resolved.

The validators take the contract as pydantic's ``context``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from verify.contract.backup import Backup as BackupSpec
from verify.contract.explain import TOLD
from verify.contract.readable import Readable
from verify.contract.spec import Contract
from verify.contract.spec import Endpoint as EndpointSpec
from verify.contract.words import kind_of, offer, shown

_SCHEMA = {"type": "string", "pattern": "^[a-z][a-z0-9_-]*$"}


def _find(section: str, what: str) -> Callable[[Any, ValidationInfo], Any]:
    def find(value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, str):
            raise PydanticCustomError(
                "name", "{message}", {"message": f"expected the name of {what}, got {kind_of(value)}"}
            )
        context = info.context
        contract = context.contract if isinstance(context, Readable) else context
        names: Mapping[str, Any] = getattr(contract, section) if isinstance(contract, Contract) else {}
        if value not in names:
            if isinstance(context, Readable) and value in context.declared.get(section, ()):
                raise PydanticCustomError(TOLD, "what is wrong with it is told where it stands")
            hint = offer(value, names)
            message = f"no {what.rsplit(maxsplit=1)[-1]} {shown(value)} in this contract" + (
                f": {hint}" if hint else ""
            )
            raise PydanticCustomError("name", "{message}", {"message": message})
        return names[value]

    return find


def _known(section: str, what: str) -> Callable[[Any, ValidationInfo], Any]:
    find = _find(section, what)

    def known(value: Any, info: ValidationInfo) -> Any:
        find(value, info)
        return value

    return known


@dataclass(frozen=True, slots=True)
class NamedBackup:
    """A backup and the name it has in the contract."""

    name: str
    spec: BackupSpec


def _named_backup(value: Any, info: ValidationInfo) -> NamedBackup:
    return NamedBackup(value, _find("backups", "a backup")(value, info))


def _source(value: Any, info: ValidationInfo) -> Any:
    """Accept the name of a source that watches any environment: where it is missing shows in a run."""
    context = info.context
    contract = context.contract if isinstance(context, Readable) else context
    environments = contract.environments if isinstance(contract, Contract) else {}
    names = {name for environment in environments.values() for name in environment.monitoring}
    if value in names:
        return value
    if isinstance(context, Readable) and context.declared.get("environments", frozenset()) - {*environments}:
        raise PydanticCustomError(TOLD, "what is wrong with an environment is told where it stands")
    hint = offer(value, names) or "state it under `monitoring:` of an environment"
    raise PydanticCustomError("name", "{message}", {"message": f"no source {shown(value)}: {hint}"})


Endpoint: TypeAlias = Annotated[
    EndpointSpec, BeforeValidator(_find("endpoints", "an endpoint")), WithJsonSchema(_SCHEMA)
]
FlowName: TypeAlias = Annotated[str, AfterValidator(_known("flows", "a flow")), WithJsonSchema(_SCHEMA)]
AccountName: TypeAlias = Annotated[
    str, AfterValidator(_known("accounts", "an account")), WithJsonSchema(_SCHEMA)
]
WebhookName: TypeAlias = Annotated[
    str, AfterValidator(_known("webhooks", "a webhook")), WithJsonSchema(_SCHEMA)
]
EnvironmentName: TypeAlias = Annotated[
    str, AfterValidator(_known("environments", "an environment")), WithJsonSchema(_SCHEMA)
]
BackupName: TypeAlias = Annotated[str, AfterValidator(_known("backups", "a backup")), WithJsonSchema(_SCHEMA)]
DrillName: TypeAlias = Annotated[str, AfterValidator(_known("drills", "a drill")), WithJsonSchema(_SCHEMA)]
#: what watches an environment
SourceName: TypeAlias = Annotated[str, AfterValidator(_source), WithJsonSchema(_SCHEMA)]
#: for rules that judge by what the contract states of it
Backup: TypeAlias = Annotated[NamedBackup, BeforeValidator(_named_backup), WithJsonSchema(_SCHEMA)]
