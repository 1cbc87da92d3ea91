"""Reads what earlier runs wrote down of their drills."""

import time
from collections.abc import Iterator

from verify.collectors.world import World, in_turn
from verify.effects.errors import EffectError
from verify.effects.files import read_regular
from verify.facts.files import ParseError
from verify.facts.record import Record, Records, read
from verify.model.need import Need

_WANTED = "expected backup.prom or verdict.json as a run wrote it: drill again, or name another file"


def collect(needs: tuple[Record, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield what each file says."""
    yield from in_turn(_see, needs, world)


def _see(need: Record, world: World) -> Records:
    path, now = world.root / need.path, time.time()
    if not path.exists():
        return Records(path=need.path, at=now)
    try:
        return read(need.path, read_regular(path, root=world.root).decode(), now)
    except UnicodeDecodeError as error:
        raise EffectError(f"{need.path}: byte {error.start} is not UTF-8: {_WANTED}") from error
    except ParseError as error:
        raise EffectError(f"{error}: {_WANTED}") from error
