"""A folder of stand-ins that goes first on a script's PATH, and what they noted."""

import ast
import py_compile
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from verify.drills.script import bucket, shim
from verify.facts.backup import Step
from verify.model.units import Duration

#: program -> stage when it is called while a backup is made, and while one is restored
STAGES = {
    "pg_dump": ("take", "restore"),
    "pg_dumpall": ("take", "restore"),
    "psql": ("take", "restore"),
    "pg_restore": ("take", "restore"),
    "gzip": ("take", "decompress"),
    "gunzip": ("take", "decompress"),
    "zcat": ("take", "decompress"),
    "zstd": ("take", "decompress"),
    "tar": ("take", "decompress"),
    "age": ("take", "decrypt"),
    "gpg": ("take", "decrypt"),
    "openssl": ("take", "decrypt"),
    "aws": ("store", "fetch"),
    "find": ("store", "fetch"),
    "rm": ("store", "fetch"),
}
#: without its virtual environment, of which they use nothing, it starts a millisecond sooner
_PYTHON = str(Path(sys.executable).resolve())
#: characters that the kernel reads of a program's first line, less what we add; bytes before a .pyc's code
_LONGEST, _PYC_HEADER = 110, 16
#: what reads the source's rows in another way than under a snapshot of ours
_OTHERWISE = frozenset({"pg_dumpall", "psql"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a program: bytes ``read`` and ``wrote`` are those of files and pipes.

    ``returncode`` is negative for a signal and None where the call had not ended with the script;
    ``under_snapshot`` whether it dumped under the session's snapshot; ``words`` its standard error,
    where it was kept.
    """

    name: str
    arguments: tuple[str, ...]
    returncode: int | None = None
    seconds: float = 0.0
    read: int = 0
    wrote: int = 0
    under_snapshot: bool = False
    words: str = ""

    def step(self, *, restoring: bool) -> Step:
        """Return it as a step of its stage."""
        return Step(
            stage=STAGES[self.name][restoring],
            argv=(self.name, *self.arguments),
            returncode=self.returncode,
            took=Duration(self.seconds),
            size=self.wrote,
            words=self.words.strip()[-2000:],
            timed_out=self.returncode is None,
        )


@dataclass(slots=True)
class Shims:
    """The stand-ins in ``folder`` for every program of ``STAGES`` that is found on ``path``."""

    folder: Path
    tools: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def make(
        cls,
        folder: Path,
        path: str,
        *,
        snapshot: str = "",
        buckets: Path | None = None,
        instead: Path | None = None,
    ) -> "Shims":
        """Write them into the new folder ``folder``.

        ``pg_dump`` gets ``snapshot``. With ``buckets``, ``aws s3`` works on folders below it
        instead of asking anybody. PostgreSQL's programs are those in ``instead`` where ``path``
        has none.
        """
        folder.mkdir(mode=0o700)
        programs = folder / "bin"
        programs.mkdir()
        tools = {name: found for name in STAGES if (found := shutil.which(name, path=path))}
        for name in ("pg_dump", "pg_dumpall", "psql", "pg_restore"):
            if instead is not None and (instead / name).exists():
                tools.setdefault(name, str(instead / name))
        if buckets is not None:
            tools["aws"] = str(_aws(folder, buckets))
        lines = [f"{name}={real}\n" for name, real in tools.items()]
        if snapshot:
            lines.append(f"snapshot:pg_dump={snapshot}\n")
        (folder / "tools").write_text("".join(lines))
        # compiled once here: compiling it in each call would take as long as all the rest of it
        compiled = py_compile.compile(shim.__file__, str(folder / "shim.pyc"), doraise=True)
        for name in tools:
            _stand_in(programs / name, str(compiled), str(folder), name)
        return cls(folder, tools)

    def on(self, path: str) -> str:
        """Return ``path`` with the stand-ins before everything else."""
        return f"{self.folder / 'bin'}:{path}"

    def calls(self) -> tuple[Call, ...]:
        """Return what was called so far, in the order of the calls."""
        log = self.folder / "calls"
        begun: dict[bytes, tuple[bytes, list[bytes]]] = {}
        ended: dict[bytes, tuple[int, float, int, int, bool, bytes]] = {}
        for line in log.read_text("ascii").splitlines() if log.exists() else ():
            kind, number, *rest = ast.literal_eval(line)
            if kind == "begin":
                begun[number] = (rest[0], rest[1])
            else:
                ended[number] = (rest[0], rest[1], rest[2], rest[3], rest[4], rest[5])
        return tuple(_call(begun[number], ended.get(number)) for number in begun)


def exact(calls: tuple[Call, ...]) -> bool:
    """Say whether everything that was dumped was dumped under the session's snapshot."""
    dumps = [call for call in calls if call.name == "pg_dump" and call.returncode == 0]
    otherwise = [call for call in calls if call.name in _OTHERWISE and not _of_roles_alone(call)]
    return bool(dumps) and all(call.under_snapshot for call in dumps) and not otherwise


def _of_roles_alone(call: Call) -> bool:
    return call.name == "pg_dumpall" and not {"-g", "--globals-only", "-r", "--roles-only"}.isdisjoint(
        call.arguments
    )


def _call(begun: tuple[bytes, list[bytes]], ended: tuple[int, float, int, int, bool, bytes] | None) -> Call:
    name, arguments = begun
    words = tuple(each.decode("utf-8", "replace") for each in arguments)
    if ended is None:
        return Call(name=name.decode(), arguments=words)
    status, seconds, read, wrote, used, said = ended
    return Call(
        name=name.decode(),
        arguments=words,
        returncode=status,
        seconds=seconds,
        read=read,
        wrote=wrote,
        under_snapshot=used,
        words=said.decode("utf-8", "replace"),
    )


def _aws(folder: Path, buckets: Path) -> Path:
    real = folder / "aws-in-folders"
    _program(real, [_PYTHON, "-I", bucket.__file__, str(buckets)])
    return real


def _stand_in(path: Path, compiled: str, folder: str, name: str) -> None:
    """Write the stand-in ``name``; the kernel starts the interpreter itself, where it can."""
    if len(_PYTHON) > _LONGEST or set(_PYTHON) & set(" \t\n"):
        _program(path, [_PYTHON, "-I", "-S", compiled, folder, name])
        return
    path.write_text(
        f"#!{_PYTHON} -IS\nimport marshal, sys\nsys.argv[1:1] = [{folder!r}, {name!r}]\n"
        f"with open({compiled!r}, 'rb') as file:\n    exec(marshal.loads(file.read()[{_PYC_HEADER}:]))\n"
    )
    path.chmod(0o700)


def _program(path: Path, argv: list[str]) -> None:
    """Write a program that becomes ``argv``: a line of sh, for interpreters' paths may hold blanks."""
    path.write_text(f'#!/bin/sh\nexec {shlex.join(argv)} "$@"\n')
    path.chmod(0o700)
