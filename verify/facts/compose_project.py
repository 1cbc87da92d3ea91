"""What several Compose files say together: extended, included and merged as Compose does it.

Files of one folder are one project where they share a service. A file that does not say what a service
runs (no ``image``, no ``build``), or that is called ``…override…``, is laid over the one that does.
Where it is open which files are merged, what comes out the same each way is known, and the rest is not.
"""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from verify.facts import compose_values
from verify.facts.compose_service import Include, Service, Written, named
from verify.facts.interpolation import Unresolved
from verify.model.need import Unseen

_MOST_LEVELS = 30
_ABSENT = "which is not among what could be read of the contract's `files:`"


@dataclass(frozen=True, slots=True)
class Resolved:
    """A file with what it extends and includes."""

    file: Written
    services: Mapping[str, Service]

    @property
    def overlay(self) -> bool:
        """Tell whether it only makes sense laid over another file."""
        name = posixpath.basename(self.file.path)
        return ".override." in name or not all(one.complete for one in self.services.values())


class Project:
    """The Compose files that were read, by path; ``unseen`` is what they include and nobody read."""

    def __init__(self, files: Sequence[Written]) -> None:
        """Take the files in the order in which they are merged."""
        self._files = {file.path: file for file in files}
        self._done: dict[str, Resolved] = {}
        self.unseen: dict[Unseen, None] = {}

    def services(self, roots: Sequence[Written]) -> Iterator[tuple[Written, tuple[Service, ...]]]:
        """Yield each of ``roots`` that no other includes, with its services.

        One that several files define stands with the first of them.
        """
        included = {path for file in self._files.values() for one in file.includes for path in one.files}
        resolved = [self._resolved(file, ()) for file in roots if file.path not in included]
        # those that include one another are reached from nowhere
        resolved += [self._resolved(file, ()) for file in roots if file.path not in self._done]
        folders: dict[str, list[Resolved]] = {}
        for one in resolved:
            folders.setdefault(_folder(one, resolved), []).append(one)
        taken: set[tuple[str, str]] = set()
        for one in resolved:
            folder = _folder(one, resolved)
            beside = folders[folder]
            found = []
            for name in one.services:
                if (folder, name) not in taken:
                    taken.add((folder, name))
                    found.append(_merged(name, [other for other in beside if name in other.services]))
            yield one.file, tuple(service.settled() for service in found)

    def _resolved(self, file: Written, chain: tuple[str, ...]) -> Resolved:
        done = self._done.get(file.path)
        if done is not None:
            return done
        services: dict[str, Service] = {}
        for include in file.includes:
            services.update(self._included(include, (*chain, file.path)))
        for name, service in file.services.items():
            own = self._extended(service, file, ())
            services[name] = own.over(services[name]) if name in services else own
        return self._done.setdefault(file.path, Resolved(file, services))

    def _included(self, include: Include, chain: tuple[str, ...]) -> Iterator[tuple[str, Service]]:
        services: dict[str, Service] = {}
        for path in include.files:
            why = ""
            if isinstance(path, Unresolved):
                why = f"what is included cannot be told: {path.reason}"
            elif path not in self._files:
                why = f"includes {path}, {_ABSENT}"
            elif path in chain or len(chain) > _MOST_LEVELS:
                why = f"includes {path}, which includes this file"
            else:
                for name, service in self._resolved(self._files[path], chain).services.items():
                    services[name] = service.over(services[name]) if name in services else service
            if why:
                self.unseen[Unseen(f"{include.place}: {why}")] = None
        yield from services.items()

    def _extended(self, service: Service, file: Written, chain: tuple[tuple[str, str], ...]) -> Service:
        """Return ``service`` laid over what it extends."""
        stated = service.spec.get("extends")
        if stated is None:
            return service
        own = replace(service, spec={key: value for key, value in service.spec.items() if key != "extends"})
        name = stated.get("service") if isinstance(stated, dict) else stated
        path = named(file, stated["file"]) if isinstance(stated, dict) and "file" in stated else file.path
        found = self._files.get(path) if isinstance(path, str) else None
        why = ""
        if isinstance(path, Unresolved):
            why = f"what is extended cannot be told: {path.reason}"
        elif not isinstance(name, str):
            reason = name.reason if isinstance(name, Unresolved) else "it names no service"
            why = f"what is extended cannot be told: {reason}"
        elif found is None:
            why = f"extends {name} of {path}, {_ABSENT}"
        elif name not in found.services:
            why = f"extends {name}, which {path} does not define"
        elif (path, name) in chain or len(chain) > _MOST_LEVELS:
            why = f"extends {name} of {path}, which extends it"
        else:
            return own.over(self._extended(found.services[name], found, (*chain, (path, name))))
        return replace(own, elsewhere=f"{service.place('extends')}: {why}")


def _folder(one: Resolved, files: Sequence[Resolved]) -> str:
    """Return the folder of the project: for what is laid over files elsewhere, theirs where that is one."""
    folder = posixpath.dirname(one.file.path)
    if not one.overlay:
        return folder
    homes = {
        posixpath.dirname(other.file.path)
        for other in files
        if not other.overlay and other.services.keys() & one.services.keys()
    }
    return homes.pop() if folder not in homes and len(homes) == 1 else folder


def _merged(name: str, files: Sequence[Resolved]) -> Service:
    """Return the service ``name`` as all of ``files``, which are one project, state it."""
    bases = [one.services[name] for one in files if not one.overlay]
    overlays = [one.services[name] for one in files if one.overlay]
    stack = _stacked([*bases, *overlays])
    if not bases and not stack.complete:
        place = stack.place()
        why = f"{place}: states neither `image` nor `build`, so what it is laid over has to be among `files:`"
        stack = replace(stack, elsewhere=why)
    if len(files) == 1 or (len(bases) == 1 and len(overlays) == 1):
        return stack
    readings = [stack]
    if len(bases) == 1:
        readings += [overlay.over(bases[0]) for overlay in overlays]
    else:
        readings += [*bases, *overlays]
    paths = ", ".join(one.file.path for one in files)
    why = (
        f"{paths} differ here, and which of them are merged is not stated: "
        "name those that serve, or the one file that `docker compose config` writes"
    )
    spec = compose_values.agreed([one.settled().spec for one in readings], why)
    return replace(stack, spec=spec)


def _stacked(services: Sequence[Service]) -> Service:
    merged = services[0]
    for service in services[1:]:
        merged = service.over(merged)
    return merged
