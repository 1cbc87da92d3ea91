"""One run from selection to run object: opens, gathers, judges, closes."""

import hashlib
import secrets
import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from verify import __version__
from verify.collectors.world import World
from verify.contract.load import Loaded, load
from verify.effects.files import read_regular
from verify.effects.journal import Journal
from verify.effects.redact import Redactor
from verify.judge.binding import bind
from verify.judge.registry import Registry
from verify.judge.verdict import conclude, judge
from verify.model.need import Need
from verify.model.verdict import Outcome, Verdict
from verify.run.environment import open_world
from verify.run.gather import Progress, gather
from verify.run.options import Options
from verify.run.plan import Entry, Plan, plan
from verify.run.record import Row, Run
from verify.run.suites import all_suites


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A contract that was read, bound and planned; nothing was asked yet."""

    path: Path
    name: str
    digest: str
    loaded: Loaded
    plan: Plan
    options: Options


def prepare(path: Path, options: Options, *, name: str | None = None, registry: Registry | None = None) -> Prepared:
    """Read and plan the contract at ``path``, called ``name`` in messages.

    Raise ``ContractError`` with everything wrong in it, ``UsageError`` with everything
    unknown that was asked for, ``FileError`` where it cannot be read.
    """
    shown = name or str(path)
    data = read_regular(path)
    loaded = load(data, shown)
    claims = bind(loaded, registry or Registry())
    return Prepared(
        path=path,
        name=shown,
        digest=hashlib.sha256(data).hexdigest(),
        loaded=loaded,
        plan=plan(loaded, claims, all_suites(), options),
        options=options,
    )


class Session:
    """The state of one run; ``close`` releases everything, whatever happened."""

    def __init__(self, prepared: Prepared, progress: Progress = lambda _: None) -> None:
        """Begin a run with an id of its own."""
        self.prepared = prepared
        self.redactor = Redactor()
        self.id = time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + secrets.token_hex(4)
        self.started = time.time()
        self.answers: dict[Need, object] = {}
        self.verdicts: dict[str, Verdict] = {}
        self.world: World | None = None
        self._progress = progress
        self._closing = ExitStack()
        self._selected: frozenset[str] = frozenset()
        self._requests = 0
        self._seconds = 0.0

    def open(self, ids: Collection[str]) -> World:
        """Open the environment for the entries ``ids``; raise ``UsageError`` before anything is sent."""
        self._selected = frozenset(ids)
        journal = self._closing.enter_context(Journal.open(self.id))
        self.world = open_world(
            self.prepared.loaded.contract,
            self.prepared.options,
            self._needs(),
            root=self.prepared.path.parent,
            journal=journal,
            redactor=self.redactor,
            closing=self._closing,
        )
        return self.world

    def judge(self, given: Mapping[Need, object] | None = None) -> None:
        """Gather what the open entries need, or take ``given``, and judge them."""
        if given is not None:
            self.answers.update(given)
        elif self.world is not None:
            gather(self._needs(), self.world, self.answers, self._progress)
        for entry in self._entries():
            self.verdicts[entry.id] = _verdict(entry, self.answers)

    def interrupt(self) -> None:
        """Give each unjudged entry its verdict: not judged means inconclusive, never green."""
        for entry in self._entries():
            reason = "the run was interrupted before this was judged"
            inconclusive = Verdict(
                claim=entry.claim.id, suite=entry.suite, outcome=Outcome.INCONCLUSIVE, reason=reason
            )
            self.verdicts.setdefault(entry.id, inconclusive)

    def close(self) -> None:
        """Close what was opened. Safe to repeat."""
        if self.world is not None and self.world.transport is not None:
            self._requests = self.world.transport.sent
        self._seconds = self._seconds or time.time() - self.started
        self._closing.close()

    def run(self, *, interrupted: bool = False) -> Run:
        """Return the run object."""
        options = self.prepared.options
        contract = self.prepared.loaded.contract
        environment = contract.environments[options.environment] if options.environment else None
        return Run(
            id=self.id,
            version=__version__,
            system=contract.system,
            contract=self.prepared.name,
            digest=self.prepared.digest,
            environment=options.environment,
            url=self.world.url if self.world is not None else "",
            protection=environment.protection if environment is not None else "",
            started=self.started,
            seconds=self._seconds or time.time() - self.started,
            requests=self._requests,
            interrupted=interrupted,
            rows=tuple(self._row(entry) for entry in self.prepared.plan.entries),
            suites=self.prepared.plan.suites,
            answers=dict(self.answers),
        )

    def _entries(self) -> list[Entry]:
        return [entry for entry in self.prepared.plan.selected if entry.id in self._selected]

    def _needs(self) -> frozenset[Need]:
        return frozenset(need for entry in self._entries() for check in entry.checks for need in check.needs)

    def _row(self, entry: Entry) -> Row:
        return Row(
            claim=entry.claim.id,
            says=entry.claim.says,
            at=entry.claim.at,
            place=entry.claim.place,
            suite=entry.suite,
            standing=entry.standing,
            kind=entry.claim.kind,
            baseline=entry.claim.baseline,
            reason=entry.reason,
            left_out=entry.left_out,
            verdict=self.verdicts.get(entry.id),
        )


def _verdict(entry: Entry, answers: Mapping[Need, object]) -> Verdict:
    judgements = [judge(check, answers) for check in entry.checks]
    return conclude(entry.claim.id, entry.suite, judgements, entry.waiver)


