"""The reference system: starts its parts, breaks and heals them, and leaves nothing behind."""

import contextlib
import dataclasses
import datetime as dt
import secrets
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from verify.contract.reference import ReferenceSpec
from verify.effects.files import atomic_write
from verify.effects.journal import Journal
from verify.reference import behaviour, binaries, folders, shared, terms
from verify.reference.buckets import (
    BESIDE,
    MIGRATED,
    RESTORES,
    STALE,
    UPLOADS,
    WEEK,
    client,
    prepare,
    prepare_databases,
)
from verify.reference.celery_worker import Worker
from verify.reference.config import BEHAVIOUR_FILE, LOG_FILE, MEDIA, PRODUCTS, SHARED_FILE, USERS
from verify.reference.data import Data
from verify.reference.faults import Fault, fault
from verify.reference.front import Front
from verify.reference.guard import Keeper
from verify.reference.objectstore import ObjectStore
from verify.reference.parts import Part, Run
from verify.reference.ports import Port
from verify.reference.postgres import Postgres
from verify.reference.redis_server import SOCKET, Redis
from verify.reference.server import media
from verify.reference.shared import Shared

_BACK = 3.0  # seconds a worker gets to find Redis again before it is restarted


class Reference(Data):
    """A running reference; ``Reference.start`` makes one.

    ``url`` and ``plain_url`` are its origins, ``mail`` is where it takes STARTTLS, ``origin`` what lies
    behind its edge and ``monitoring`` where what watches it answers, each empty where there is none,
    ``ca_file`` what to trust, ``accounts`` the bearer tokens of ``alice``, ``bob`` and ``staff``,
    ``log_file`` its request log,
    ``webhook_secret`` what webhooks are signed with, ``folder`` where all of it lives.
    """

    def __init__(self, spec: ReferenceSpec, journal: Journal) -> None:
        """Take folder and ports; nothing is started yet."""
        binaries.require_libraries()
        self._active: dict[str, float] = {}
        with contextlib.ExitStack() as undo:
            self._build(spec, journal, undo)
            self._closing = undo.pop_all()

    def _build(self, spec: ReferenceSpec, journal: Journal, undo: contextlib.ExitStack) -> None:
        """Create what needs no process, each thing with its undoing."""
        self.folder = folders.place(f"{journal.run_id[:24]}-{secrets.token_hex(3)}", binaries.database_user())
        secret = secrets.token_hex(16)
        config = terms.config_of(spec, folder=self.folder, secret=secret)
        undo.enter_context(journal.folder(self.folder))
        self.folder.chmod(0o711)  # the database's own user must be able to pass
        (self.folder / MEDIA).mkdir()
        if spec.media:
            media.fill(self.folder / MEDIA)
        #: where scripts find their buckets, as folders
        self.buckets = self.folder / "buckets"
        self.buckets.mkdir(mode=0o700)
        self._shared = Shared.create(self.folder / SHARED_FILE)
        undo.callback(self._shared.close)
        tls, plain, mail, origin = (undo.enter_context(contextlib.closing(Port())) for _ in range(4))
        monitor = undo.enter_context(contextlib.closing(Port())).number if spec.monitoring else 0
        run = self._run = Run(self.folder, journal, folders.cache())
        self._objects: ObjectStore | None = None
        self._starting = threading.Lock()
        undo.callback(self._close_objects)
        self._database = Postgres(run)
        self._keeper = Keeper(run, self._database.pidfile)
        undo.callback(self._keeper.stop)  # after all parts, which are stopped before it
        self._redis = Redis(run, secret)
        self._worker = Worker(run, self._redis)
        self._front = Front(run, self._shared, tls.number)
        self._parts: dict[str, Part] = {
            part.name: part for part in (self._database, self._redis, self._worker)
        }
        self._states = dict.fromkeys(self._parts, "down")
        self.url = f"https://localhost:{tls.number}"
        self.plain_url = f"http://localhost:{plain.number}"
        self.mail = f"localhost:{mail.number}"
        self.origin = f"http://localhost:{origin.number}" if spec.cdn else ""
        self.monitoring = f"http://localhost:{monitor}" if monitor else ""
        self.ca_file = self.folder / "ca.pem"
        self.log_file = self.folder / LOG_FILE
        self.webhook_secret = secrets.token_urlsafe(24)
        self.accounts = {name: secrets.token_urlsafe(24) for name in USERS}
        dataclasses.replace(
            config,
            tls_port=tls.number,
            plain_port=plain.number,
            mail_port=mail.number,
            origin_port=origin.number if spec.cdn else 0,
            monitor_port=monitor,
            database=self._database.parameters,
            redis_socket=str(self.folder / SOCKET),
            webhook_secret=self.webhook_secret,
            tokens={token: name for name, token in self.accounts.items()},
        ).write(run.config)
        for part in self._parts.values():
            undo.callback(part.stop, grace=0.0)
        undo.callback(self._front.close)

    @classmethod
    def start(cls, spec: ReferenceSpec, *, journal: Journal, faults: Iterable[str] = ()) -> Self:
        """Start a reference that honours ``spec`` but for ``faults`` (and those it names itself).

        Everything that is created is in ``journal`` first. Raise ``MissingError``, ``UnknownFaultError``
        or ``StartError``; nothing is left running then.
        """
        known = [fault(name) for name in (*spec.faults, *faults)]
        made = cls(spec, journal)
        try:
            made._active = dict.fromkeys((each.name for each in known), time.monotonic())
            made._launch()
        except BaseException:
            made.stop()
            raise
        return made

    def _launch(self) -> None:
        """Start all parts side by side: loading Python libraries takes longest, so first."""
        self._keeper.start()  # before anything that could be left behind
        wanted = self._wanted()
        self._behave()
        with ThreadPoolExecutor(1, "reference") as pool:
            prepared = pool.submit(self._database.prepare)
            self._redis.start()
            if wanted["worker"] == "up":
                self._worker.start()
            self._turn_front()
            prepared.result()
        self._redis.wait()
        self._database.archives({each.archiver for each in self._broken()})
        self._move("database", "down", wanted["database"])
        self._move("redis", "up", wanted["redis"])
        self._front.wait()
        if wanted["worker"] == wanted["redis"] == "up":
            self._worker.wait()
        self._states = wanted

    @property
    def faults(self) -> frozenset[str]:
        """Return the names of what is broken now."""
        return frozenset(self._active)

    def inject(self, name: str) -> None:
        """Break what the fault ``name`` stands for; when this returns, it is broken."""
        if fault(name).name not in self._active:
            self._active[name] = time.monotonic()
            self._apply()

    def heal(self, name: str) -> None:
        """Mend what the fault ``name`` stands for; when this returns, it works."""
        if self._active.pop(fault(name).name, None) is not None:
            self._apply()

    @property
    def uploads(self) -> Path:
        """Return the folder into whose folders scripts upload: the buckets, unless a fault loses it all."""
        return (
            self.folder / "lost" if any(each.bucket == UPLOADS for each in self._broken()) else self.buckets
        )

    @property
    def beside(self) -> bool:
        """Say whether backups lie beside what they are of, whatever is stated."""
        return any(each.bucket == BESIDE for each in self._broken())

    @property
    def idle(self) -> dt.timedelta:
        """Return for how long nothing has been backed up."""
        return WEEK if any(each.bucket == STALE for each in self._broken()) else dt.timedelta(0)

    @property
    def unbacked(self) -> bool:
        """Say whether it is migrated by hand, with nothing backed up before."""
        return any(each.bucket == MIGRATED for each in self._broken())

    @property
    def programs(self) -> dict[str, str]:
        """Return what drills have to run instead of a program's own, by its name; see ``sabotage``."""
        return {name: body for each in self._broken() for name, body in each.programs.items()}

    def objects(self, buckets: Iterable[str], instances: Iterable[str] = ()) -> ObjectStore:
        """Return its object store with ``buckets`` and databases in it, started when it is first asked for.

        Raise ``MissingError`` or ``StartError``.
        """
        with self._starting:  # several ask at once, and none may meet what is half made
            if self._objects is None:
                self._objects = ObjectStore(self._run)
                self._objects.start()
                self._objects.wait()
            lacking = frozenset(each.bucket for each in self._broken())
            self._objects.fails(restores=RESTORES in lacking)
            at = (self._objects.url, self._objects.access, self._objects.secret)
            with contextlib.closing(client("s3", *at)) as store:
                prepare(store, buckets, lacking)
            with contextlib.closing(client("rds", *at)) as databases:
                prepare_databases(databases, instances, lacking)
        return self._objects

    def _close_objects(self) -> None:
        if self._objects is not None:
            self._objects.close()

    def requests(self) -> int:
        """Return how many requests both ports have answered since the start."""
        return self._shared[shared.REQUESTS]

    def reset_limits(self) -> None:
        """Forget every request that was counted against a limit or a quota."""
        self._shared[shared.LIMITS] += 1

    def stop(self) -> None:
        """End all processes and remove the folder; safe to repeat."""
        self._closing.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def _broken(self) -> list[Fault]:
        return [fault(name) for name in self._active]

    def _wanted(self) -> dict[str, str]:
        """Return the state each part is to be in; down wins over paused."""
        wanted = dict.fromkeys(self._parts, "up")
        for each in self._broken():
            wanted |= {name: state for name, state in each.parts.items() if wanted[name] != "down"}
        return wanted

    def _apply(self) -> None:
        """Bring everything into the state that the active faults ask for."""
        before, wanted = self._states, self._wanted()
        for name in self._parts:
            self._move(name, before[name], wanted[name])
        self._states = wanted
        self._database.archives({each.archiver for each in self._broken()})
        if self._turn_front():
            self._front.wait()
        if wanted["worker"] == wanted["redis"] == "up" and before != wanted:
            self._find_worker(restarted=before["redis"] == "down")
        self._behave()

    def _move(self, name: str, state: str, wanted: str) -> None:
        part = self._parts[name]
        if state == wanted:
            return
        if state == "paused" and wanted == "up":
            part.resume()
            return
        if wanted == "down":
            part.stop()
            if part is self._worker:
                self._worker.forget()
            if part is self._database:
                self._redis.ask("DEL", PRODUCTS)  # or the list would be there until the cache forgets it
            return
        if state == "down":
            part.start()
            if part is not self._worker:
                part.wait()
        if wanted == "paused":
            part.pause()

    def _find_worker(self, *, restarted: bool) -> None:
        """Wait for the worker; one that lost its Redis would look for it less and less often."""
        self._worker.forget()
        if restarted or not self._worker.comes_up(within=_BACK):
            self._worker.stop(grace=0.0)
            self._worker.forget()
            self._worker.forget()
            self._worker.start()
        self._worker.wait()

    def _turn_front(self) -> bool:
        broken = self._broken()
        kind = next((each.certificate for each in reversed(broken) if each.certificate), "valid")
        return self._front.change(
            kind,
            legacy=any(each.legacy_tls for each in broken),
            http1=any(each.http1 for each in broken),
        )

    def _behave(self) -> None:
        """Tell the front how to behave: the file first, then the number that makes it look."""
        broken = self._broken()
        ready_at = max(
            (self._active[each.name] + each.unready for each in broken if each.unready), default=0.0
        )
        now = behaviour.merged([each.turns for each in broken] + [{"ready_at": ready_at}])
        atomic_write(self.folder / BEHAVIOUR_FILE, behaviour.dumped(now), mode=0o600)
        self._shared[shared.BEHAVIOUR] += 1
