"""What is watched under ``--watch``: only a green gate, and of it the blockers that only read."""

from collections.abc import Iterable, Mapping

from verify.collectors.world import Watching
from verify.contract.load import Loaded
from verify.judge.binding import BoundCheck, Claim
from verify.judge.registry import Registry
from verify.judge.verdict import Check
from verify.model.need import Effect
from verify.model.verdict import Outcome, Verdict
from verify.run.gather import Progress
from verify.run.options import Options
from verify.run.plan import Entry

RULE = "watch/error-budget"
CLAIM = "watch"
GREEN = frozenset({Outcome.HOLDS, Outcome.WAIVED, Outcome.NOT_APPLICABLE})


def own_claim(
    loaded: Loaded, claims: Iterable[Claim], options: Options, registry: Registry
) -> tuple[Claim, ...]:
    """Return the claim that ``--watch`` makes by itself: none where the contract states one already."""
    name = options.environment
    stated = {bound.check.rule.id for claim in claims for bound in claim.checks}
    if options.watch is None or name is None or name not in loaded.contract.environments or RULE in stated:
        return ()
    rule = registry.get(RULE)
    budget = loaded.contract.environments[name].watch.budget
    values = rule.validator.validate_python({"for": str(options.watch), "budget": str(budget)})
    check = Check(rule=rule, stated=values, baseline=True)
    return (
        Claim(
            id=CLAIM if all(claim.id != CLAIM for claim in claims) else RULE,
            says=f"the blockers hold for {options.watch}",
            at="--watch",
            place=loaded.document.place(("environments", name), key=True),
            checks=(BoundCheck(check=check),),
            baseline=True,
        ),
    )


def red(verdicts: Mapping[str, Verdict]) -> str:
    """Return why there is nothing to watch: the gate is not green; an empty text where it is."""
    bad = [name for name, verdict in sorted(verdicts.items()) if verdict.outcome not in GREEN]
    more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""  # noqa: PLR2004 - as many as are read at a glance
    return f"the gate is not green ({', '.join(bad[:3])}{more}), so it is not watched" if bad else ""


def watching(
    entries: Iterable[Entry],
    verdicts: Mapping[str, Verdict],
    loaded: Loaded,
    options: Options,
    tell: Progress,
) -> Watching | None:
    """Return what is repeated: each blocker that held, is live and only reads; None without ``--watch``."""
    if options.watch is None or options.environment is None:
        return None
    environment = loaded.contract.environments[options.environment]
    checks = [
        check
        for entry in entries
        if verdicts.get(entry.id) is not None and verdicts[entry.id].outcome is Outcome.HOLDS
        for check in entry.checks
        if _repeats(check)
    ]
    return Watching(
        checks=tuple(checks),
        duration=options.watch,
        interval=options.watch_interval or environment.watch.interval,
        budget=environment.watch.budget,
        progress=tell,
    )


def _repeats(check: Check) -> bool:
    """Tell whether a check is a blocker that only reads; readiness is looked at then, not waited for."""
    reads = all(need.effect is Effect.READS and not need.last and not need.sums for need in check.needs)
    return check.rule.about.severity == "blocker" and reads and check.rule.live(check.stated)
