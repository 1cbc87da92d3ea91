"""Judges one check on what was seen, and one claim on its checks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from verify.facts.files import FilesSeen
from verify.facts.http import PartError
from verify.judge.refusals import refusals
from verify.judge.rule import Argument, Rule
from verify.model.finding import Finding, Nothing, Seen, Unknown
from verify.model.need import Need, Unseen
from verify.model.rule import Said, Severity, Stated
from verify.model.verdict import Judgement, Outcome, Verdict, Waiver, settled

Answers = Mapping[Need, object]
_NEVER = Unseen("was never looked at: the run ended before")


@dataclass(frozen=True, kw_only=True)
class Check:
    """A rule filled with the values one claim states."""

    rule: Rule
    stated: Stated | None
    baseline: bool = False
    #: the claim's own severity, None leaving it to the rule
    severity: Severity | None = None

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
    elif any(isinstance(one, Seen) for one in said):
        outcome = Outcome.HOLDS
    else:
        outcome = Outcome.NOT_APPLICABLE if check.baseline else Outcome.INCONCLUSIVE
        reasons = dict.fromkeys(one.reason for one in said if isinstance(one, Nothing))
        unknowns = tuple(map(Unknown, reasons or (_nothing(check, answers),)))
    return Judgement(
        rule=check.rule.id,
        severity=check.severity or check.rule.about.severity,
        outcome=outcome,
        findings=findings,
        unknowns=unknowns,
        seen=tuple(one for one in said if isinstance(one, Seen)),
        sums=check.rule.sums(check.stated),
    )


def conclude(
    claim: str, suite: str, judgements: Iterable[Judgement], waiver: Waiver | None = None
) -> Verdict:
    """Return the worst of ``judgements``; a waiver in force accepts what is violated, not what is unknown."""
    judged = tuple(judgements)
    return Verdict(
        claim=claim, suite=suite, outcome=settled(judged, waiver), judgements=judged, waiver=waiver
    )


def _nothing(check: Check, answers: Answers) -> str:
    kinds = [a for a in check.rule.arguments if a.source in {"file", "files"}]
    seen = [answers.get(need) for need in check.needs]
    if kinds and not any(isinstance(one, FilesSeen) and one.files for one in seen):
        names = ", ".join(kinds[0].type.patterns)
        return f"nothing to judge: no file among the contract's `files:` matches {names}"
    return "nothing to judge: the rule found no subject in what was seen"


def _said(check: Check, answers: Answers) -> Iterator[Said]:
    needs = check.rule.needs(check.stated)
    facts = {name: [answers.get(need, _NEVER) for need in asked] for name, asked in needs.items()}
    unseen = [Unknown(one.reason) for seen in facts.values() for fact in seen for one in _unseen(fact)]
    refused = tuple(refusals(check.rule, check.stated, (fact for seen in facts.values() for fact in seen)))
    yield from dict.fromkeys(unseen or refused)  # what was never seen is the reason for the rest, too
    if refused:
        return
    each = check.rule.file_argument
    if each is not None:
        # one file that cannot be read says nothing about the others, but what else is asked for must be there
        if any(_unseen(fact) for name, seen in facts.items() if name != each.name for fact in seen):
            return
        others = {a.name: _value(check, a, facts) for a in check.rule.arguments if a is not each}
        for file in _files(facts[each.name]):
            yield from _ask(check, {**others, each.name: file})
    elif not unseen:
        arguments = {a.name: _value(check, a, facts) for a in check.rule.arguments}
        if all(arguments[a.name] for a in check.rule.arguments if a.source == "files"):
            yield from _ask(check, arguments)


def _unseen(fact: object) -> tuple[Unseen, ...]:
    if isinstance(fact, FilesSeen):
        return fact.unseen
    return (fact,) if isinstance(fact, Unseen) else ()


def _value(check: Check, argument: Argument, facts: Mapping[str, list[Any]]) -> Any:
    """Return what the check is called with for one argument."""
    if argument.source == "stated":
        return check.stated
    seen = facts[argument.name]
    if argument.source == "files":
        return _files(seen)
    return tuple(seen) if str(argument.type).startswith("tuple[") else seen[0]


def _files(seen: list[Any]) -> tuple[Any, ...]:
    return tuple(file for one in seen if isinstance(one, FilesSeen) for file in one.files)


def _ask(check: Check, arguments: dict[str, Any]) -> Iterator[Said]:
    try:
        yield from check.rule.check(**arguments)
    except PartError as error:  # what was found in it before was there, and stays
        yield Unknown(str(error))
    except Exception as error:  # noqa: BLE001 - the border to rule code, ours and others': never a verdict by accident
        yield Unknown(f"rule {check.rule.id} failed: {type(error).__name__}: {error}")
