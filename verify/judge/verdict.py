"""Judges one check on what was seen, and one claim on its checks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from verify.facts.files import FilesSeen
from verify.judge.rule import Argument, Rule
from verify.model.finding import Finding, Seen, Unknown
from verify.model.need import Need, Unseen
from verify.model.rule import Said, Stated
from verify.model.verdict import Judgement, Outcome, Verdict, Waiver, worst

Answers = Mapping[Need, object]


@dataclass(frozen=True, kw_only=True)
class Check:
    """A rule filled with the values one claim states."""

    rule: Rule
    stated: Stated | None
    baseline: bool = False

    @property
    def needs(self) -> frozenset[Need]:
        """Return everything this check asks to be seen."""
        return frozenset(need for group in self.rule.needs(self.stated).values() for need in group)


def judge(check: Check, answers: Answers) -> Judgement:
    """Return what ``check`` concludes from ``answers``; a need without one is unseen."""
    said = tuple(_said(check, answers))
    findings = tuple(one for one in said if isinstance(one, Finding))
    unknowns = tuple(one for one in said if isinstance(one, Unknown))
    if findings:
        outcome = Outcome.VIOLATED
    elif unknowns:
        outcome = Outcome.INCONCLUSIVE
    elif said:
        outcome = Outcome.HOLDS
    elif check.baseline:
        outcome = Outcome.NOT_APPLICABLE
    else:
        outcome, unknowns = Outcome.INCONCLUSIVE, (Unknown(_nothing(check, answers)),)
    return Judgement(
        rule=check.rule.id,
        severity=check.rule.about.severity,
        outcome=outcome,
        findings=findings,
        unknowns=unknowns,
        seen=tuple(one for one in said if isinstance(one, Seen)),
    )


def conclude(
    claim: str, suite: str, judgements: Iterable[Judgement], waiver: Waiver | None = None
) -> Verdict:
    """Return the worst of ``judgements``; a waiver in force accepts a violation only."""
    judged = tuple(judgements)
    outcome = worst(judgement.outcome for judgement in judged)
    if outcome is Outcome.VIOLATED and waiver is not None and not waiver.expired:
        outcome = Outcome.WAIVED
    return Verdict(claim=claim, suite=suite, outcome=outcome, judgements=judged, waiver=waiver)


def _nothing(check: Check, answers: Answers) -> str:
    kinds = [a for a in check.rule.arguments if a.source in {"file", "files"}]
    seen = [answers.get(need) for need in check.needs]
    if kinds and not any(isinstance(one, FilesSeen) and one.files for one in seen):
        names = ", ".join(kinds[0].type.patterns)
        return f"nothing to judge: no file among the contract's `files:` matches {names}"
    return "nothing to judge: the rule found no subject in what was seen"


def _said(check: Check, answers: Answers) -> Iterator[Said]:
    arguments: dict[str, Any] = {}
    unseen: list[Unknown] = []
    needs = check.rule.needs(check.stated)
    each: tuple[str, tuple[Any, ...]] | None = None
    for argument in check.rule.arguments:
        if argument.source == "stated":
            arguments[argument.name] = check.stated
            continue
        facts = []
        for need in needs[argument.name]:
            answer = answers.get(need, Unseen("was never looked at: the run ended before"))
            if isinstance(answer, Unseen):
                unseen.append(Unknown(answer.reason))
            else:
                facts.append(answer)
        if argument.source in {"file", "files"}:
            files = tuple(file for one in facts if isinstance(one, FilesSeen) for file in one.files)
            hidden = (hidden for one in facts if isinstance(one, FilesSeen) for hidden in one.unseen)
            unseen += [Unknown(one.reason) for one in hidden]
            if argument.source == "file":
                each = (argument.name, files)
            else:
                arguments[argument.name] = files
        elif facts:
            arguments[argument.name] = _shaped(argument, facts)
    yield from dict.fromkeys(unseen)
    if each is not None:
        for file in each[1]:
            yield from _ask(check, {**arguments, each[0]: file})
    elif not unseen and not _no_files(check, arguments):
        yield from _ask(check, arguments)


def _shaped(argument: Argument, facts: list[Any]) -> Any:
    several = str(argument.type).startswith("tuple[")
    return tuple(facts) if several else facts[0]


def _no_files(check: Check, arguments: dict[str, Any]) -> bool:
    return any(a.source == "files" and not arguments[a.name] for a in check.rule.arguments)


def _ask(check: Check, arguments: dict[str, Any]) -> Iterator[Said]:
    try:
        yield from check.rule.check(**arguments)
    except Exception as error:  # noqa: BLE001 - the border to rule code, ours and others': never a verdict by accident
        yield Unknown(f"rule {check.rule.id} failed: {type(error).__name__}: {error}")
