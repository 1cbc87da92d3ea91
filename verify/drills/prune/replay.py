"""Replays a team's own commands over simulated days, to see what they keep and what they delete.

The scripts run as they are, once a simulated day, in a folder that the kernel keeps them in. The
clock stands in programs: ``date`` tells the simulated time, files are given the age that they
would have, ``aws`` serves buckets that are folders, and ``pg_dump`` writes a few lines. After
``days`` every dump fails, and the commands go on, as a cron job does: is the last good one left?
"""

import json
import os
import re
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import verify
from verify.contract.backup import Command
from verify.drills.errors import DrillError
from verify.drills.prune import programs
from verify.effects.errors import ProcessError
from verify.effects.journal import Journal
from verify.effects.process import clean_environment, run
from verify.facts.prune import Copy, Ended, Loss, Replayed
from verify.facts.schedule import Schedule
from verify.model.units import seconds

#: days between two runs after the last good dump: each weekday comes
_STEP = 8
_FROM = 1_767_225_600.0  # 2026-01-01: a whole year without a leap day, and its changes of the clock
_STAGE = "store"
_SHELLS = frozenset({"sh", "bash", "dash", "ksh", "zsh", "env"})
#: how a script gets at the time past every stand-in
_OWN_CLOCK = re.compile(
    r"EPOCHSECONDS|EPOCHREALTIME|%\([^)]*\)T|(?<![\w.-])/(?:usr/)?(?:local/)?bin/(?:date|stat|aws|python\S*|perl)\b"
)
_MAIN = "import sys; sys.path.insert(0, sys.argv[1]); from verify.drills.prune.days import main; main()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is replayed.

    ``commands`` are run in this order on each of ``days`` at the times of ``schedule``, from the
    folder ``cwd``; ``names`` are patterns of strftime for a backup that is not made by them;
    ``store`` is an address ``s3://bucket/prefix``, else the store is a folder. After these days
    follow ``silent`` more runs, eight days apart, in which every dump fails.
    """

    backup: str
    commands: Sequence[Command]
    cwd: Path
    schedule: Schedule
    names: tuple[str, ...] = ()
    store: str | None = None
    days: int = 400
    silent: int = 50
    start: float = _FROM


def replay(
    plan: Plan,
    root: Path,
    *,
    deadline: float,
    journal: Journal | None = None,
    stopping: threading.Event | None = None,
) -> Replayed:
    """Run ``plan`` in ``root``, a new empty folder of ours, for at most ``deadline`` seconds.

    Raise ``DrillError`` where the commands cannot be replayed: they keep their own time, call what
    is not played, write outside of their folder, make no backup, or do not end;
    and once ``stopping`` is set.
    """
    began = time.monotonic()
    places, bucket = _layout(plan, root)
    zone = plan.schedule.zone
    times = _times(plan)
    own = [_program(command, plan, root, bucket) for command in plan.commands]
    order = {
        "root": str(root),
        "cwd": str(plan.cwd.absolute()),
        "zone": zone,
        "times": times,
        "silent": plan.days,
        "names": plan.names,
        "places": places,
        "programs": own,
    }
    seen = _lived(order, deadline, journal, stopping)
    copies = tuple(Copy(**each) for each in seen["copies"])
    ended = tuple(Ended(**each) for each in seen["ended"])
    if not any(copy.good for copy in copies):
        words = f": {ended[0].program} ended with {ended[0].returncode}: {ended[0].words}" if ended else ""
        raise DrillError(
            _STAGE,
            f"{plan.backup}: no run left a backup in {{folder}} or {{store}}"
            f"{words or ': name them in `env:`'}; a replay may write nowhere else",
        )
    return Replayed(
        backup=plan.backup,
        zone=zone,
        times=tuple(times),
        silent=plan.days,
        copies=copies,
        losses=tuple(Loss(**each) for each in seen["losses"]),
        ended=ended,
        took=seconds(time.monotonic() - began),
    )


def _times(plan: Plan) -> list[float]:
    """Return when it runs: the last time of each day that has one, then every eighth day."""
    comes = plan.schedule.iterate(plan.start)
    times = [next(comes)]
    for at in comes:
        if at - times[-1] < 43200:  # noqa: PLR2004 - half a day: one backup a day is enough to see
            continue
        times.append(at)
        if len(times) == plan.days:
            break
    silent = (
        plan.schedule.next(times[-1] + (number * _STEP - 0.5) * 86400) for number in range(1, plan.silent + 1)
    )
    return [*times, *dict.fromkeys(silent)]


def _layout(plan: Plan, root: Path) -> tuple[list[tuple[str, str, bool]], str]:
    """Make the folders; return the places with whether ages are relative, and the bucket's name."""
    for name in ("folder", "store", "buckets", "calls", "tmp", "home"):
        (root / name).mkdir()
    try:
        programs.install(root / "bin")
    except programs.MissingError as error:
        raise DrillError(_STAGE, str(error)) from error
    os.mkfifo(root / "calls" / "new", 0o600)
    for number in range(programs.SLOTS):
        (root / "calls" / str(number)).mkdir()
        os.mkfifo(root / "calls" / str(number) / "answer", 0o600)
    folder = ("folder", str(root / "folder"), True)
    if plan.store is None or not plan.store.startswith("s3://"):
        return [folder, ("store", str(root / "store"), True)], ""
    bucket, _, prefix = plan.store.removeprefix("s3://").partition("/")
    place = root / "buckets" / bucket / prefix
    place.mkdir(parents=True)
    return [folder, ("store", str(place), False)], bucket


def _program(command: Command, plan: Plan, root: Path, bucket: str) -> dict[str, Any]:
    values = {
        "folder": str(root / "folder"),
        "store": plan.store if bucket else str(root / "store"),
        "bucket": bucket,
        "endpoint": "http://localhost:1",
        "run_id": "replay",
        "key": "simulated",
        **{
            f"{side}{part}": value
            for side in ("source", "target")
            for part, value in (
                ("", "postgresql://simulated@localhost/simulated"), ("_host", "localhost"), ("_port", "5432"),
                ("_user", "simulated"), ("_password", "simulated"), ("_name", "simulated"),
            )
        },
    }  # fmt: skip

    def filled(text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda match: str(values.get(match[1], match[0])), text)

    argv = [filled(word) for word in command.run]
    script = (plan.cwd / argv[0]).absolute()
    if script.is_file():
        argv[0] = str(script)
        _readable_clock(script)
    env = clean_environment({name: filled(text) for name, text in command.env.items()})
    env |= {
        "PATH": f"{root / 'bin'}:{env.get('PATH') or '/usr/bin:/bin'}",
        "HOME": str(root / "home"),
        "TMPDIR": str(root / "tmp"),
        "TZ": plan.schedule.zone,
        "LC_ALL": "C",  # as from cron; another locale is loaded by each of thousands of programs
    }
    return {"argv": argv, "env": env, "within": float(command.within)}


def _readable_clock(script: Path) -> None:
    """Refuse a script, or one beside it that it names, that gets its time past the stand-ins."""
    text = script.read_text(encoding="utf-8", errors="replace")
    shebang = re.match(r"#![ \t]*(\S+)(?:[ \t]+(\S+))?", text)
    named = [Path(word).name for word in shebang.groups() if word] if shebang else ["sh"]
    if not set(named) <= _SHELLS | {word for word in named if word.startswith("-")}:
        raise DrillError(
            _STAGE, f"{script}: {named[-1]} keeps its own time: only scripts of a shell are replayed"
        )
    beside = (path for path in script.parent.iterdir() if path.is_file() and path.name in text)
    for path in (script, *sorted(set(beside) - {script})):
        found = _OWN_CLOCK.search(path.read_text(encoding="utf-8", errors="replace"))
        if found:
            raise DrillError(
                _STAGE, f"{path}: {found[0]} tells the real time: call `date` by its name to be replayed"
            )


def _lived(
    order: Mapping[str, Any], deadline: float, journal: Journal | None, stopping: threading.Event | None
) -> dict[str, Any]:
    argv = [sys.executable, "-I", "-B", "-c", _MAIN, str(Path(verify.__path__[0]).parent)]
    try:
        done = run(
            argv,
            deadline=deadline,
            input=json.dumps(order).encode(),
            journal=journal,
            limit=1 << 26,
            stopping=stopping,
        )
    except ProcessError as error:
        raise DrillError(_STAGE, str(error)) from error
    if done.timed_out:
        raise DrillError(
            _STAGE, f"{len(order['times'])} runs did not end within {deadline:g} s: raise `within:`"
        )
    if not done.ok or done.truncated:
        words = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise DrillError(_STAGE, f"the replay ended with {done.returncode}: {words}")
    seen: dict[str, Any] = json.loads(done.stdout)
    if "halted" in seen:
        raise DrillError(_STAGE, seen["halted"])
    return seen
