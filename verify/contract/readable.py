"""What of a contract can be judged although something else in it is wrong."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from verify.contract.claim import CheckSpec
from verify.contract.document import Document
from verify.contract.nodes import Path
from verify.contract.spec import Baseline, Contract

_SECTIONS: Mapping[str, Any] = {
    name: field.annotation
    for name, field in Contract.model_fields.items()
    if name != "claims" and field.default_factory is dict
}


@dataclass(frozen=True, slots=True)
class Readable:
    """The checks whose words are right by themselves, each with its path, and what they can name.

    ``contract`` holds the entries of each section that are right; ``declared`` the names of
    all, so that nobody misses one whose own problem is told already.
    """

    document: Document
    contract: Contract
    declared: Mapping[str, frozenset[str]]
    checks: tuple[tuple[Path, CheckSpec], ...]


def readable(document: Document) -> Readable:
    """Return what can be judged of a document that is a mapping."""
    raw = document.value
    written = {name: value for name in _SECTIONS if isinstance(value := raw.get(name), Mapping)}
    parts: dict[str, Any] = {name: dict(_entries(name, value)) for name, value in written.items()}
    try:
        parts["baseline"] = TypeAdapter(Baseline).validate_python(raw.get("baseline", "default"))
    except ValidationError:
        parts["baseline"] = "none"
    return Readable(
        document=document,
        contract=Contract.model_construct(**parts),
        declared={name: frozenset(map(str, value)) for name, value in written.items()},
        checks=tuple(_checks(raw.get("claims"))),
    )


def _entries(section: str, written: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    adapter: TypeAdapter[dict[str, Any]] = TypeAdapter(_SECTIONS[section])
    for name, value in written.items():
        try:
            yield from adapter.validate_python({name: value}).items()
        except ValidationError:
            continue


def _checks(claims: object) -> Iterator[tuple[Path, CheckSpec]]:
    """Yield each check of each claim, whatever else is wrong with the claim."""
    for claim_id, claim in claims.items() if isinstance(claims, Mapping) else ():
        if not isinstance(claim, Mapping):
            continue
        own = {key: claim[key] for key in ("rule", "with") if claim.get(key) is not None}
        stated = claim.get("checks")
        listed = enumerate(stated) if isinstance(stated, list) else ()
        for path, check in (((), own), *((("checks", index), check) for index, check in listed)):
            try:
                yield ("claims", claim_id, *path), CheckSpec.model_validate(check)
            except ValidationError:
                continue
