"""Reads the team's files: each kind's names, below the contract's folder, with bounds."""

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from verify.collectors.world import World, in_turn
from verify.effects.errors import FileError
from verify.effects.files import read_regular
from verify.facts.files import FileFact, Files, FilesSeen
from verify.model.need import Need, Unseen

MOST_FILES = 20_000
SKIPPED = frozenset({".git", ".hg", ".tox", ".venv", "node_modules", "__pycache__"})


def collect(needs: tuple[Files, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each kind of file."""
    yield from in_turn(_see, needs, world)


def _see(need: Files, world: World) -> object:
    sources, unseen = [], []
    for path in _paths(need.fact, world):
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


def _paths(fact: type[FileFact], world: World) -> list[Path]:
    """Return where files of a kind may lie: by their names, or the contract itself."""
    if fact.contract:
        return [world.root / world.contract_file] if world.contract_file else []
    found = candidates(world.root, world.patterns)
    return [path for path in found if any(fnmatch(path.name, pattern) for pattern in fact.patterns)]


def candidates(root: Path, patterns: tuple[str, ...]) -> list[Path]:
    """Return what the contract's ``files:`` match, sorted; raise ``FileError`` above the bound."""
    found: set[Path] = set()
    for pattern in patterns:
        for path in root.glob(pattern):
            if not SKIPPED.intersection(path.relative_to(root).parts) and not path.is_dir():
                found.add(path)
            if len(found) > MOST_FILES:
                raise FileError(f"{root}: `files:` match more than {MOST_FILES} files: narrow the patterns")
    return sorted(found)
