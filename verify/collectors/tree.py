"""Finds what patterns match below a folder, and names what could not be looked at.

A name that begins a pattern without wildcards is stated, so it has to be there; what wildcards match
may be nothing. Folders that can hold no file of the team's are not looked into by wildcards.
"""

import errno
import os
import stat
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from verify.effects.errors import FileError
from verify.effects.files import plain

SKIPPED = frozenset({".git", ".hg", ".tox", ".venv", "node_modules", "__pycache__"})
_WILD = frozenset("*?[")
#: how a name that is not stated may be no such thing
_NOTHING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


@dataclass(frozen=True, slots=True)
class Missed:
    """Something that could not be looked at, in search of files whose names match ``name``."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    folder: bool
    link: bool


class Tree:
    """The files below ``root`` that patterns match, at most ``most``: ``paths``, and what was ``missed``."""

    def __init__(self, root: Path, *, most: int) -> None:
        """Begin with nothing looked for."""
        self.paths: set[Path] = set()
        self.missed: dict[Missed, None] = {}
        self._root = root
        self._most = most
        self._listed: dict[Path, tuple[_Entry, ...] | OSError] = {}
        self._done: set[tuple[Path, tuple[str, ...]]] = set()

    def look(self, pattern: str) -> None:
        """Find what ``pattern`` matches; raise ``FileError`` above the bound."""
        parts = PurePosixPath(pattern).parts
        if parts[:1] == ("/",):
            raise FileError(f"{pattern}: expected a pattern of paths below {self._root}")
        if parts[-1:] == ("**",):
            parts = (*parts, "*")
        stated = next((at for at, part in enumerate(parts) if _wild(part)), len(parts))
        folder = self._root.joinpath(*parts[:stated])
        if parts[stated:]:
            self._below(folder, parts[stated:], stated=True)
        else:
            self._take(folder, stated=True)

    def _below(self, folder: Path, parts: tuple[str, ...], *, stated: bool = False) -> None:
        if (folder, parts) in self._done:
            return
        self._done.add((folder, parts))
        head, *rest = parts
        if head == "**":
            self._below(folder, tuple(rest), stated=stated)
            for entry in self._entries(folder, parts, stated=stated):
                if entry.folder:
                    self._below(folder / entry.name, parts)
        elif not _wild(head):
            self._next(folder / head, rest)
        else:
            for entry in self._entries(folder, parts, stated=stated):
                if fnmatchcase(entry.name, head) and (entry.folder or entry.link or not rest):
                    self._next(folder / entry.name, rest)

    def _next(self, path: Path, rest: list[str]) -> None:
        if rest:
            self._below(path, tuple(rest))
        else:
            self._take(path)

    def _take(self, path: Path, *, stated: bool = False) -> None:
        """Keep a file, of whatever kind: who reads it says what is wrong with it."""
        try:
            folder = stat.S_ISDIR(path.lstat().st_mode) or (path.is_symlink() and _leads_to_folder(path))
        except OSError as error:
            self._miss(path, path.name, "a file", error, stated=stated)
            return
        if not folder:
            self.paths.add(path)
        elif stated:
            shown = path.relative_to(self._root).as_posix()
            why = f"{shown}: expected a file, as stated, found a folder: write {shown}/** for what is in it"
            self.missed[Missed("*", why)] = None
        if len(self.paths) > self._most:
            raise FileError(f"{self._root}: `files:` match more than {self._most} files: narrow the patterns")

    def _entries(self, folder: Path, parts: tuple[str, ...], *, stated: bool) -> tuple[_Entry, ...]:
        listed = self._listed.get(folder)
        if listed is None:
            listed = self._listed[folder] = _list(folder)
        if isinstance(listed, OSError):
            self._miss(folder, parts[-1], "a folder", listed, stated=stated)
            return ()
        return listed

    def _miss(self, path: Path, name: str, expected: str, error: OSError, *, stated: bool) -> None:
        if not stated and error.errno in _NOTHING:
            return
        shown = path.relative_to(self._root).as_posix()
        why = f"{shown}: expected {expected}{', as stated' if stated else ''}, found {plain(error)}"
        self.missed[Missed(name, why)] = None


def _wild(part: str) -> bool:
    return not _WILD.isdisjoint(part)


def _list(folder: Path) -> tuple[_Entry, ...] | OSError:
    """Return what is in a folder but for what is skipped, or why that cannot be told."""
    try:
        with os.scandir(folder) as listed:
            found = [
                _Entry(name=one.name, folder=one.is_dir(follow_symlinks=False), link=one.is_symlink())
                for one in listed
                if one.name not in SKIPPED
            ]
    except OSError as error:
        return error
    return tuple(found)


def _leads_to_folder(link: Path) -> bool:
    try:
        return link.is_dir()
    except OSError:
        return False
