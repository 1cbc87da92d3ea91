"""What every collector is given: the environment as this run may see it."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Protocol, TypeVar

from verify.collectors.once import Once
from verify.contract.monitoring import Source
from verify.contract.spec import Contract, Environment
from verify.effects.errors import EffectError
from verify.effects.journal import Journal
from verify.effects.redact import Redactor
from verify.effects.stop import Stop
from verify.effects.transport import Transport
from verify.facts.http import Headers, PartError
from verify.judge.verdict import Check
from verify.model.need import Need, Unseen
from verify.model.units import Duration, Ratio, seconds

Asked = TypeVar("Asked", bound=Need)
CONCURRENT = 16


class Objects(Protocol):
    """An object store: where it answers, and who may ask."""

    url: str
    access: str
    secret: str


class Breakable(Protocol):
    """A system whose parts can be stopped and started again: the reference.

    ``buckets`` is the folder whose folders are the buckets of scripts.
    """

    log_file: Path
    buckets: Path

    @property
    def faults(self) -> frozenset[str]:
        """Return the names of what is broken now."""
        ...

    @property
    def database_url(self) -> str:
        """Return the address of its database, for libpq."""
        ...

    @property
    def superuser_url(self) -> str:
        """Return the address of its database for the server's superuser, who may copy all of it."""
        ...

    @property
    def wal(self) -> Path:
        """Return the folder that the database's WAL is archived in."""
        ...

    @property
    def cache_url(self) -> str:
        """Return the address of its Redis."""
        ...

    @property
    def uploads(self) -> Path:
        """Return the folder into whose folders scripts upload."""
        ...

    @property
    def programs(self) -> Mapping[str, str]:
        """Return the bodies of what drills run instead of a program's own, by its name."""
        ...

    @property
    def idle(self) -> dt.timedelta:
        """Return for how long nothing has been backed up."""
        ...

    @property
    def unbacked(self) -> bool:
        """Say whether it is migrated by hand, with nothing backed up before."""
        ...

    def unmigrate(self) -> None:
        """Take the migration of its next release back; those before it are a month old then."""
        ...

    def migrate(self, at: dt.datetime | None = None) -> None:
        """Migrate to its next release by hand; ``at`` is when that was, now where none is given."""
        ...

    def archive(self) -> None:
        """End the present segment of its database's WAL, and wait until the archiver had it."""
        ...

    def lose(self, disaster: str) -> None:
        """Make ``disaster`` happen."""
        ...

    def provide(self, disaster: str) -> None:
        """Give what a platform gives after ``disaster``: something new and empty."""
        ...

    @property
    def beside(self) -> bool:
        """Say whether backups lie beside what they are of, whatever is stated."""
        ...

    def objects(self, buckets: Iterable[str], instances: Iterable[str] = ()) -> Objects:
        """Return its object store with ``buckets`` and databases in it."""
        ...

    def inject(self, name: str) -> None:
        """Break what the fault ``name`` stands for."""
        ...

    def heal(self, name: str) -> None:
        """Mend what the fault ``name`` stands for."""
        ...


@dataclass(frozen=True, kw_only=True)
class Watching:
    """What is repeated under ``--watch``: which checks, for how long, how often, with what error budget."""

    checks: tuple[Check, ...]
    duration: Duration
    interval: Duration
    budget: Ratio
    progress: Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Forge:
    """Where workflows run: its interface at ``url``, asked for one repository with nobody else's ``headers``.

    ``variable`` names the token as the contract does, "" without one.
    """

    url: str
    repository: str
    transport: Transport
    headers: Headers = field(default=(), repr=False)
    variable: str = ""


@dataclass(frozen=True, kw_only=True)
class Watcher:
    """What watches the environment: its own way there, and its own account; never the system's."""

    source: Source
    url: str
    transport: Transport
    headers: Headers = field(default=(), repr=False)
    #: the variables that CloudWatch is asked with
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    trust: Path | None = None
    private: bool = False


@dataclass(frozen=True, kw_only=True)
class World:
    """One environment, live; ``credentials`` are request headers by account name.

    ``mail`` is the host and port that stand in for every mail server, ``origin`` the address
    that stands in for every one behind an edge: the reference's own.
    """

    contract: Contract
    root: Path
    run_id: str
    #: the name of the contract's own file below ``root``
    contract_file: str = ""
    patterns: tuple[str, ...] = ()
    environment: Environment | None = None
    url: str = ""
    plain_url: str = ""
    mail: str = ""
    origin: str = ""
    trust: Path | None = None
    transport: Transport | None = None
    #: the ways to other environments that this run asks too, by name: each within its own limits
    elsewhere: Mapping[str, Transport] = field(default_factory=dict)
    #: where the contract's workflows run, None where nothing asks about them
    forge: Forge | None = None
    #: what watches this environment, by name
    watchers: Mapping[str, Watcher] = field(default_factory=dict)
    journal: Journal | None = None
    credentials: Mapping[str, Headers]
    #: the keys that webhooks are signed with, by webhook name
    keys: Mapping[str, str] = field(default_factory=dict)
    #: the variables that hold addresses, credentials and keys of backups
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    expected_version: str | None = None
    deadline: Duration = field(default=seconds(10))
    breakable: Breakable | None = None
    watching: Watching | None = None
    redactor: Redactor = field(default_factory=Redactor, compare=False)
    #: what several collectors may ask alike; a new one asks anew
    once: Once = field(default_factory=Once, compare=False)
    #: set when the run is broken off; whoever waits, waits on it
    stopping: Stop = field(default_factory=Stop, compare=False)

    @property
    def wire(self) -> Transport:
        """Return the transport; only live needs ask for it."""
        if self.transport is None:
            raise EffectError("no environment is chosen, so nothing live can be seen")
        return self.transport

    @property
    def transports(self) -> tuple[Transport, ...]:
        """Return every transport of the run."""
        ways = (self.transport, *self.elsewhere.values(), self.forge.transport if self.forge else None)
        watching = (watcher.transport for watcher in self.watchers.values())
        return tuple(way for way in (*ways, *watching) if way is not None)

    @property
    def sent(self) -> int:
        """Return how many requests the run has sent, to whomever."""
        return sum(transport.sent for transport in self.transports)

    def marker(self) -> str:
        """Return an id for one request, by which it is found in a log."""
        return f"verify-{self.run_id}-{token_hex(6)}"

    def headers(self, account: str | None) -> Headers:
        """Return the request headers that identify ``account``."""
        return self.credentials[account] if account else ()


class Collector(Protocol):
    """What each module of this package offers, called ``collect``."""

    def __call__(self, needs: tuple[Need, ...], world: World) -> Iterator[tuple[Need, object]]:
        """Yield each need with its fact or with ``Unseen``."""
        ...


def concurrently(
    see: Callable[[Asked, World], object], needs: Iterable[Asked], world: World
) -> Iterator[tuple[Asked, object]]:
    """Ask each need in a thread of its own, at most 16 at once; failures become unseen."""
    pool = ThreadPoolExecutor(CONCURRENT, thread_name_prefix="verify")
    try:
        waiting = {pool.submit(seen, see, need, world): need for need in needs}
        for done in as_completed(waiting):
            yield waiting[done], done.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_turn(
    see: Callable[[Asked, World], object], needs: Iterable[Asked], world: World
) -> Iterator[tuple[Asked, object]]:
    """Ask one need after the other."""
    for need in needs:
        yield need, seen(see, need, world)


def seen(see: Callable[[Asked, World], object], need: Asked, world: World) -> object:
    """Return the fact, or ``Unseen`` with the reason that nothing came back."""
    try:
        return see(need, world)
    except (EffectError, PartError) as error:
        return Unseen(str(error))
