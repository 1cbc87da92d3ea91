"""Looks when files were changed last: by git where it knows them, whose checkout dates files anew."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from verify.collectors.files import candidates
from verify.collectors.world import World, in_turn
from verify.effects.errors import EffectError, ProcessError
from verify.effects.process import Finished, clean_environment, run
from verify.facts.changes import Changes, LastChange
from verify.model.need import Need

DEADLINE = 20.0  # seconds for each question
_OFF = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_NAMES = 200  # of files in one question


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    at: float
    path: str
    told: str


def collect(needs: tuple[LastChange, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each newest change."""
    yield from in_turn(_see, needs, world)


def _see(need: LastChange, world: World) -> Changes:
    paths, missed = candidates(world.root, need.patterns)
    if missed:
        raise EffectError(missed[0].reason)  # what is hidden may have been changed last
    files = [path.relative_to(world.root).as_posix() for path in paths]
    committed = _committed(world.root, files)
    changes = [
        _Change(at=(world.root / path).stat().st_mtime, path=path, told="the file")
        for path in files
        if path not in committed
    ]
    groups = [sorted(committed)[begin : begin + _NAMES] for begin in range(0, len(committed), _NAMES)]
    changes += [_newest(world.root, group) for group in groups]
    if not changes:
        return Changes(count=0)
    last = max(changes, key=lambda each: each.at)
    return Changes(count=len(files), path=last.path, changed=last.at, told=last.told)


def _committed(root: Path, files: list[str]) -> frozenset[str]:
    """Return those of ``files`` that are as git has them; none where there is no git, or no repository."""
    if not files:
        return frozenset()
    with contextlib.suppress(ProcessError):  # it is not installed
        shallow = _git(root, "rev-parse", "--is-shallow-repository")
        if shallow.ok:
            known = _paths(_asked(root, "ls-files", "-z"))
            changed = _paths(_asked(root, "diff", "--name-only", "--relative", "-z", "HEAD", "--"))
            found = frozenset(files) & (known - changed)
            if found and shallow.stdout.strip() == b"true":
                raise EffectError(
                    f"{root}: its history was cut when it was cloned, so that every file looks changed "
                    "by the last commit: fetch all of it (fetch-depth: 0)"
                )
            return found
    return frozenset()


def _newest(root: Path, paths: list[str]) -> _Change:
    said = _asked(root, "log", "-1", "--format=%ct", "--name-only", "--relative", "--", *paths)
    moment, *names = said.decode("utf-8", "replace").split("\n")
    named = next((name for name in names if name in paths), paths[0])
    return _Change(at=float(moment), path=named, told="git")


def _paths(listed: bytes) -> frozenset[str]:
    return frozenset(name.decode("utf-8", "surrogateescape") for name in listed.split(b"\0") if name)


def _asked(root: Path, *words: str) -> bytes:
    done = _git(root, *words)
    if not done.ok:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())[-300:]
        raise EffectError(f"{root}: git {words[0]} could not tell what was changed: {said or 'no answer'}")
    return done.stdout


def _git(root: Path, *words: str) -> Finished:
    argv = ["git", "-c", "core.quotePath=false", "-c", "core.fsmonitor=false", "--literal-pathspecs", *words]
    return run(argv, deadline=DEADLINE, env={**clean_environment(), **_OFF}, cwd=root)
