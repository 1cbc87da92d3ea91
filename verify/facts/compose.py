"""Docker Compose files, with the position of each service."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Self

from verify.contract.document import Document
from verify.facts.files import FileFact, ParseError, yaml_of
from verify.model.place import Place

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service: its name, what is written below it, and where each key stands."""

    name: str
    spec: Mapping[str, Any]
    document: Document = field(repr=False)

    def place(self, *path: str | int) -> Place:
        """Return where a key below this service stands, else the nearest above it."""
        return self.document.place(("services", self.name, *path), key=True)


@dataclass(frozen=True, kw_only=True)
class ComposeFile(FileFact):
    """A Compose file; ``services`` are in the order of the file."""

    patterns: ClassVar[tuple[str, ...]] = (
        "docker-compose*.yml",
        "docker-compose*.yaml",
        "compose*.yml",
        "compose*.yaml",
    )

    path: str
    services: tuple[Service, ...]
    volumes: Mapping[str, Any]

    @classmethod
    def parse(cls, path: str, text: str) -> Self:
        """Return the file; raise ``ParseError`` where it is no Compose file."""
        document = yaml_of(path, text, lenient=True)
        root = document.value
        services = root.get("services") if isinstance(root, dict) else None
        if not isinstance(services, dict):
            raise ParseError(document.place(("services",)), "no mapping `services:`, so not a Compose file")
        found = []
        for name, spec in services.items():
            if not isinstance(spec, dict):
                raise ParseError(document.place(("services", name)), f"service {name} is not a mapping")
            found.append(Service(name=name, spec=spec, document=document))
        volumes = root.get("volumes")
        return cls(path=path, services=tuple(found), volumes=volumes if isinstance(volumes, dict) else _NONE)

    def service(self, name: str) -> Service | None:
        """Return the service called ``name``, if there is one."""
        return next((one for one in self.services if one.name == name), None)
