"""Binds the claims of a contract to rules, and collects everything that does not fit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from verify.contract.claim import ClaimSpec
from verify.contract.document import Document
from verify.contract.errors import ContractError, Problem
from verify.contract.explain import problems_from
from verify.contract.load import Loaded
from verify.contract.nodes import Path
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
    claims += _baseline(loaded, registry, problems)
    if problems:
        raise ContractError(problems)
    return tuple(claims)


def _claim(
    claim_id: str, spec: ClaimSpec, loaded: Loaded, registry: Registry, problems: list[Problem]
) -> Claim:
    document = loaded.document
    base: Path = ("claims", claim_id)
    checks = []
    for path, stated in spec.stated_checks:
        rule = _rule(stated.rule, document.place((*base, *path, "rule")), registry, problems)
        if rule is None:
            continue
        where: Path = (*base, *path)
        values = _stated(rule, stated.with_, where, loaded.contract, document, problems)
        check = Check(rule=rule, stated=values, severity=spec.severity)
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
    contract: Contract,
    document: Document,
    problems: list[Problem],
) -> Any:
    if rule.params is None:
        if raw:
            place = document.place((*where, "with"), key=True)
            problems.append(Problem(place, f"rule {rule.id} takes no values", "remove `with`"))
        return None
    try:
        return rule.validator.validate_python(dict(raw), context=contract)
    except ValidationError as error:
        path: Path = (*where, "with") if raw else where
        problems += problems_from(error, document, path, rule.params)
    return None


def _baseline(loaded: Loaded, registry: Registry, problems: list[Problem]) -> Iterator[Claim]:
    """Yield one claim for each rule that is judged although nobody claimed it."""
    stated = loaded.contract.baseline
    document = loaded.document
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
            values = rule.validator.validate_python({}, context=loaded.contract) if rule.params else None
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
