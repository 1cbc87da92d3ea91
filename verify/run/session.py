"""One run from selection to run object: opens, gathers, judges, closes."""

import hashlib
import secrets
import tempfile
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from verify import __version__
from verify.collectors.world import World
from verify.contract.load import Loaded
from verify.effects.files import read_regular
from verify.effects.journal import Journal, journal_of
from verify.effects.redact import Redactor
from verify.effects.signals import held
from verify.judge.binding import read
from verify.judge.registry import Registry
from verify.judge.verdict import conclude, judge
from verify.model.need import Need, Unseen
from verify.model.verdict import Verdict
from verify.run import gate, watch
from verify.run.environment import open_world
from verify.run.gather import Progress, follow, gather
from verify.run.misstated import MisstatedError
from verify.run.options import Options, UsageError
from verify.run.plan import Entry, Plan, plan
from verify.run.record import Run
from verify.run.rows import rows
from verify.run.suites import all_suites

if TYPE_CHECKING:
    from verify.reference.system import Reference


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A contract that was read, bound and planned; nothing was asked yet."""

    path: Path
    name: str
    digest: str
    loaded: Loaded
    plan: Plan
    options: Options


def prepare(
    path: Path, options: Options, *, name: str | None = None, registry: Registry | None = None
) -> Prepared:
    """Read and plan the contract at ``path``, called ``name`` in messages.

    Raise ``ContractError`` with everything wrong in it, ``UsageError`` with everything
    unknown that was asked for, ``FileError`` where it cannot be read.
    """
    shown = name or str(path)
    data = read_regular(path)
    rules = registry or Registry()
    loaded, claims = read(data, shown, rules)
    claims += watch.own_claim(loaded, claims, options, rules)
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
        self.chosen: frozenset[str] = frozenset()
        self._requests = 0
        self._seconds = 0.0
        self._tests: dict[str, Verdict] = {}
        self._left_out: tuple[str, ...] = ()

    def open(self, ids: Collection[str], running: "Reference | None" = None) -> World:
        """Open the environment for the entries ``ids``; raise ``UsageError`` before anything is sent.

        A reference that is ``running`` already is judged as it is, and outlives the session.
        """
        self.select(ids)
        try:
            world = open_world(
                self.prepared.loaded.contract,
                self.prepared.options,
                self.needs(),
                root=self.prepared.path.parent,
                journal=self._journal,
                redactor=self.redactor,
                closing=self._closing,
                running=running,
            )
        except MisstatedError as error:
            raise UsageError(error.placed(self.prepared.loaded.document)) from error
        self.world = replace(world, contract_file=self.prepared.path.name)
        return self.world

    def judge(self, given: Mapping[Need, object] | None = None) -> None:
        """Gather what the open entries need, or take ``given``, and judge them."""
        needs = self.needs()
        last = frozenset(need for need in needs if need.last)
        if given is not None:
            self.answers.update(given)
        elif self.world is not None:
            gather(needs - last, self.world, self.answers, self._progress)
        before: list[Entry] = []
        after: list[Entry] = []
        for entry in self._entries():
            (after if any(check.needs & last for check in entry.checks) else before).append(entry)
        self._conclude(before)
        if last and given is None and self.world is not None:
            self._follow(last, before, self.world)
        self._conclude(after)

    def _conclude(self, entries: Iterable[Entry]) -> None:
        """Judge ``entries``; those that sum others up come last, and what they are told is no evidence."""
        plan = self.prepared.plan
        ordered = sorted(entries, key=lambda entry: entry.sums)
        for entry in ordered:
            known: Mapping[Need, object] = self.answers
            if entry.sums:
                known = {**known, **gate.summed(plan, self.chosen, self.verdicts, known)}
            self.verdicts[entry.id] = _verdict(entry, known)

    def _follow(self, last: frozenset[Need], before: list[Entry], world: World) -> None:
        """Look at what comes last, where what was judged ``before`` is green."""
        reason = watch.red({entry.id: self.verdicts[entry.id] for entry in before})
        if reason:
            self.answers.update(dict.fromkeys(last, Unseen(reason)))
            return
        prepared = self.prepared
        told = watch.watching(before, self.verdicts, prepared.loaded, prepared.options, self._progress)
        follow(last, replace(world, watching=told), self.answers, self._progress)

    def select(self, ids: Collection[str]) -> None:
        """Take the entries ``ids`` to be judged on facts that are given."""
        self.chosen = frozenset(ids)

    def interrupt(self) -> None:
        """Give each unjudged entry its verdict: not judged means inconclusive, never green."""
        self.give_up("the run was interrupted before this was judged")

    def give_up(self, reason: str) -> None:
        """Make each entry without a verdict inconclusive because of ``reason``."""
        for entry in self._entries():
            self.verdicts.setdefault(entry.id, entry.unjudged(reason))

    def take_tests(self, verdicts: Iterable[Verdict], left_out: Iterable[str] = ()) -> None:
        """Take what a team's own tests concluded, and in words what of them was not to run."""
        self._tests = {verdict.claim: verdict for verdict in verdicts}
        self._left_out = tuple(left_out)

    def make_folder(self) -> Path:
        """Return a private folder of this run, which ``close`` removes."""
        folder = Path(tempfile.gettempdir()) / f"deploy-verify-{self.id}"
        return self._closing.enter_context(self._journal.folder(folder))

    def close(self) -> None:
        """Close what was opened. Safe to repeat."""
        if self.world is not None:
            self._requests = self.world.sent
        self._seconds = self._seconds or time.time() - self.started
        with held():  # a signal that comes now waits until everything is gone
            self._closing.close()

    def run(self, *, interrupted: bool = False, evidence: str = "") -> Run:
        """Return the run object; ``evidence`` names the run whose facts were judged again."""
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
            rows=tuple(rows(self.prepared.plan.entries, self.verdicts, self._tests)),
            unasked=(*self.prepared.plan.unasked, *self._left_out),
            evidence=evidence,
            asked=options.repeated,
            suites=self.prepared.plan.suites,
            answers=dict(self.answers),
        )

    @cached_property
    def _journal(self) -> Journal:
        """Open the journal when the first resource is about to be made."""
        with held():  # an interrupt must not find a journal that nobody closes
            return self._closing.enter_context(journal_of(self.id))

    def _entries(self) -> list[Entry]:
        return [entry for entry in self.prepared.plan.selected if entry.id in self.chosen]

    def needs(self) -> frozenset[Need]:
        """Return everything of the world that the selected entries ask to be seen."""
        asked = (need for entry in self._entries() for check in entry.checks for need in check.needs)
        return frozenset(need for need in asked if not need.sums)


def _verdict(entry: Entry, answers: Mapping[Need, object]) -> Verdict:
    judgements = [judge(check, answers) for check in entry.checks]
    return conclude(entry.claim.id, entry.suite, judgements, entry.waiver)
