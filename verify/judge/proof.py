"""Executes a rule's own proofs: every HOLDS must hold, every FAILS must be violated.

In the files of a failing proof a comment ``# finding`` marks each line that has to be
named; where a proof has such marks the findings must stand on exactly those lines.
"""

from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from verify.facts.files import FilesSeen
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
    for index, proof in enumerate(rule.fails):
        judgement = _run(rule, proof)
        _expect(rule, f"FAILS[{index}]", judgement, Outcome.VIOLATED)
        _expect_lines(rule, f"FAILS[{index}]", proof, judgement)
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


def _parsed(argument: Argument, proof: Given) -> FilesSeen:
    matching = {
        name: text
        for name, text in proof.files.items()
        if any(fnmatch(name.rpartition("/")[2], pattern) for pattern in argument.type.patterns)
    }
    return FilesSeen(files=tuple(argument.type.parse(name, text) for name, text in matching.items()))


def _expect(rule: Rule, name: str, judgement: Judgement, expected: Outcome) -> None:
    if judgement.outcome is not expected:
        said = "; ".join(str(one) for one in (*judgement.findings, *judgement.unknowns)) or "nothing"
        raise ProofError(
            f"rule {rule.id}: {name} came out {judgement.outcome}, expected {expected}; it said {said}"
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
