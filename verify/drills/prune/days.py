"""Lives through the simulated days, in a process of its own that can change nothing outside of its root.

It reads its plan as JSON and prints what it saw as JSON: a program, started by ``replay``.
"""

import datetime as dt
import hashlib
import json
import os
import re
import select
import stat
import subprocess
import sys
import threading
import time
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from verify.drills.prune.bucket import Buckets, Refusal
from verify.drills.prune.confine import ConfineError, confine
from verify.facts.beside import is_proof

BYSTANDER = "README.md"
_WORDS = 500
_MOST_ENDED = 20
#: what `read` of a shell gives back as it was, and a pipe takes at once
_ONE_LINE = re.compile(rb"[!-~](?:[ -~]{0,500}[!-~])?\n")
DAY = 86400.0


class HaltError(Exception):
    """The replay cannot go on; the message says why."""


@dataclass(slots=True)
class Place:
    """A folder with copies; where its times are ``relative``, they are moved so that ages are right."""

    where: str
    path: str
    relative: bool
    #: by path: inode, size and time as left, with the digest of what it holds
    known: dict[str, tuple[int, int, int, str]] = field(default_factory=dict)
    #: simulated times of what is there, folders too
    times: dict[str, float] = field(default_factory=dict)
    #: real times that it was given, in nanoseconds
    left: dict[str, int] = field(default_factory=dict)
    present: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)


class Days:
    """The days of one replay."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        """Take over what was planned; ``confine`` has been called."""
        self.plan = plan
        self.root = Path(plan["root"])
        self.now, self.real = 0.0, 0
        self.places = [
            Place(where=where, path=path, relative=relative) for where, path, relative in plan["places"]
        ]
        #: what a content was first seen with: which backup it is
        self.firsts: dict[str, tuple[float, bool]] = {}
        self.copies: list[dict[str, Any]] = []
        self.losses: list[dict[str, Any]] = []
        self.ended: list[dict[str, Any]] = []

    def live(self) -> dict[str, Any]:
        """Go through every run and return what was seen."""
        for place in self.places:
            bystander = f"{place.path}/{BYSTANDER}"
            Path(bystander).write_text("What lies here, and for how long.\n", encoding="utf-8")
            old = self.plan["times"][0] - 1000 * DAY
            place.times |= {place.path: old, bystander: old}
        for run, now in enumerate(self.plan["times"]):
            self._run(run, now)
        return {"copies": self.copies, "losses": self.losses, "ended": self.ended}

    def _run(self, run: int, now: float) -> None:
        failing = run >= self.plan["silent"]
        self.now, self.real = now, int(time.time())
        (self.root / "clock").write_text(f"{int(now)} {int(now) - self.real}\n", encoding="ascii")
        if run in {0, self.plan["silent"]}:
            (self.root / "mode").write_text("failing\n" if failing else "ok\n", encoding="ascii")
        for place in self.places:
            self._move(place)
        # what the kernel notes as a file's time may lie behind the clock, by less than a minute at any rate
        before = time.time_ns() - 60 * 10**9
        if not failing:
            self._name(now)
        for program in self.plan["programs"]:
            self._start(program, run, failing=failing)
        for place in self.places:
            self._look(place, run, before, failing=failing)

    def _move(self, place: Place) -> None:
        """Give everything the age that it has in the simulation."""
        if not place.relative:
            return
        for path, at in place.times.items():
            place.left[path] = nanoseconds = int((self.real - (self.now - at)) * 1e9)
            os.utime(path, ns=(nanoseconds, nanoseconds), follow_symlinks=False)
            if path in place.known:
                inode, size, _, digest = place.known[path]
                place.known[path] = (inode, size, nanoseconds, digest)

    def _name(self, now: float) -> None:
        moment = dt.datetime.fromtimestamp(now, zoneinfo.ZoneInfo(self.plan["zone"]))
        place = self.places[-1]
        for pattern in self.plan["names"]:
            path = Path(place.path, moment.strftime(pattern))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"-- simulated backup of {now:.0f}\n", encoding="ascii")
            os.utime(path, None if place.relative else (now, now))

    def _start(self, program: Mapping[str, Any], run: int, *, failing: bool) -> None:
        words = self.root / "words"
        try:
            with words.open("wb") as output:
                child = subprocess.Popen(
                    program["argv"],
                    env=program["env"],
                    cwd=self.plan["cwd"],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
        except OSError as error:
            raise HaltError(f"{program['argv'][0]} cannot be started: {error.strerror}") from error
        if not _ended(child, program["within"]):
            raise HaltError(f"{program['argv'][0]} did not end within {program['within']:g} s")
        refused = self.root / "refused"
        if refused.exists():
            lines = dict.fromkeys(refused.read_text(encoding="utf-8", errors="replace").splitlines())
            raise HaltError(f"{program['argv'][0]} calls what is not played in a replay: {'; '.join(lines)}")
        if child.returncode and not failing and len(self.ended) < _MOST_ENDED:
            said = words.read_bytes()[-_WORDS:].decode("utf-8", "replace").strip()
            self.ended.append(
                {"run": run, "program": program["argv"][0], "returncode": child.returncode, "words": said}
            )

    def _look(self, place: Place, run: int, before: int, *, failing: bool) -> None:
        """Note what came and what went."""
        seen, times = {}, {}
        bystander, beginning = f"{place.path}/{BYSTANDER}", len(place.path) + 1
        for path, status in _walk(place.path):
            # made in this run, else as old as it was: renamed, linked or copied with its time
            fresh = status.st_mtime_ns >= before
            times[path] = self.now if fresh or not place.relative else self._simulated(place, path, status)
            if path == bystander or not stat.S_ISREG(status.st_mode) or is_proof(path):
                continue
            digest = self._digest(place, path, status)
            if digest not in self.firsts:
                self.firsts[digest] = (self.now, not failing)
            seen[path[beginning:], digest] = self.firsts[digest]
        for key in place.present.keys() - seen.keys():
            place.present.pop(key)["gone"] = run
        for (name, digest), (at, good) in seen.items():
            if (name, digest) not in place.present:
                copy = {"where": place.where, "key": name, "at": at, "good": good, "made": run, "gone": None}
                place.present[name, digest] = copy
                self.copies.append(copy)
        place.known = {path: kept for path, kept in place.known.items() if path in times}
        self._lost(place, run, times)
        place.times = times

    def _simulated(self, place: Place, path: str, status: os.stat_result) -> float:
        if place.left.get(path) == status.st_mtime_ns:
            return place.times[path]
        return self.now + status.st_mtime - self.real

    def _lost(self, place: Place, run: int, times: Mapping[str, float]) -> None:
        for path, name in ((place.path, ""), (f"{place.path}/{BYSTANDER}", BYSTANDER)):
            if path in place.times and path not in times:
                self.losses.append({"run": run, "where": place.where, "name": name})

    def _digest(self, place: Place, path: str, status: os.stat_result) -> str:
        inode, size, left, digest = place.known.get(path, (0, 0, 0, ""))
        if (inode, size, left) != (status.st_ino, status.st_size, status.st_mtime_ns):
            digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            place.known[path] = (status.st_ino, status.st_size, status.st_mtime_ns, digest)
        return digest


def _walk(top: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield ``top`` and all below it, links not followed; nothing where it is not there."""
    try:
        status = os.lstat(top)
    except FileNotFoundError:
        return
    yield top, status
    folders = [top]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                yield entry.path, entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)


def _ended(child: "subprocess.Popen[bytes]", within: float) -> bool:
    """Wait without waking up in between; whoever does not end is killed with all of us."""
    descriptor = os.pidfd_open(child.pid)
    try:
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        if not waiting.poll(within * 1000):
            return False
    finally:
        os.close(descriptor)
    child.wait()
    return True


def serve(days: Days) -> None:
    """Answer the calls of ``aws``, one after the other, until the process ends."""
    calls = days.root / "calls"
    buckets = Buckets(root=days.root / "buckets", now=lambda: days.now, zone=days.plan["zone"])
    with (calls / "new").open("r+b", buffering=0) as new:
        waiting = b""
        while True:
            waiting += new.read(4096)
            *lines, waiting = waiting.split(b"\n")
            for line in lines:
                verb, number, *piped = line.decode("ascii").split()
                if verb == "ask":
                    _answer(buckets, calls / number, days.root, piped=bool(piped))
                else:
                    (calls / number / "taken").unlink()


def _answer(buckets: Buckets, call: Path, root: Path, *, piped: bool) -> None:
    cwd, *arguments = (call / "arguments").read_bytes().decode("utf-8", "surrogateescape").split("\0")[:-1]
    status, out, words = 0, b"", ""
    try:
        out = buckets.answer(arguments, Path(cwd), call / "stdin" if piped else None)
    except Refusal as error:
        status, words = 1, str(error)
        if not error.known:
            with (root / "refused").open("a", encoding="utf-8") as refused:
                refused.write(f"{words}\n")
    except OSError as error:
        status, words = 1, f"{error.filename}: {error.strerror}"
    said = out if status == 0 else f"{words}\n".encode(errors="replace")
    if _ONE_LINE.fullmatch(said):
        told = b"line " + said
    else:
        told = b"said\n" if said else b"\n"
        (call / "said").write_bytes(said)
    answer = os.open(call / "answer", os.O_WRONLY | os.O_NONBLOCK)
    try:
        os.write(answer, b"%d %s" % (status, told))
    finally:
        os.close(answer)


def main() -> None:
    """Do what the plan on standard input says."""
    plan = json.load(sys.stdin)
    try:
        confine(Path(plan["root"]))
        days = Days(plan)
        threading.Thread(target=serve, args=(days,), daemon=True).start()
        result = days.live()
    except (HaltError, ConfineError) as error:
        result = {"halted": str(error)}
    json.dump(result, sys.stdout)
