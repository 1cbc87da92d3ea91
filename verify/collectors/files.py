"""Reads the team's files: each kind's names, below the contract's folder, with bounds."""

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from verify.collectors.tree import Missed, Tree
from verify.collectors.world import World, in_turn
from verify.effects.errors import FileError
from verify.effects.files import read_regular
from verify.facts.files import FileFact, Files, FilesSeen
from verify.model.need import Need, Unseen

MOST_FILES = 20_000
_CLASS = re.compile(r"\[[^]]+\]")


def collect(needs: tuple[Files, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each kind of file."""
    yield from in_turn(_see, needs, world)


def _see(need: Files, world: World) -> object:
    sources, (paths, unseen) = [], _paths(need.fact, world)
    for path in paths:
        name = path.relative_to(world.root).as_posix()
        try:
            text = read_regular(path, root=world.root).decode()
        except FileError as error:
            unseen.append(Unseen(str(error)))
        except UnicodeDecodeError as error:
            unseen.append(Unseen(f"{name}: cannot be judged: byte {error.start} is not UTF-8"))
        else:
            sources.append((name, text))
    return FilesSeen.of(need.fact, tuple(sources), tuple(unseen))


def _paths(fact: type[FileFact], world: World) -> tuple[list[Path], list[Unseen]]:
    """Return where files of a kind may lie: by their names, or the contract itself; and what hides more."""
    if fact.contract:
        return ([world.root / world.contract_file] if world.contract_file else []), []
    found, missed = candidates(world.root, world.patterns)
    return (
        [path for path in found if any(fnmatch(path.name, pattern) for pattern in fact.patterns)],
        [Unseen(one.reason) for one in missed if any(_meet(one.name, pattern) for pattern in fact.patterns)],
    )


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
