"""``aws s3`` on folders: a bucket is a folder below one that is named first.

Covers ``cp``, ``mv``, ``rm``, ``ls`` and ``sync`` between files and ``s3://`` with the options that
backup scripts use; anything else ends with 252, as the real program does for what it does not know.
Standard library only: run as ``python -I bucket.py FOLDER s3 cp …``.
"""

import fnmatch
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

_UNKNOWN, _FAILED = 252, 1
#: options with a value that make no difference to files
_VALUED = frozenset(
    {
        "--acl", "--cli-connect-timeout", "--cli-read-timeout", "--content-type", "--endpoint-url",
        "--expected-size", "--metadata", "--output", "--profile", "--region", "--sse", "--sse-kms-key-id",
        "--storage-class",
    }
)  # fmt: skip
_FLAGS = frozenset(
    {
        "--delete", "--dryrun", "--force", "--human-readable", "--no-guess-mime-type", "--no-progress",
        "--only-show-errors", "--quiet", "--recursive", "--size-only", "--summarize",
    }
)  # fmt: skip


class UsageError(Exception):
    """Something this does not cover."""


class Failed(Exception):  # noqa: N818 - what the real program calls it
    """What the real program would fail with, too."""


class Aws:
    """One call."""

    def __init__(self, root: Path, words: list[str]) -> None:
        """Tell options from places."""
        self.root = root
        self.flags: set[str] = set()
        self.filters: list[tuple[bool, str]] = []
        self.places: list[str] = []
        rest = iter(words)
        for word in rest:
            option, equals, value = word.partition("=")
            if option in {"--exclude", "--include"}:
                self.filters.append((option == "--include", value if equals else next(rest, "")))
            elif option in _VALUED:
                _ = value if equals else next(rest, "")
            elif word in _FLAGS:
                self.flags.add(word)
            elif word.startswith("--"):
                raise UsageError(f"Unknown options: {word}")
            else:
                self.places.append(word)

    def act(self) -> None:
        """Do what was asked."""
        service, *rest = self.places or [""]
        if service != "s3" or not rest:
            raise UsageError(f"{' '.join(self.places[:2])}: only `aws s3 cp|mv|rm|ls|sync` work on folders")
        command, *places = rest
        acts: dict[str, Callable[..., None]]
        acts = {"cp": self.copy, "mv": self.move, "rm": self.remove, "ls": self.show, "sync": self.sync}
        if command not in acts:
            raise UsageError(f"s3 {command}: only cp, mv, rm, ls and sync work on folders")
        wanted = {"cp": 2, "mv": 2, "sync": 2, "rm": 1}.get(command)
        if wanted is not None and len(places) != wanted:
            raise UsageError(f"s3 {command}: expected {wanted} places, got {len(places)}")
        acts[command](*places)

    def local(self, place: str) -> Path:
        """Return the file or folder that ``place`` is; its bucket has to exist."""
        if not place.startswith("s3://"):
            return Path(place)
        bucket, _, key = place.removeprefix("s3://").partition("/")
        if not bucket or {"..", "."} & set(key.split("/")) or not (self.root / bucket).is_dir():
            raise Failed(f"An error occurred (NoSuchBucket): The specified bucket does not exist: {bucket}")
        return self.root / bucket / key

    def copy(self, source: str, target: str, *, moving: bool = False) -> None:
        """``cp``: one file, or all with ``--recursive``; ``-`` is a standard stream."""
        if "s3://" not in source[:5] + target[:5]:
            raise UsageError("s3 cp: expected at least one s3:// place")
        if source == "-":
            self._put(target).write_bytes(sys.stdin.buffer.read())
            return
        origin = self.local(source)
        if "--recursive" in self.flags:
            for name in self._names(origin):
                self._transfer(origin / name, self.local(target) / name, moving=moving)
            return
        if not origin.is_file():
            missing = "An error occurred (404) when calling the HeadObject operation: Not Found"
            raise Failed(
                f"fatal error: {missing}"
                if source.startswith("s3://")
                else f"The user-provided path {source} does not exist."
            )
        if target == "-":
            sys.stdout.buffer.write(origin.read_bytes())
            return
        if target.startswith("s3://"):
            inside = target.endswith("/") or "/" not in target.removeprefix("s3://")
        else:
            inside = target.endswith("/") or Path(target).is_dir()
        goal = self.local(target)
        self._transfer(origin, goal / origin.name if inside else goal, moving=moving)

    def move(self, source: str, target: str) -> None:
        """``mv``."""
        self.copy(source, target, moving=True)

    def remove(self, place: str) -> None:
        """``rm``: what is not there is no error, as in S3."""
        if not place.startswith("s3://"):
            raise UsageError("s3 rm: expected an s3:// place")
        path = self.local(place)
        names = self._names(path) if "--recursive" in self.flags else [""]
        for name in names:
            each = path / name if name else path
            if "--dryrun" not in self.flags and each.is_file():
                each.unlink()
            self._say(f"delete: {place.rstrip('/')}/{name}".rstrip("/"))

    def show(self, place: str = "") -> None:
        """``ls``: buckets, or what begins with a key; folders first; 1 where nothing is."""
        if not place or place == "s3://":
            for each in sorted(self.root.iterdir()):
                self._say(f"{_when(each)} {each.name}", always=True)
            return
        path = self.local(place)
        bucket = self._bucket(path)
        whole = place.endswith("/") or path == bucket
        parent, prefix = (path, "") if whole else (path.parent, path.name)
        found = [
            each for each in (parent.iterdir() if parent.is_dir() else ()) if each.name.startswith(prefix)
        ]
        if "--recursive" in self.flags:
            files = sorted(each for top in found for each in (_files(top) if top.is_dir() else [top]))
            lines = [_line(each, str(each.relative_to(bucket))) for each in files]
        else:
            lines = [f"{'PRE':>30} {each.name}/" for each in sorted(found) if each.is_dir()]
            lines += [_line(each, each.name) for each in sorted(found) if each.is_file()]
        for line in lines:
            self._say(line, always=True)
        if not lines and place.removeprefix("s3://").strip("/").count("/"):
            raise Failed("")

    def sync(self, source: str, target: str) -> None:
        """``sync``: what is new or changed; with ``--delete`` also what is gone."""
        origin, goal = self.local(source), self.local(target)
        names = self._names(origin)
        for name in names:
            old, new = goal / name, origin / name
            same = old.is_file() and old.stat().st_size == new.stat().st_size
            if not (same and ("--size-only" in self.flags or old.stat().st_mtime >= new.stat().st_mtime)):
                self._transfer(new, old, moving=False)
        if "--delete" in self.flags:
            for name in set(self._names(goal)) - set(names):
                self._say(f"delete: {name}")
                if "--dryrun" not in self.flags:
                    (goal / name).unlink()

    def _transfer(self, source: Path, target: Path, *, moving: bool) -> None:
        if "--dryrun" not in self.flags:
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.part")
            shutil.copyfile(source, part)
            part.replace(target)
            if moving:
                source.unlink()
        self._say(f"{'move' if moving else 'copy'}: {source.name} to {target.name}")

    def _put(self, place: str) -> Path:
        path = self.local(place)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _names(self, folder: Path) -> list[str]:
        names = [str(each.relative_to(folder)) for each in _files(folder)]
        return sorted(name for name in names if self._wanted(name))

    def _wanted(self, name: str) -> bool:
        wanted = True
        for include, pattern in self.filters:  # the last that matches decides
            if fnmatch.fnmatchcase(name, pattern):
                wanted = include
        return wanted

    def _bucket(self, path: Path) -> Path:
        return self.root / path.relative_to(self.root).parts[0]

    def _say(self, text: str, *, always: bool = False) -> None:
        if always or not {"--quiet", "--only-show-errors"} & self.flags:
            print(text)  # noqa: T201 - what the real program prints


def _files(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file() and not each.name.endswith(".part")]


def _line(path: Path, name: str) -> str:
    return f"{_when(path)} {path.stat().st_size:>10} {name}"


def _when(path: Path) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(path.stat().st_mtime))


def main(root: str, words: list[str]) -> int:
    """Act as ``aws``; return what to end with."""
    if words[:1] == ["--version"]:
        print("aws-cli/0 deploy-verify/folders")  # noqa: T201 - the answer
        return 0
    try:
        Aws(Path(root), words).act()
    except UsageError as error:
        sys.stderr.write(f"aws: error: {error}\n")
        return _UNKNOWN
    except (Failed, OSError) as error:
        sys.stderr.write(f"{error}\n" if str(error) else "")
        return _FAILED
    return 0


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
