"""Decides what a run judges, what it may not judge here, and why: before anything is asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from verify.contract.environment import Environment
from verify.contract.load import Loaded
from verify.contract.words import offer
from verify.facts.gate import Judged
from verify.judge.binding import BoundCheck, Claim
from verify.judge.verdict import Check
from verify.model.need import Effect
from verify.model.rule import SEVERITIES, Severity
from verify.model.suite import Suite
from verify.model.verdict import Outcome, Standing, Verdict, Waiver
from verify.run.options import Options, UsageError

SEPARATOR = "::"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One claim in one suite: what is judged, and what is left out and why.

    A claim without any check has an entry of its own with an empty suite.
    """

    claim: Claim
    suite: str
    checks: tuple[Check, ...] = ()
    left_out: tuple[str, ...] = ()
    standing: Standing = Standing.SELECTED
    reason: str = ""
    waiver: Waiver | None = None

    @property
    def id(self) -> str:
        """Return the id below the contract's own: ``smoke::LEA-047``."""
        return f"{self.suite}{SEPARATOR}{self.claim.id}"

    @property
    def selected(self) -> bool:
        """Tell whether this run judges it."""
        return self.standing is Standing.SELECTED

    @property
    def severity(self) -> Severity:
        """Return the severity of the gravest check."""
        stated = (check.severity or check.rule.about.severity for check in self.checks)
        return min(stated, key=SEVERITIES.index, default="error")

    def unjudged(self, reason: str) -> Verdict:
        """Return its verdict where it was not judged because of ``reason``: never green."""
        return Verdict(
            claim=self.claim.id,
            suite=self.suite,
            outcome=Outcome.INCONCLUSIVE,
            reason=reason,
            unjudged=self.severity,
        )

    @property
    def sums(self) -> bool:
        """Tell whether it sums up what other entries came out as."""
        return any(check.rule.sums(check.stated) for check in self.checks)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Every entry of a contract, in the order of suites, then of the contract."""

    entries: tuple[Entry, ...]
    suites: tuple[Suite, ...]
    #: what of the environment's gate this selection leaves out, in words
    unasked: tuple[str, ...] = ()
    #: by claim, those that count in this environment
    waivers: Mapping[str, Waiver] = field(default_factory=dict)

    @property
    def selected(self) -> tuple[Entry, ...]:
        """Return what is judged."""
        return tuple(entry for entry in self.entries if entry.selected)

    def find(self, entry_id: str) -> Entry | None:
        """Return the entry with this id, if there is one."""
        return next((entry for entry in self.entries if entry.id == entry_id), None)


def plan(loaded: Loaded, claims: Iterable[Claim], suites: Iterable[Suite], options: Options) -> Plan:
    """Return the plan; raise ``UsageError`` with everything unknown that was asked for."""
    listed = tuple(claims)
    ordered = tuple(sorted(suites, key=lambda suite: (suite.order, suite.name)))
    _check(loaded, listed, ordered, options)
    environment = (
        loaded.contract.environments[options.environment] if options.environment is not None else None
    )
    wanted = _wanted(environment, ordered, options)
    waivers = _waivers(loaded, options)
    entries = [
        _entry(claim, suite, environment, wanted, waivers.get(claim.id), options)
        for suite in ordered
        for claim in listed
        if suite.name in claim.suites
    ]
    entries += [_without(claim) for claim in listed if not claim.suites]
    unasked = _unasked(listed, ordered, environment, wanted, options)
    return Plan(entries=tuple(entries), suites=ordered, unasked=unasked, waivers=waivers)


def _unasked(
    claims: tuple[Claim, ...],
    suites: tuple[Suite, ...],
    environment: Environment | None,
    wanted: frozenset[str],
    options: Options,
) -> tuple[str, ...]:
    """Return what the gate of the environment would judge besides what is asked for."""
    if options.claims:
        return (f"only {', '.join(options.claims)} was asked for",)
    if environment is None:
        return ()
    gate = frozenset(environment.gate)
    left = (suite for suite in suites if suite.name in gate - wanted)
    return tuple(
        f"suite {suite.name} of the gate was not asked for"
        for suite in left
        if any(
            _entry(claim, suite, environment, gate, None, options).selected
            for claim in claims
            if suite.name in claim.suites
        )
    )


def _check(loaded: Loaded, claims: tuple[Claim, ...], suites: tuple[Suite, ...], options: Options) -> None:
    problems = []
    environments = loaded.contract.environments
    if options.environment is not None and options.environment not in environments:
        problems.append(_unknown("environment", options.environment, environments))
    names = [suite.name for suite in suites]
    problems += [_unknown("suite", name, names) for name in options.suites if name not in names]
    ids = [claim.id for claim in claims]
    problems += [_unknown("claim", claim, ids) for claim in options.claims if claim not in ids]
    chosen = environments.get(options.environment or "")
    if options.expect_version is not None and (chosen is None or chosen.version is None):
        problems.append(
            f"--expect-version={options.expect_version} cannot be judged: "
            f"environment {options.environment or '(none)'} does not say where its `version:` is read"
        )
    allowed = options.allow_destructive
    if allowed is not None and allowed != options.environment:
        problems.append(
            f"--allow-destructive={allowed} must repeat the name given to --env, "
            f"which is {options.environment or 'not given'}"
        )
    elif allowed is not None and environments[allowed].protection != "disposable":
        problems.append(
            f"--allow-destructive={allowed}: environment {allowed} is not `protection: disposable`"
        )
    if options.watch is not None and options.environment is None:
        problems.append(f"--watch={options.watch} needs an environment: give --env")
    if problems:
        raise UsageError("\n".join(problems))


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    hint = offer(name, known)
    return f"unknown {what} {name!r}" + (f": {hint}" if hint else ": the contract declares none")


def _wanted(environment: Environment | None, suites: tuple[Suite, ...], options: Options) -> frozenset[str]:
    """Return the suites to judge: those asked for, else the environment's gate, else all."""
    if options.suites:
        return frozenset(options.suites)
    if options.claims or environment is None:
        return frozenset(suite.name for suite in suites)
    return frozenset(environment.gate)


def _waivers(loaded: Loaded, options: Options) -> dict[str, Waiver]:
    if not options.waivers:
        return {}
    found: dict[str, Waiver] = {}
    # the one for this environment comes last, and counts
    for index, waiver in sorted(
        enumerate(loaded.contract.waivers), key=lambda each: each[1].environment is not None
    ):
        if waiver.environment in {None, options.environment}:
            found[waiver.claim] = Waiver(
                claim=waiver.claim,
                until=waiver.until.isoformat(),
                owner=waiver.owner,
                reason=waiver.reason,
                expired=waiver.until < options.today,
                place=loaded.document.place(("waivers", index)),
            )
    return found


def _entry(
    claim: Claim,
    suite: Suite,
    environment: Environment | None,
    wanted: frozenset[str],
    waiver: Waiver | None,
    options: Options,
) -> Entry:
    bound = [one for one in claim.checks if one.check.rule.suite == suite.name]
    if suite.name not in wanted or (options.claims and claim.id not in options.claims):
        return Entry(claim=claim, suite=suite.name, standing=Standing.NOT_SELECTED)
    reasons = [
        (one, _unsummed(one.check, wanted) or _ruled_out(one, suite, environment, options)) for one in bound
    ]
    checks = tuple(one.check for one, reason in reasons if reason is None)
    left_out = tuple(
        f"{one.check.rule.id} was not run: {reason}" for one, reason in reasons if reason is not None
    )
    if not checks:
        first = next(reason for _, reason in reasons if reason is not None)
        return Entry(
            claim=claim,
            suite=suite.name,
            left_out=left_out,
            standing=Standing.NOT_JUDGED_HERE,
            reason=first,
        )
    return Entry(claim=claim, suite=suite.name, checks=checks, left_out=left_out, waiver=waiver)


def _unsummed(check: Check, wanted: frozenset[str]) -> str | None:
    """Return why a check has nothing to sum up here, or None."""
    suites = {need.suite for need in check.needs if isinstance(need, Judged)}
    return next(
        (f"it sums up suite {name}: give --suite={name} too" for name in sorted(suites - wanted)), None
    )


def _ruled_out(
    bound: BoundCheck, suite: Suite, environment: Environment | None, options: Options
) -> str | None:
    """Return why a check may not be judged here, or None."""
    rule, stated = bound.check.rule, bound.check.stated
    effect = rule.effect(stated)
    if effect > suite.effects:
        return f"it {effect.label}, which suite {suite.name} does not allow"
    if bound.environments is not None and options.environment not in bound.environments:
        return f"it is stated for {', '.join(bound.environments)} only"
    if not rule.live(stated):
        return None
    if environment is None:
        return "it needs an environment: give --env"
    return _not_asked_for(bound.check, environment, options) or _protected(effect, environment, options)


def _not_asked_for(check: Check, environment: Environment, options: Options) -> str | None:
    """Return what has to be given, or to be there, for a check that does more than look once."""
    if options.watch is None and check.rule.last(check.stated):
        return "it watches the environment for a time: give --watch, such as --watch=15m"
    if environment.reference is None and check.rule.breaking(check.stated):
        return "it stops a part of the system, and only the reference can be broken"
    return None


def _protected(effect: Effect, environment: Environment, options: Options) -> str | None:
    """Return why the environment's protection forbids an effect, or None."""
    if effect > Effect.READS and environment.protection != "disposable":
        return f"it {effect.label}, and {options.environment} is not `protection: disposable`"
    # the reference is ours: we made it, and it goes with the run
    allowed = environment.reference is not None or options.allow_destructive == options.environment
    if effect >= Effect.DESTROYS and not allowed:
        return f"it {effect.label}: give --allow-destructive={options.environment}"
    return None


def _without(claim: Claim) -> Entry:
    if claim.unverifiable is not None:
        return Entry(claim=claim, suite="", standing=Standing.UNVERIFIABLE, reason=claim.unverifiable)
    return Entry(claim=claim, suite="", standing=Standing.WITHOUT_CHECK)
