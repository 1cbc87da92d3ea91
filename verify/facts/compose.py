"""Docker Compose files, as Compose understands them: each service with the position of each key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from types import MappingProxyType
from typing import Any, ClassVar, Self

from verify.contract.document import Document
from verify.facts import compose_values
from verify.facts.compose_project import Project
from verify.facts.compose_service import Service, Written
from verify.facts.files import FileFact, ParseError, yaml_of
from verify.facts.interpolation import BLANK, Unresolved
from verify.model.need import Unseen

__all__ = ["BLANK", "ComposeFile", "Service", "Unresolved"]

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class ComposeFile(FileFact):
    """A Compose file; ``services`` are in the order of the file.

    Once read ``together`` they are what Compose makes of all files: extended, included, merged.
    """

    patterns: ClassVar[tuple[str, ...]] = (
        "docker-compose*.yml",
        "docker-compose*.yaml",
        "compose*.yml",
        "compose*.yaml",
    )

    alike: ClassVar[tuple[str, ...]] = ("*.yml", "*.yaml")

    path: str
    services: tuple[Service, ...]
    volumes: Mapping[str, Any]
    written: Written = field(repr=False)

    @classmethod
    def parse(cls, path: str, text: str) -> Self:
        """Return the file; raise ``ParseError`` where it is no Compose file."""
        document = yaml_of(path, text, lenient=True)
        root = document.value
        services = root.get("services") if isinstance(root, dict) else None
        includes = isinstance(root, dict) and root.get("include")
        if services is None and includes:
            services = {}
        if not isinstance(services, dict):
            raise ParseError(document.place(("services",)), "no mapping `services:`, so not a Compose file")
        if "$" in text or "!" in text:  # else what YAML reads is what Compose reads
            root = compose_values.values(document.root)
        written = _written(path, document, root)
        return cls(
            path=path, services=tuple(written.services.values()), volumes=written.volumes, written=written
        )

    @classmethod
    def together(cls, files: tuple[Self, ...]) -> tuple[tuple[Self, ...], tuple[Unseen, ...]]:
        """Return the files with their services as Compose puts them together, and what is missing."""
        of = {file.path: file for file in files}
        project = Project([file.written for file in files])
        roots = [file.written for file in files if cls.called(file.path)]
        found = [replace(of[one.path], services=services) for one, services in project.services(roots)]
        return tuple(found), tuple(project.unseen)

    @classmethod
    def called(cls, path: str) -> bool:
        """Tell whether a file has the name of a Compose file; one that has not is only a part of others."""
        name = path.rpartition("/")[2]
        return any(fnmatch(name, pattern) for pattern in cls.patterns)

    @classmethod
    def resembles(cls, path: str, text: str) -> bool:
        """Tell whether it has services that say what they run."""
        try:
            file = cls.parse(path, text)
        except ParseError:
            return False
        return any(service.complete for service in file.services)

    @classmethod
    def refers(cls, path: str, text: str) -> Iterator[str]:
        """Yield the files that this one includes or extends, where it can be read."""
        if "include" not in text and "extends" not in text:
            return
        try:
            file = cls.parse(path, text)
        except ParseError:
            return
        yield from file.written.refers()

    def service(self, name: str) -> Service | None:
        """Return the service called ``name``, if there is one."""
        return next((one for one in self.services if one.name == name), None)


def _written(path: str, document: Document, root: Mapping[str, Any]) -> Written:
    found = {}
    services = root.get("services") or {}
    if not isinstance(services, dict):
        raise ParseError(document.place(("services",)), "a tag on all services is not understood here")
    for name, spec in services.items():
        if not isinstance(spec, dict):
            tagged = compose_values.tagged(spec)
            what = "has a tag that is not understood here" if tagged else "is not a mapping"
            raise ParseError(document.place(("services", name)), f"service {name} {what}")
        found[name] = Service(name=name, spec=spec, written=((document, ("services", name)),))
    volumes = compose_values.settled(root.get("volumes"))
    return Written(
        path=path,
        document=document,
        services=found,
        volumes=volumes if isinstance(volumes, dict) else _NONE,
        root=root,
    )
