"""What every section of a contract shares: frozen, no unknown keys, checks across its keys."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, model_validator

from verify.contract.nodes import Path
from verify.contract.values import ClaimId, Name
from verify.contract.words import listed


@dataclass(frozen=True)
class Refers:
    """Metadata of a field that names an entry of one of the contract's sections."""

    section: str
    what: str
    #: said after "unknown claim 'X'", where the plain words would not do
    because: str = ""

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        """Describe it as any name: the examples are those of what is declared."""
        return {key: value for key, value in handler(core).items() if key != "examples"}


EndpointName = Annotated[Name, Refers("endpoints", "endpoint")]
AccountName = Annotated[Name, Refers("accounts", "account")]
EnvironmentName = Annotated[Name, Refers("environments", "environment")]
WebhookName = Annotated[Name, Refers("webhooks", "webhook")]
BackupName = Annotated[Name, Refers("backups", "backup")]
WaivedClaim = Annotated[ClaimId, Refers("claims", "claim", "the waiver matches nothing in the contract")]


@dataclass(frozen=True)
class Misfit:
    """Keys that do not go together; ``path`` is below the section, ``first`` a place to name too."""

    message: str
    hint: str = ""
    path: Path = ()
    first: Path | None = None


class Part(BaseModel):
    """Base of the contract's sections; the YAML key ``json`` is the attribute ``json_``."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        # a wrong value may be a secret
        hide_input_in_errors=True,
    )

    #: of these keys exactly one is written
    one_of: ClassVar[tuple[str, ...]] = ()
    #: of these keys one at most is written
    at_most_one_of: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def in_full(cls, raw: Any) -> Any:
        """Return what the short form of a section stands for; what is written in full as it is."""
        return raw

    @classmethod
    def misfits(cls, raw: Mapping[str, Any]) -> Iterator[Misfit]:
        """Yield what is wrong across the keys of ``raw``, which may hold anything."""
        choices = cls.one_of or cls.at_most_one_of
        written = [key for key in choices if raw.get(key) is not None]
        words = [f"`{key}`" for key in choices]
        if len(written) > 1:
            number = "exactly" if cls.one_of else "at most"
            stated = " and ".join(f"`{key}`" for key in written)
            message = f"expected {number} one of {listed(words)}, got {stated}"
            yield Misfit(message, "remove all but one", (written[1],))
        elif cls.one_of and not written:
            yield Misfit(f"expected one of {listed(words)}", "add it")

    @model_validator(mode="wrap")
    @classmethod
    def _whole(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Refuse misfits once each key is right by itself, so that none hides another."""
        part = handler(data)
        if isinstance(data, Mapping):
            misfit = next(cls.misfits(data), None)
            if misfit is not None:
                raise MisfitError(misfit.message)
        return part

    def __hash__(self) -> int:
        """Hash by value, so that a part can stand in a need."""
        return hash((type(self), _frozen(self.__dict__)))


class MisfitError(ValueError):
    """Keys that do not go together; ``load`` tells them with a more exact place."""


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return frozenset((key, _frozen(child)) for key, child in value.items())
    if isinstance(value, list | tuple):
        return tuple(_frozen(child) for child in value)
    return value
