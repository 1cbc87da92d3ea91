"""What is seen of a backup: what its store holds, and what became of restoring it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from verify.facts.beside import is_proof
from verify.facts.equality import Comparison
from verify.model.need import Effect, Need
from verify.model.units import Duration, seconds

#: in this order; what comes before ``fetch`` makes the backup, what follows restores it
STAGES = (
    "take",  # the dump, copy or snapshot itself
    "store",  # to where it is kept
    "fetch",  # back from there; the clock of the RTO begins
    "decrypt",
    "decompress",
    "restore",  # schema and rows, or the whole server
    "indexes",  # indexes and constraints, where they are a step of their own
    "analyze",  # planner statistics
    "smoke",  # the first query, or the gate's blockers, answered; the clock ends
    "verify",  # equality with the source: not part of the RTO
)


class Outcome(Enum):
    """What a round trip came to."""

    EQUAL = "equal"
    DIFFERENT = "different"
    UNPROVABLE = "unprovable"
    NOT_RESTORABLE = "not restorable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One program or call of a stage.

    ``argv`` is without secrets, or the name of the call; ``returncode`` is negative for a signal and
    None where no program ran; ``size`` is what it wrote or moved, in bytes, ``sha256`` of that;
    ``words`` are its last words, redacted.
    """

    stage: str
    argv: tuple[str, ...]
    returncode: int | None = None
    took: Duration = field(default=seconds(0))
    size: int = 0
    sha256: str = ""
    words: str = ""
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        """Say whether it ended by itself without an error; that alone never decides a verdict."""
        return not self.timed_out and self.returncode in {None, 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """One backup as its store lists it.

    ``key`` is its name below the store; ``at`` the Unix time it is a backup of: by its manifest,
    else by its name, else ``modified``; ``size`` in bytes. ``good`` says whether it restored and
    matched, None where nobody tried; ``form`` is what its first bytes are: ``age``, ``openpgp``,
    ``openssl``, ``gzip``, ``zstd``, ``custom``, ``tar``, ``sql``, ``rdb``, ``empty``, or "" for
    anything else. ``encryption`` is what its bucket encrypts it with, "" for nothing, None where
    nobody looked into it; ``replication`` the bucket's word on copying it, such as ``FAILED``.
    """

    key: str
    at: float
    modified: float
    size: int
    sha256: str = ""
    good: bool | None = None
    form: str = ""
    manifest: bool = False
    encryption: str | None = None
    replication: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """One lifecycle rule of a bucket that is enabled: below ``prefix``, gone after ``days``."""

    prefix: str
    days: int
    noncurrent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """What a store holds and how it keeps it, seen at the Unix time ``at``.

    ``place`` is its address without secrets, ``host`` the machine or region it is on; of a bucket
    ``versioning`` is ``Enabled``, ``Suspended`` or "", ``encryption`` the algorithm or "", and
    ``replicas`` are the buckets it is copied to, ``regions`` where these are, as far as could be
    seen. All of that is None for a folder, which has none. ``unseen`` says why one of these fields
    could not be seen, by its name (``forms`` for the artefacts' first bytes). ``source`` is the
    address of what is backed up, ``source_host`` its machine or region; "" where nobody said.
    """

    place: str
    at: float
    host: str
    artefacts: tuple[Artefact, ...] = ()
    versioning: str | None = None
    encryption: str | None = None
    replicas: tuple[str, ...] | None = None
    expiries: tuple[Expiry, ...] | None = None
    public: bool | None = None
    regions: Mapping[str, str] = field(default_factory=dict)
    unseen: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    source_host: str = ""

    @property
    def backups(self) -> tuple[Artefact, ...]:
        """Return the artefacts that are backups; what proves others, such as a checksum, is none."""
        return tuple(each for each in self.artefacts if not is_proof(each.key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A restore of a part of the data: ``size`` of the restored copy in bytes, ``rows``, seconds by stage."""

    size: int
    rows: int
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """A backup that was taken or found, restored into a scratch place, and compared with its source.

    ``stage`` and ``reason`` say where and why it ended where it is not ``EQUAL``; ``at`` is the Unix
    time of the source's snapshot; ``took`` runs from the decision to the green smoke query without
    ``verify``; ``size`` is the source's, in bytes; ``samples`` are restores of parts of it, and
    ``unsampled`` says why there are none where production is larger; ``encrypted`` whether the artefact
    could not be read without a key; ``durable`` whether what was restored into waits for its disk as a
    server in production does, None where nobody knows.
    """

    backup: str
    outcome: Outcome
    stage: str = ""
    reason: str = ""
    steps: tuple[Step, ...] = ()
    artefact: Artefact | None = None
    comparison: Comparison | None = None
    at: float | None = None
    took: Duration = field(default=seconds(0))
    size: int = 0
    samples: tuple[Sample, ...] = ()
    unsampled: str = ""
    encrypted: bool | None = None
    durable: bool | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def untimed(self) -> str:
        """Say why ``took`` is no time to recover, "" where it is one."""
        if self.durable is False:
            return "the scratch server does not wait for its disk: one in production takes longer"
        if self.steps and not any(step.stage == "smoke" for step in self.steps):
            return "nothing was asked of what was restored: when it would serve is not known"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore(Need):
    """Ask for the backup of this name to be taken (or the newest found), restored and compared."""

    kind: ClassVar[str] = "restore"
    answer: ClassVar[type] = RoundTrip
    effect: ClassVar[Effect] = Effect.DESTROYS
    after_ready: ClassVar[bool] = False

    backup: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(Need):
    """Ask for what the store of the backup of this name holds, before a drill adds to it."""

    kind: ClassVar[str] = "store"
    answer: ClassVar[type] = Store
    after_ready: ClassVar[bool] = False

    backup: str
