"""Backups in a folder of this machine, or in one that it mounts."""

import contextlib
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from verify.drills.errors import DrillError, NotRestorable
from verify.drills.forms import form_of
from verify.drills.store import names
from verify.drills.store.base import (
    HERE,
    LISTED,
    MANIFEST,
    MOVED,
    Tally,
    Using,
    blocks,
    checked,
    machine,
    regular,
)
from verify.drills.store.links import claim, linked, sync, take_back
from verify.effects.errors import FileError
from verify.effects.files import read_regular
from verify.effects.journal import Entry
from verify.facts.backup import Artefact, Step, Store
from verify.model.units import Size

#: ``.NAME.verify-owned`` beside an artefact holds the id of the run that put it there
_OWNED = ".verify-owned"
_MOUNTS = Path("/proc/self/mountinfo")
_REMOTE = ("nfs", "cifs", "smb3", "ceph", "fuse.sshfs", "fuse.glusterfs")
_OCTAL = re.compile(r"\\([0-7]{3})")
_MANIFEST_LIMIT = 64 << 20
#: a dump in a folder has a table of contents
_CONTENTS = "toc.dat"


class FolderStore:
    """A folder; links below it are not followed."""

    def __init__(self, folder: Path, using: Using) -> None:
        """Keep backups in ``folder``, which has to be there once it is used."""
        self._folder = folder.absolute()
        self._using = using
        self._entries: dict[str, list[Entry]] = {}
        self._made: set[Path] = set()
        self.place = str(self._folder)
        self.host = host_of(self._folder)

    def put(self, path: Path, key: str, *, deadline: float = MOVED, given: bool = False) -> Step:
        """Store the file ``path`` under a ``key`` that is free, marked as this run's.

        What is ``given`` becomes the store's own file, where that is possible.
        """
        target = self._folder / checked(key, "store")
        what = f"copying {path.name} to {target}"
        tally = Tally("store", what, deadline)
        with _told("store", what), contextlib.ExitStack() as undo:
            self._there("store")
            _room("store", self._folder, regular(path).stat().st_size)
            if target.exists():
                raise DrillError("store", f"{target} is there already: what is not ours is not replaced")
            entries = list(self._folders(target.parent, undo))
            mark, part = _mark(target), target.with_name(f".{target.name}.part")
            entries.append(self._planned(mark, undo))
            partial = self._planned(part, undo)
            entries.append(self._using.journal.plan("file", path=str(target)))
            undo.callback(entries[-1].gone)
            undo.callback(take_back, target, part)
            mark.write_text(self._using.journal.run_id, "utf-8")
            how = "link" if given and linked(path, part) else "copy"
            if how == "link":
                tally.look(part)
            else:
                with path.open("rb") as source, part.open("xb") as copy:
                    tally.move(blocks(source), copy)
            entries[-1].made(inode=part.stat().st_ino)
            claim(part, target)
            self._entries[key] = entries  # from here on it is ``close`` that takes it back
            undo.pop_all()
        if given:  # the last name but the store's: what is stored there nobody else can change
            path.unlink()
        part.unlink(missing_ok=True)
        partial.gone()
        return tally.step(how, str(path), str(target))

    def get(
        self, key: str, into: Path, *, deadline: float = MOVED, reading: bool = False
    ) -> tuple[Path, Step]:
        """Fetch ``key``, which may be a dump in a folder, into ``into``.

        What is not ours is always copied: a link would touch it, and whoever prunes by the time of
        its last change would take it for newer than it is.
        """
        source, copy = self._folder / checked(key, "fetch"), into / Path(key).name
        tally = Tally("fetch", f"copying {source}", deadline)
        with _told("fetch", f"copying {source} to {copy}"):
            self._there("fetch")
            if not source.exists():
                raise NotRestorable("fetch", f"{source}: it is not in the store")
            if reading and key in self._entries and linked(source, copy):
                tally.look(copy)
                return copy, tally.step("link", str(source), str(copy))
            files = [source] if source.is_file() else list(_files(source))
            _room("fetch", into, sum(each.stat().st_size for each in files))
            for file in files:
                place = copy / file.relative_to(source)
                place.parent.mkdir(parents=True, exist_ok=True)
                with file.open("rb") as original, place.open("xb") as written:
                    tally.move(blocks(original), written)
        return copy, tally.step("copy", str(source), str(copy))

    def list(self, *, deadline: float = LISTED) -> Store:
        """Return what is there, the oldest first."""
        what = f"listing {self._folder}"
        tally = Tally("fetch", what, deadline)
        found = []
        with _told("fetch", what):
            self._there("fetch")
            for path in _artefacts(self._folder):
                _ = tally.left
                with contextlib.suppress(FileNotFoundError):  # pruned meanwhile
                    found.append(self._artefact(path))
        return Store(
            place=self.place,
            at=time.time(),
            host=self.host,
            artefacts=tuple(sorted(found, key=lambda each: (each.at, each.key))),
            source=self._using.source,
            source_host=self._using.source_host,
        )

    def delete(self, key: str, *, deadline: float = MOVED) -> Step:
        """Remove what this run has put there, and nothing else."""
        target = self._folder / checked(key, "store")
        tally = Tally("store", f"removing {target}", deadline)
        with _told("store", f"removing {target}"):
            mark = _mark(target)
            owner = mark.read_text("utf-8") if mark.is_file() else ""
            if owner != self._using.journal.run_id:
                raise DrillError("store", f"{target} does not bear this run's mark: it stays")
            target.unlink(missing_ok=True)
            mark.unlink()
            for folder in [each for each in target.parents if each in self._made]:
                _remove_empty(folder)
                self._made -= set() if folder.exists() else {folder}
            for entry in self._entries.pop(key, []):
                entry.gone()
        return tally.step("remove", str(target))

    def leave(self, key: str) -> None:
        """Let what this run has put there stay, as a backup like any other; nothing for what it has not."""
        entries = self._entries.pop(key, [])
        if entries:
            target = self._folder / checked(key, "store")
            with _told("store", f"keeping {target}"):
                sync(target)  # what goes again need not reach the disk, what stays has to
                _mark(target).unlink(missing_ok=True)
        for entry in entries:
            entry.gone()

    def close(self) -> None:
        """Take back what this run has put there and was neither removed nor to be left: it was broken off."""
        for key in reversed(self._entries.copy()):
            with contextlib.suppress(DrillError):  # it stays in the journal, for ``clean``
                self.delete(key)

    def _there(self, stage: str) -> None:
        if not self._folder.is_dir():
            raise DrillError(
                stage, f"{self._folder}: there is no such folder: check `store:`, and what is mounted"
            )

    def _artefact(self, path: Path) -> Artefact:
        key = path.relative_to(self._folder).as_posix()
        files = [path] if path.is_file() else list(_files(path))
        seen = [each.stat() for each in files]
        modified = max(each.st_mtime for each in seen)
        manifest = path.with_name(path.name + MANIFEST)
        stated = None
        if manifest.is_file():
            with contextlib.suppress(FileError):  # as with a broken one, the name has to do
                stated = self._using.at(read_regular(manifest, limit=_MANIFEST_LIMIT))
        return Artefact(
            key=key,
            at=names.at(key, modified, self._using.zone) if stated is None else stated,
            modified=modified,
            size=sum(each.st_size for each in seen),
            form=_form(path),
            manifest=manifest.is_file(),
        )

    def _planned(self, path: Path, undo: contextlib.ExitStack) -> Entry:
        """Record a file that is about to be made, and prepare its end."""
        entry = self._using.journal.plan("file", path=str(path))
        undo.callback(entry.gone)
        undo.callback(path.unlink, missing_ok=True)
        return entry

    def _folders(self, folder: Path, undo: contextlib.ExitStack) -> Iterator[Entry]:
        """Make the folders above a file that are missing; each goes with it, if it is empty then."""
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        for each in reversed(missing):
            entry = self._using.journal.plan("directory", path=str(each))
            undo.callback(entry.gone)
            undo.callback(_remove_empty, each)
            each.mkdir()
            self._made.add(each)
            yield entry


def host_of(folder: Path) -> str:
    """Return the machine that ``folder`` is on: the server of the mount it lies in, else this one."""
    try:
        lines = _MOUNTS.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return HERE
    return remote(lines, str(folder.resolve())) or HERE


def remote(mounts: Iterable[str], folder: str) -> str | None:
    """Return the server whose share ``folder`` lies in, by the lines of ``mountinfo``; None for none.

    See proc_pid_mountinfo(5): fields, a hyphen, the type and the source.
    """
    longest, found = "", None
    for line in mounts:
        fields, _, rest = line.partition(" - ")
        point = _OCTAL.sub(lambda match: chr(int(match[1], 8)), fields.split(" ")[4])
        below = folder == point or folder.startswith(point.rstrip("/") + "/")
        if below and len(point) >= len(longest):
            kind, source = rest.split(" ")[:2]
            longest, found = point, source if kind.startswith(_REMOTE) else None
    if found is None:
        return None
    share = found.removeprefix("//").rpartition("@")[2]
    server = share[1 : share.index("]")] if share.startswith("[") else re.split(r"[:/,]", share)[0]
    return machine(server)


def _form(path: Path) -> str:
    if path.is_dir():
        return form_of(path)
    with path.open("rb") as file:
        return names.form(file.read(names.HEAD))


def _artefacts(folder: Path) -> Iterator[Path]:
    """Yield the files below ``folder`` that are backups, and the folders that are a dump each."""
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or (path.name.startswith(".") and path.name.endswith((_OWNED, ".part"))):
            continue
        if path.is_dir() and not (path / _CONTENTS).is_file():
            yield from _artefacts(path)
        elif path.is_dir() or (path.is_file() and not path.name.endswith(MANIFEST)):
            yield path


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def _mark(path: Path) -> Path:
    return path.with_name(f".{path.name}{_OWNED}")


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # somebody else uses it now
        folder.rmdir()


def _room(stage: str, folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size:
        raise DrillError(
            stage, f"{folder}: expected {Size(size)} of free space, found {Size(free)}: make room"
        )


@contextlib.contextmanager
def _told(stage: str, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DrillError(
            stage, f"{what}: {error.strerror or error}: check its rights and its disk"
        ) from error
