"""What the views share with the front they run in; set once when the front is built."""

from dataclasses import dataclass

from verify.reference.config import Config
from verify.reference.server.control import Control
from verify.reference.server.logs import Events
from verify.reference.server.stores import Cache


@dataclass(frozen=True, slots=True)
class State:
    """The parts of the front that views use."""

    config: Config
    control: Control
    cache: Cache
    events: Events


_held: list[State] = []


def hold(state: State) -> None:
    """Make ``state`` the current one."""
    _held[:] = [state]


def current() -> State:
    """Return the state of this process."""
    return _held[0]
