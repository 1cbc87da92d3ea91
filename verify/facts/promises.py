"""A contract as a file: what its claims promise of each of its backups."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from verify.contract.document import Document
from verify.facts.files import FileFact, yaml_of
from verify.model.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One check of a claim: its rule, the backup that it is about, and the names of what it states."""

    claim: str
    rule: str
    backup: str
    states: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Promises(FileFact):
    """The promises of one contract; gaps of its document are none."""

    patterns: ClassVar[tuple[str, ...]] = ("verify.yaml",)
    contract: ClassVar[bool] = True

    path: str
    backups: tuple[str, ...]
    made: tuple[Promise, ...]
    document: Document = field(repr=False)

    @classmethod
    def parse(cls, path: str, text: str) -> Self:
        """Return what is promised; raise ``ParseError`` where the file is no YAML."""
        document = yaml_of(path, text)
        root = _mapping(document.value)
        drills = {name: _mapping(drill).get("backup") for name, drill in _mapping(root.get("drills")).items()}
        made = tuple(
            promise
            for name, claim in _mapping(root.get("claims")).items()
            for promise in _promises(name, _mapping(claim), drills)
        )
        return cls(path=path, backups=tuple(_mapping(root.get("backups"))), made=made, document=document)

    def of(self, backup: str) -> tuple[Promise, ...]:
        """Return what is promised of one backup, by whichever claim."""
        return tuple(promise for promise in self.made if promise.backup == backup)

    def place(self, backup: str) -> Place:
        """Return where a backup is stated."""
        return self.document.place(("backups", backup), key=True)


def _promises(name: str, claim: Mapping[str, Any], drills: Mapping[str, Any]) -> Iterator[Promise]:
    if claim.get("kind") == "gap":
        return
    checks = claim.get("checks")
    for check in map(_mapping, checks if isinstance(checks, list) else [claim]):
        stated = _mapping(check.get("with"))
        backup = stated.get("backup", drills.get(str(stated.get("drill"))))
        if isinstance(backup, str):
            rule = str(check.get("rule"))
            yield Promise(claim=name, rule=rule, backup=backup, states=frozenset(stated))


def _mapping(value: object) -> Mapping[str, Any]:
    """Return a mapping as it is, and nothing for whatever else stands there."""
    return value if isinstance(value, dict) else {}
