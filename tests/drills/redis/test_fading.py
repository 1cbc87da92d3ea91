"""Fields of hashes that expire, which Redis has from 7.4 on: what an older server lacks is answered for it.

The fields themselves are a real server's; when they expire is said by a stand-in for HPEXPIRETIME.
"""

import dataclasses
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from verify.drills.redis.address import Address
from verify.drills.redis.entry import Entry
from verify.drills.redis.fading import knows_fading
from verify.drills.redis.server import available
from verify.drills.redis.take import snapshot
from verify.facts.backup import Outcome

HOUR = 3_600_000
Times = dict[bytes, int]


class Answering:
    """A client or pipeline of redis-py that also answers HPEXPIRETIME."""

    def __init__(self, inner: Any, times: Times) -> None:
        self._inner, self._times = inner, times
        self._sent: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def pipeline(self, transaction: bool) -> "Answering":  # noqa: FBT001 - as the library has it
        return Answering(self._inner.pipeline(transaction=transaction), self._times)

    def execute_command(self, *words: Any) -> Any:
        if words[0] != "HPEXPIRETIME":
            self._sent.append(None)
            return self._inner.execute_command(*words)
        now = time.time() * 1000
        at = [self._times.get(field, -1) for field in words[4:]]
        answer = [-2 if 0 <= each <= now else each for each in at]
        self._sent.append(answer)
        return answer

    def execute(self, **how: Any) -> list[Any]:
        answers = iter(self._inner.execute(**how))
        return [next(answers) if sent is None else sent for sent in self._sent]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], Times]], None]:
    """Let every server say when fields expire, by the path of its socket."""
    client = Address.client

    def by(times: Callable[[str], Times]) -> None:
        def answering(self: Address, deadline: float, *, database: int = 0) -> Any:
            return Answering(client(self, deadline, database=database), times(self.path))

        monkeypatch.setattr(Address, "client", answering)

    return by


@pytest.fixture
def sessions(bench: Any) -> Any:
    bench.do("HSET", "mixed", "a", 1, "b", 2, "c", 3)
    bench.do("HSET", "fleeting", "d", 4, "e", 5)
    bench.do("HSET", "large", *(word for n in range(3000) for word in (f"n{n}", n)))
    bench.do("SET", "plain", 1)
    return bench


def unsummed(manifest: Any) -> Any:
    return dataclasses.replace(manifest, sha256="")


@pytest.mark.needs("redis")
def test_a_server_that_has_none(bench: Any) -> None:
    assert not knows_fading(bench.client())


@pytest.mark.needs("redis")
def test_fields_that_expire_come_back(sessions: Any, told: Any) -> None:
    soon = int(time.time() * 1000) + HOUR
    told(lambda _: {b"a": soon, b"d": soon, b"e": soon + 5, b"n7": soon})
    trip = sessions.trip()
    assert (trip.outcome, trip.reason) == (Outcome.EQUAL, "")
    assert trip.comparison.rows == 4 + 4  # keys, and fields that expire


@pytest.mark.needs("redis")
@pytest.mark.parametrize(
    ("field", "at", "key"),
    [
        (b"a", None, "mixed"),
        (b"b", 0, "mixed"),
        (b"a", 1, "mixed"),
        (b"d", None, "fleeting"),
        (b"n7", None, "large"),
    ],
)
def test_when_a_field_expires_is_compared(
    field: bytes, at: int | None, key: str, sessions: Any, told: Any
) -> None:
    """Lost, got, or a millisecond off, in what is restored."""
    soon = int(time.time() * 1000) + HOUR
    good = {b"a": soon, b"d": soon, b"e": soon + 5, b"n7": soon}
    bad = {name: when for name, when in good.items() if name != field}
    bad |= {} if at is None else {field: soon + at}
    told(lambda path: bad if Path(path).parent.name == "restore" else good)
    taken = snapshot(sessions.server.address, sessions.folder(), sessions.clock())
    trip = sessions.restored(taken.path, unsummed(taken.manifest), source=taken.path)
    assert (trip.outcome, trip.stage) == (Outcome.DIFFERENT, "verify")
    named = {row.key for found in trip.comparison.differences for row in found.rows}
    assert named == {key}


@pytest.mark.needs("redis")
def test_a_field_whose_time_passes_meanwhile_is_no_difference(sessions: Any, told: Any) -> None:
    now = int(time.time() * 1000)
    told(lambda _: {b"a": now + 1200, b"d": now + 1200, b"e": now + 1300, b"b": now + HOUR})
    taken = snapshot(sessions.server.address, sessions.folder(), sessions.clock())
    whole = sum(each.sums.rows for each in taken.manifest.relations.values())
    assert whole == 4 + 4, "the machine was too slow for this test"
    while time.time() * 1000 < now + 1400:
        threading.Event().wait(0.05)
    trip = sessions.restored(taken.path, unsummed(taken.manifest))
    assert (trip.outcome, trip.reason) == (Outcome.EQUAL, "")
    assert trip.comparison.rows == 3 + 1


def test_what_is_left_of_an_entry() -> None:
    some = Entry(b"hash", b"rest", 900, fading=((100, b"x"), (200, b"y")))
    assert (some.until, some.after(150)) == (900, dataclasses.replace(some, fading=((200, b"y"),)))
    assert some.after(900) is None
    none = Entry(b"hash", b"", fading=((100, b"x"), (200, b"y")), lasts=False)
    assert (none.until, none.after(200)) == (200, None)
    assert dataclasses.replace(none, expires=150).until == 150
    assert none.differs(dataclasses.replace(none, fading=((100, b"x"), (201, b"y")))) == ("ttl",)
    assert none.differs(dataclasses.replace(none, fading=((100, b"x"), (200, b"z")))) == ("value",)


def test_the_memory_that_can_be_had(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  900 kB\nMemFree:   10 kB\nMemAvailable:    500 kB\n")
    assert available(meminfo) == 500 * 1024
    meminfo.write_text("MemFree:   10 kB\n")  # as kernels before 3.14 say
    assert available(meminfo) > 0
    assert available(tmp_path / "none") > 0
