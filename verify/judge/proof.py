"""Executes a rule's own proofs: every HOLDS must hold, every FAILS must be violated.

Each is executed once more with bodies of answers that nobody can read: what holds for a body
then is unknown, and what fails because of one must not hold.

In the files of a failing proof a comment ``# finding`` marks each line that has to be
named; where a proof has such marks the findings must stand on exactly those lines.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from fnmatch import fnmatch
from typing import Any

from verify.facts.files import FilesSeen, with_parts
from verify.facts.http import Exchange, Part
from verify.judge.rule import Argument, Rule
from verify.judge.verdict import Check, judge
from verify.model.need import Need
from verify.model.place import Place
from verify.model.rule import Given
from verify.model.verdict import Judgement, Outcome

MARK = "# finding"


class ProofError(AssertionError):
    """A proof that does not show what it claims."""


def prove(rule: Rule) -> int:
    """Run each proof of ``rule`` and return how many there were; raise ``ProofError``."""
    for index, proof in enumerate(rule.holds):
        _expect(rule, f"HOLDS[{index}]", _run(rule, proof), Outcome.HOLDS)
        _expect(
            rule, f"HOLDS[{index}] unread", _run(rule, _unread(proof)), Outcome.HOLDS, Outcome.INCONCLUSIVE
        )
    for index, proof in enumerate(rule.fails):
        judgement = _run(rule, proof)
        _expect(rule, f"FAILS[{index}]", judgement, Outcome.VIOLATED)
        _expect_lines(rule, f"FAILS[{index}]", proof, judgement)
        judgement = _run(rule, _unread(proof))
        _expect(rule, f"FAILS[{index}] unread", judgement, Outcome.VIOLATED, Outcome.INCONCLUSIVE)
    return len(rule.holds) + len(rule.fails)


def answers(rule: Rule, proof: Given) -> dict[Need, Any]:
    """Return what was seen, as the proof gives it, by need."""
    needs = rule.needs(proof.stated)
    found: dict[Need, Any] = {}
    for argument in rule.arguments:
        if argument.source in {"file", "files"}:
            found[needs[argument.name][0]] = _parsed(argument, proof)
        elif argument.source == "fact" and argument.name in proof.facts:
            fact = proof.facts[argument.name]
            asked = needs[argument.name]
            facts = fact if isinstance(fact, tuple) and len(asked) == len(fact) else (fact,) * len(asked)
            found.update(zip(asked, facts, strict=True))
    return found


def _run(rule: Rule, proof: Given) -> Judgement:
    unknown = proof.facts.keys() - {a.name for a in rule.arguments if a.source == "fact"}
    if unknown:
        raise ProofError(f"rule {rule.id}: a proof gives {sorted(unknown)}, which check does not ask for")
    return judge(Check(rule=rule, stated=proof.stated), answers(rule, proof))


def _unread(proof: Given) -> Given:
    """Return ``proof`` with each body there, and not to be read."""
    return replace(proof, facts={name: _hidden(fact) for name, fact in proof.facts.items()})


def _hidden(fact: Any) -> Any:
    if isinstance(fact, Exchange):
        return replace(fact, body=Part(why="its body cannot be read")) if fact.body else fact
    if type(fact) is tuple:
        return tuple(map(_hidden, fact))
    if is_dataclass(fact) and not isinstance(fact, type):
        kept = {field.name: getattr(fact, field.name) for field in fields(fact) if field.init}
        changed = {name: value for name, seen in kept.items() if (value := _hidden(seen)) is not seen}
        return replace(fact, **changed) if changed else fact
    return fact


def _parsed(argument: Argument, proof: Given) -> FilesSeen:
    matching = [
        (name, text)
        for name, text in proof.files.items()
        if any(fnmatch(name.rpartition("/")[2], pattern) for pattern in argument.type.patterns)
    ]
    return FilesSeen.of(argument.type, with_parts(argument.type, matching, proof.files.get))


def _expect(rule: Rule, name: str, judgement: Judgement, *expected: Outcome) -> None:
    if judgement.outcome not in expected:
        said = "; ".join(str(one) for one in (*judgement.findings, *judgement.unknowns)) or "nothing"
        wanted = " or ".join(expected)
        raise ProofError(
            f"rule {rule.id}: {name} came out {judgement.outcome}, expected {wanted}; it said {said}"
        )


def _expect_lines(rule: Rule, name: str, proof: Given, judgement: Judgement) -> None:
    marked = set(_marked(proof))
    if not marked:
        return
    places = [finding.at for finding in judgement.findings]
    named = {(at.file, at.line) for at in places if isinstance(at, Place)}
    if named != marked:
        raise ProofError(f"rule {rule.id}: {name} names {sorted(named)}, marked are {sorted(marked)}")


def _marked(proof: Given) -> Iterator[tuple[str, int]]:
    for file, text in proof.files.items():
        for number, line in enumerate(text.splitlines(), start=1):
            if line.rstrip().endswith(MARK):
                yield file, number
