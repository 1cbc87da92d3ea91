"""Buckets as folders, for ``aws s3`` and the little of ``aws s3api`` that prune commands call.

What is not known here is told as refused, never guessed: a replay that rests on it says nothing.
"""

import datetime as dt
import fnmatch
import json
import os
import shutil
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_VALUES = frozenset(
    {"--region", "--profile", "--endpoint-url", "--storage-class", "--sse", "--sse-kms-key-id", "--acl",
     "--content-type", "--metadata", "--output", "--query", "--cli-read-timeout", "--cli-connect-timeout",
     "--page-size", "--max-items", "--bucket", "--key", "--prefix", "--delimiter", "--expected-size"}
)  # fmt: skip
_FLAGS = frozenset(
    {"--recursive", "--only-show-errors", "--quiet", "--no-progress", "--delete", "--summarize",
     "--no-cli-pager", "--no-paginate", "--exact-timestamps", "--size-only"}
)  # fmt: skip


class Refusal(Exception):  # noqa: N818 - what aws itself would answer, or what is not played here
    """A call that is not done; ``known`` says whether aws would refuse it as well."""

    def __init__(self, words: str, *, known: bool = False) -> None:
        """Keep the words, and whose they are."""
        super().__init__(words)
        self.known = known


@dataclass(slots=True)
class Call:
    """One call: its words apart from options, and those."""

    words: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    filters: list[tuple[bool, str]] = field(default_factory=list)

    def passes(self, key: str) -> bool:
        """Say whether ``--exclude`` and ``--include``, of which the last that matches counts, let ``key``."""
        return next((let for let, glob in reversed(self.filters) if fnmatch.fnmatchcase(key, glob)), True)


def parse(arguments: list[str]) -> Call:
    """Read the arguments of ``aws``; raise ``Refusal`` for an option that is not played here."""
    call, rest = Call(), iter(arguments)
    for word in rest:
        name, equals, value = word.partition("=")
        if word in {"--exclude", "--include"}:
            call.filters.append((word == "--include", next(rest, "")))
        elif name in _VALUES:
            call.options[name] = value if equals else next(rest, "")
        elif word in _FLAGS:
            call.options[word] = ""
        elif word.startswith("--"):
            raise Refusal(f"aws {word}")
        else:
            call.words.append(word)
    return call


@dataclass(frozen=True, slots=True)
class Buckets:
    """Buckets below ``root``; ``now`` gives the simulated Unix time, ``zone`` is how times are shown."""

    root: Path
    now: Callable[[], float]
    zone: str

    def answer(  # noqa: PLR0911 - one for each verb
        self, arguments: list[str], cwd: Path, stdin: Path | None
    ) -> bytes:
        """Do what ``aws`` is asked and return what it prints; raise ``Refusal``."""
        call = parse(arguments)
        match call.words:
            case ["--version"]:
                return b"aws-cli/2 (simulated)\n"
            case ["s3", "ls"]:
                return "".join(
                    f"{self._shown(self.now())} {p.name}\n" for p in sorted(self.root.iterdir())
                ).encode()
            case ["s3", "ls", address]:
                return self._ls(address, call).encode()
            case ["s3", "rm", address]:
                return self._rm(address, call).encode()
            case ["s3", "cp" | "mv" as verb, source, target]:
                return self._copy(source, target, call, cwd, stdin, move=verb == "mv")
            case ["s3", "sync", source, target]:
                return self._sync(source, target, call, cwd)
            case ["s3api", "list-objects" | "list-objects-v2"]:
                return self._list(call).encode()
            case ["s3api", "delete-object"]:
                self._path(f"s3://{call.options.get('--bucket', '')}/{call.options.get('--key', '')}").unlink(
                    missing_ok=True
                )
                return b""
            case _:
                raise Refusal("aws " + " ".join(call.words[:2]))

    def _path(self, address: str) -> Path:
        bucket, _, key = address.removeprefix("s3://").partition("/")
        if not (self.root / bucket).is_dir() or not bucket:
            raise Refusal(f"NoSuchBucket: The specified bucket does not exist: {bucket}", known=True)
        path = self.root / bucket / key
        if not path.resolve().is_relative_to((self.root / bucket).resolve()):
            raise Refusal(f"aws with the key {key}")
        return path

    def _keys(self, address: str) -> Iterator[tuple[str, Path]]:
        """Yield each object of the bucket whose key begins as ``address`` says, in order."""
        bucket, _, prefix = address.removeprefix("s3://").partition("/")
        top = self._path(f"s3://{bucket}")
        found = (
            (str(path.relative_to(top)), path)
            for folder, _, files in os.walk(top)
            for path in (Path(folder, name) for name in files)
        )
        yield from sorted(each for each in found if each[0].startswith(prefix))

    def _shown(self, at: float) -> str:
        return dt.datetime.fromtimestamp(at, zoneinfo.ZoneInfo(self.zone)).strftime("%Y-%m-%d %H:%M:%S")

    def _ls(self, address: str, call: Call) -> str:
        prefix = address.removeprefix("s3://").partition("/")[2]
        base = prefix.rpartition("/")[0] + "/" if "/" in prefix else ""
        lines, folders, whole = [], dict[str, None](), 0
        for key, path in self._keys(address):
            name = key.removeprefix(base)
            if "--recursive" not in call.options and "/" in name:
                folders[name.partition("/")[0]] = None
                continue
            status = path.stat()
            whole += status.st_size
            shown = key if "--recursive" in call.options else name
            lines.append(f"{self._shown(status.st_mtime)} {status.st_size:10} {shown}\n")
        if not lines and not folders and prefix:
            raise Refusal("", known=True)
        summary = (
            f"\nTotal Objects: {len(lines)}\n   Total Size: {whole}\n"
            if "--summarize" in call.options
            else ""
        )
        return "".join(f"{'PRE':>30} {name}/\n" for name in folders) + "".join(lines) + summary

    def _rm(self, address: str, call: Call) -> str:
        if "--recursive" not in call.options:
            self._path(address).unlink(missing_ok=True)
            return f"delete: {address}\n"
        base = address.removeprefix("s3://").partition("/")[2].rstrip("/")
        gone = [
            (key, path)
            for key, path in self._keys(address)
            if call.passes(key.removeprefix(base).lstrip("/"))
        ]
        for _, path in gone:
            path.unlink()
        return "".join(f"delete: {key}\n" for key, _ in gone)

    def _copy(
        self, source: str, target: str, call: Call, cwd: Path, stdin: Path | None, *, move: bool
    ) -> bytes:
        if "--recursive" in call.options:
            ends = source.rstrip("/"), target.rstrip("/")
            names = [name for name in self._names(source, cwd) if call.passes(name)]
            done = [
                self._one(f"{ends[0]}/{name}", f"{ends[1]}/{name}", cwd, None, move=move) for name in names
            ]
            return b"".join(done)
        return self._one(source, target, cwd, stdin, move=move)

    def _one(self, source: str, target: str, cwd: Path, stdin: Path | None, *, move: bool) -> bytes:
        origin = stdin if source == "-" and stdin else self._path(source) if _remote(source) else cwd / source
        if not origin.is_file():
            words = "An error occurred (404) when calling the HeadObject operation: Key does not exist"
            missing = f"The user-provided path {source} does not exist."
            raise Refusal(words if _remote(source) else missing, known=True)
        if target == "-":
            return origin.read_bytes()
        goal = self._path(target) if _remote(target) else cwd / target
        if target.endswith("/") or goal.is_dir():
            goal /= origin.name
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(origin, goal)
        at = origin.stat().st_mtime
        if _remote(target):
            os.utime(goal, (self.now(), self.now()))
        elif not _remote(source):
            os.utime(goal, (at, at))
        if move:
            origin.unlink()
        return f"{'move' if move else 'copy'}: {source} to {target}\n".encode()

    def _names(self, place: str, cwd: Path) -> list[str]:
        if _remote(place):
            base = place.removeprefix("s3://").partition("/")[2].rstrip("/")
            return [key.removeprefix(base).lstrip("/") for key, _ in self._keys(place.rstrip("/") + "/")]
        top = cwd / place
        return sorted(str(path.relative_to(top)) for path in top.rglob("*") if path.is_file())

    def _sync(self, source: str, target: str, call: Call, cwd: Path) -> bytes:
        wanted = [name for name in self._names(source, cwd) if call.passes(name)]
        there = [name for name in self._names(target, cwd) if call.passes(name)]
        said = []
        for name in wanted:
            origin = self._path(f"{source.rstrip('/')}/{name}") if _remote(source) else cwd / source / name
            goal = self._path(f"{target.rstrip('/')}/{name}") if _remote(target) else cwd / target / name
            if not goal.is_file() or goal.stat().st_size != origin.stat().st_size:
                said.append(
                    self._one(
                        f"{source.rstrip('/')}/{name}", f"{target.rstrip('/')}/{name}", cwd, None, move=False
                    )
                )
        if "--delete" in call.options:
            for name in set(there) - set(wanted):
                (
                    self._path(f"{target.rstrip('/')}/{name}") if _remote(target) else cwd / target / name
                ).unlink()
        return b"".join(said)

    def _list(self, call: Call) -> str:
        contents = []
        for key, path in self._keys(
            f"s3://{call.options.get('--bucket', '')}/{call.options.get('--prefix', '')}"
        ):
            status = path.stat()
            at = dt.datetime.fromtimestamp(status.st_mtime, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
            contents.append({"Key": key, "LastModified": at, "Size": status.st_size})
        found: object = {"Contents": contents} if contents else {}
        if "--delimiter" in call.options:
            raise Refusal("aws s3api list-objects --delimiter")
        if "--query" in call.options:
            found = _queried(call.options["--query"], found)
        return _written(found, call.options.get("--output", "json"))


def _remote(place: str) -> bool:
    return place.startswith("s3://")


def _queried(query: str, found: object) -> object:
    try:
        import jmespath
    except ImportError:
        raise Refusal("aws --query without jmespath: install the extra `backup`") from None
    try:
        return jmespath.search(query, found)
    except jmespath.exceptions.JMESPathError as error:
        raise Refusal(f"Bad value for --query {query}: {error}", known=True) from error


def _written(found: object, form: str) -> str:
    if form == "json":
        return json.dumps(found, indent=4) + "\n"
    if form != "text":
        raise Refusal(f"aws --output {form}")
    rows: list[Any] = found if isinstance(found, list) else [found]
    if all(isinstance(row, str | int | float) or row is None for row in rows):
        # a list of values is one line, as aws writes it
        return "\t".join("None" if row is None else str(row) for row in rows) + "\n"
    if all(isinstance(row, list) for row in rows):
        return "".join("\t".join(map(str, row)) + "\n" for row in rows)
    raise Refusal("aws --output text of objects")
