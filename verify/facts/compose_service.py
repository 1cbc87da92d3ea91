"""A Compose file as it is written, and its services, each with the places it takes its parts from."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from verify.contract.document import Document
from verify.contract.nodes import descend
from verify.facts import compose_values
from verify.facts.compose_values import Path, laid_over
from verify.facts.interpolation import Unresolved
from verify.model.place import Place

#: one of these says what a service runs
_RUNS = ("image", "build", "provider")


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service: its name, what is stated of it, and where each key stands.

    ``written`` are the mappings that it is put together from, what wins first; ``elsewhere`` says
    why more may be stated of it than could be read.
    """

    name: str
    spec: Mapping[str, Any]
    written: tuple[tuple[Document, Path], ...] = field(repr=False)
    elsewhere: str = ""

    def place(self, *path: str | int) -> Place:
        """Return where a key of this service stands, else the nearest above it."""

        def depth(one: tuple[Document, Path]) -> int:
            document, base = one
            return len(descend(document.root, (*base, *path))) - len(base)

        document, base = max(self.written, key=depth)  # of equals the first, which wins
        return document.place((*base, *path), key=True)

    def value(self, *path: str | int) -> Any:
        """Return what is stated at ``path``, None where nothing is.

        ``Unresolved`` where that depends on a variable without default, or on what could not be read.
        """
        absent = Unresolved(self.elsewhere) if self.elsewhere else None
        return compose_values.at(self.spec, path, absent)

    def flag(self, *path: str | int) -> bool | Unresolved:
        """Return the boolean at ``path`` in any form that Compose casts to one; False where nothing is."""
        return compose_values.flag(self.value(*path))

    def why(self, unresolved: Unresolved, *path: str | int) -> str:
        """Return why the value at ``path`` cannot be judged, with its place."""
        named = ".".join(map(str, (self.name, *path)))
        return f"{self.place(*path)}: {named} cannot be told: {unresolved.reason}"

    @property
    def complete(self) -> bool:
        """Tell whether it says what it runs: one that does not is laid over another."""
        return bool(self.elsewhere) or any(key in self.spec for key in _RUNS)

    def over(self, base: "Service") -> "Service":
        """Return this service laid over ``base``."""
        return replace(
            self,
            spec=laid_over(base.spec, self.spec),
            written=(*self.written, *base.written),
            elsewhere=self.elsewhere or base.elsewhere,
        )

    def settled(self) -> "Service":
        """Return the service as rules see it."""
        return replace(self, spec=compose_values.settled(self.spec))


@dataclass(frozen=True, kw_only=True)
class Written:
    """One Compose file as it is written: nothing extended, included or merged yet."""

    path: str
    document: Document = field(repr=False)
    services: Mapping[str, Service]
    volumes: Mapping[str, Any]
    root: Mapping[str, Any] = field(repr=False)

    def beside(self, name: str) -> str:
        """Return the path of a file that is named relative to this one."""
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.path), name))

    @cached_property
    def includes(self) -> tuple["Include", ...]:
        """Return what stands under ``include:``."""
        stated = compose_values.settled(self.root.get("include"))
        listed = stated if isinstance(stated, list) else [stated] if stated is not None else []
        return tuple(self._include(index, one) for index, one in enumerate(listed))

    def _include(self, index: int, stated: Any) -> "Include":
        place = self.document.place(("include", index))
        path = stated.get("path") if isinstance(stated, dict) else stated
        paths = path if isinstance(path, list) else [path]
        return Include(place=place, files=tuple(named(self, one) for one in paths))

    def refers(self) -> Iterator[str]:
        """Yield each path of another file that this one takes parts from."""
        for include in self.includes:
            yield from (one for one in include.files if isinstance(one, str))
        for service in self.services.values():
            stated = service.spec.get("extends")
            if isinstance(stated, dict) and "file" in stated:
                path = named(self, stated["file"])
                if isinstance(path, str):
                    yield path


@dataclass(frozen=True, kw_only=True)
class Include:
    """One entry of ``include:``: where it stands, and the files that are merged for it."""

    place: Place
    files: tuple[str | Unresolved, ...]


def named(file: Written, name: Any) -> str | Unresolved:
    """Return the path that a name of another file stands for; ``Unresolved`` where that is none of ours."""
    if isinstance(name, Unresolved):
        return name
    if not isinstance(name, str) or not name:
        return Unresolved("it names no file")
    if "://" in name or name.startswith("git@"):
        return Unresolved(f"{name} is remote, and nothing is fetched")
    return file.beside(name)
