"""Reads the team's files: each kind's names, below the contract's folder, with bounds."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from posixpath import normpath

from verify.collectors.tree import Missed, Tree
from verify.collectors.world import World, in_turn
from verify.effects.errors import FileError
from verify.effects.files import read_regular
from verify.facts.files import FileFact, Files, FilesSeen, with_parts
from verify.model.need import Need, Unseen

MOST_FILES = 20_000
_CLASS = re.compile(r"\[[^]]+\]")


def collect(needs: tuple[Files, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each kind of file."""
    yield from in_turn(_see, needs, world)


def _see(need: Files, world: World) -> object:
    named, others, unseen = _paths(need.fact, world)

    def read(path: Path) -> str | None:
        name = path.relative_to(world.root).as_posix()
        try:
            return read_regular(path, root=world.root).decode()
        except FileError as error:
            unseen.append(Unseen(str(error)))
        except UnicodeDecodeError as error:
            unseen.append(Unseen(f"{name}: cannot be judged: byte {error.start} is not UTF-8"))
        return None

    sources = [(name, text) for name, path in named.items() if (text := read(path)) is not None]
    parts = with_parts(need.fact, sources, lambda name: read(others[name]) if name in others else None)
    unseen += _misnamed(need.fact, others, dict(parts), world)
    return FilesSeen.of(need.fact, parts, tuple(unseen))


def _misnamed(
    fact: type[FileFact], others: Mapping[str, Path], parts: Mapping[str, str], world: World
) -> Iterator[Unseen]:
    """Tell of each file that ``files:`` name, that is of this kind, and that its name would pass over."""
    for name in map(normpath, world.patterns):
        path = others.get(name)
        if path is None or name in parts or not any(fnmatch(path.name, alike) for alike in fact.alike):
            continue
        try:
            text = read_regular(path, root=world.root).decode()
        except (FileError, UnicodeDecodeError):
            continue  # nothing says that it is of this kind
        if fact.resembles(name, text):
            names = ", ".join(fact.patterns)
            yield Unseen(f"{name}: is not judged, as it is called none of {names}: rename or include it")


def _paths(fact: type[FileFact], world: World) -> tuple[dict[str, Path], dict[str, Path], list[Unseen]]:
    """Return a kind's files by name, or the contract itself; the rest of ``files:``; and what hides more.

    Those that ``files:`` name stand as they are named there, as the order of some means something.
    """
    if fact.contract:
        own = world.contract_file
        return ({own: world.root / own} if own else {}), {}, []
    paths, missed = candidates(world.root, world.patterns)
    found = {path.relative_to(world.root).as_posix(): path for path in paths}
    named = [name for name in map(normpath, world.patterns) if name in found]
    ordered = {name: found[name] for name in (*named, *found)}
    ours = {
        name: path
        for name, path in ordered.items()
        if any(fnmatch(path.name, pattern) for pattern in fact.patterns)
    }
    hidden = [
        Unseen(one.reason) for one in missed if any(_meet(one.name, pattern) for pattern in fact.patterns)
    ]
    return ours, {name: path for name, path in ordered.items() if name not in ours}, hidden


def candidates(root: Path, patterns: tuple[str, ...]) -> tuple[list[Path], list[Missed]]:
    """Return what ``patterns`` match, sorted, and what hides more; raise ``FileError`` above the bound."""
    tree = Tree(root, most=MOST_FILES)
    for pattern in patterns:
        tree.look(pattern)
    return sorted(tree.paths), list(tree.missed)


def _meet(one: str, other: str) -> bool:
    """Tell whether some name may match both patterns; a class in brackets counts as any character."""
    return _meeting(_CLASS.sub("?", one), _CLASS.sub("?", other))


@cache
def _meeting(one: str, other: str) -> bool:
    if one.startswith("*") or other.startswith("*"):
        star, text = (one, other) if one.startswith("*") else (other, one)
        return _meeting(star[1:], text) or (text != "" and _meeting(star, text[1:]))
    if not one or not other:
        return one == other
    return (one[0] == other[0] or "?" in {one[0], other[0]}) and _meeting(one[1:], other[1:])
