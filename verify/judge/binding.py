"""Binds the claims of a contract to rules, and collects everything that does not fit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from verify.contract.claim import CheckSpec, ClaimSpec
from verify.contract.document import Document
from verify.contract.errors import MOST, ContractError, Problem, unlisted
from verify.contract.explain import problems_from
from verify.contract.load import Loaded, load
from verify.contract.nodes import Path
from verify.contract.readable import Readable
from verify.contract.spec import Contract
from verify.judge.registry import Registry, UnknownRuleError
from verify.judge.rule import Rule, RuleError
from verify.judge.verdict import Check
from verify.model.place import Place


@dataclass(frozen=True, kw_only=True)
class BoundCheck:
    """One check of a claim; ``environments`` limits where it is judged, None is everywhere."""

    check: Check
    environments: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim with its checks, ready to be judged; a baseline rule is a claim of its own."""

    id: str
    says: str
    at: str
    place: Place
    checks: tuple[BoundCheck, ...] = ()
    unverifiable: str | None = None
    kind: str = "claim"
    baseline: bool = False

    @property
    def suites(self) -> tuple[str, ...]:
        """Return the suites of its checks, each once, in order."""
        return tuple(dict.fromkeys(bound.check.rule.suite for bound in self.checks))


def bind(loaded: Loaded, registry: Registry) -> tuple[Claim, ...]:
    """Return every claim and baseline rule; raise ``ContractError`` with each misfit.

    Only the rules that are claimed, or on the baseline, are imported.
    """
    problems: list[Problem] = []
    claims = [
        _claim(claim_id, spec, loaded, registry, problems)
        for claim_id, spec in loaded.contract.claims.items()
    ]
    claims += _baseline(loaded.contract, loaded.document, registry, problems)
    if problems:
        raise ContractError(_bounded(problems, loaded.document))
    return tuple(claims)


def read(data: bytes, name: str, registry: Registry) -> tuple[Loaded, tuple[Claim, ...]]:
    """Return the contract in ``data``, called ``name`` in messages, and its claims.

    Raise ``ContractError`` with everything wrong: what does not fit a rule is told beside what is
    wrong with the file itself.
    """
    try:
        loaded = load(data, name)
    except ContractError as error:
        found = error.readable
        if found is None:
            raise
        problems: list[Problem] = []
        for path, stated in found.checks:
            _bind_check(stated, path, found, found.document, registry, problems)
        list(_baseline(found.contract, found.document, registry, problems))
        raise ContractError([*error.problems, *_bounded(problems, found.document)]) from None
    return loaded, bind(loaded, registry)


def _bounded(problems: list[Problem], document: Document) -> list[Problem]:
    more = unlisted(Place(document.name), max(0, len(problems) - MOST), "problems of checks")
    return [*sorted(problems)[:MOST], *more]


def _claim(
    claim_id: str, spec: ClaimSpec, loaded: Loaded, registry: Registry, problems: list[Problem]
) -> Claim:
    document = loaded.document
    base: Path = ("claims", claim_id)
    checks = []
    for path, stated in spec.stated_checks:
        found = _bind_check(stated, (*base, *path), loaded.contract, document, registry, problems)
        if found is not None:
            check = Check(rule=found[0], stated=found[1], severity=spec.severity)
            checks.append(BoundCheck(check=check, environments=stated.environments))
    return Claim(
        id=claim_id,
        says=spec.says,
        at=spec.at,
        place=document.place(base, key=True),
        checks=tuple(checks),
        unverifiable=spec.unverifiable,
        kind=spec.kind,
    )


def _bind_check(
    stated: CheckSpec,
    where: Path,
    context: Contract | Readable,
    document: Document,
    registry: Registry,
    problems: list[Problem],
) -> tuple[Rule, Any] | None:
    """Return the rule and its values; add what does not fit to ``problems``."""
    rule = _rule(stated.rule, document.place((*where, "rule")), registry, problems)
    if rule is None:
        return None
    return rule, _stated(rule, stated.with_, where, context, document, problems)


def _rule(rule_id: str, place: Place, registry: Registry, problems: list[Problem]) -> Rule | None:
    try:
        return registry.get(rule_id)
    except UnknownRuleError as error:
        message, _, hint = str(error).partition(": ")
        problems.append(Problem(place, message, hint))
    except RuleError as error:
        problems.append(Problem(place, str(error), "mend the rule's file"))
    return None


def _stated(
    rule: Rule,
    raw: Mapping[str, Any],
    where: Path,
    context: Contract | Readable,
    document: Document,
    problems: list[Problem],
) -> Any:
    if rule.params is None:
        if raw:
            place = document.place((*where, "with"), key=True)
            problems.append(Problem(place, f"rule {rule.id} takes no values", "remove `with`"))
        return None
    try:
        return rule.validator.validate_python(dict(raw), context=context)
    except ValidationError as error:
        path: Path = (*where, "with") if raw else where
        problems += problems_from(error, document, path, rule.params)
    return None


def _baseline(
    contract: Contract, document: Document, registry: Registry, problems: list[Problem]
) -> Iterator[Claim]:
    """Yield one claim for each rule that is judged although nobody claimed it."""
    stated = contract.baseline
    if stated == "none":
        return
    if stated == "default":
        rules = [rule for rule in registry.all() if rule.about.baseline]
    else:
        found = (
            _rule(rule_id, document.place(("baseline", index)), registry, problems)
            for index, rule_id in enumerate(stated)
        )
        rules = [rule for rule in found if rule is not None]
    for rule in rules:
        try:
            values = rule.validator.validate_python({}, context=contract) if rule.params else None
        except ValidationError:
            place = document.place(("baseline",), key=True)
            problems.append(Problem(place, f"rule {rule.id} needs stated values", "claim it instead"))
            continue
        check = Check(rule=rule, stated=values, baseline=True)
        yield Claim(
            id=rule.id,
            says=rule.title,
            at="baseline",
            place=document.place(("baseline",), key=True),
            checks=(BoundCheck(check=check),),
            baseline=True,
        )
