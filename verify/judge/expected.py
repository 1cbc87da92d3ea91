"""What a fault of the reference does to claims, by the rules' own word."""

from collections.abc import Callable, Iterable, Mapping

from verify.contract.reference import ReferenceSpec
from verify.facts.gate import Judged
from verify.judge.verdict import Check

Claims = Mapping[str, Iterable[Check]]


def violated(fault: str, claims: Claims, reference: ReferenceSpec) -> frozenset[str]:
    """Return which of ``claims``, by name, ``fault`` violates in a system that promises ``reference``.

    What sums up others is violated with any of them.
    """
    return _told(claims, lambda check: check.rule.breaks(fault, check.stated, reference))


def hidden(fault: str, claims: Claims, reference: ReferenceSpec) -> frozenset[str]:
    """Return which of ``claims`` cannot be judged under ``fault``; what is violated may be among them."""
    return _told(claims, lambda check: check.rule.hides(fault, check.stated, reference))


def counted(check: Check) -> bool:
    """Tell whether a check counts where its suite is summed up: no sum does, nor what is watched later."""
    return not check.rule.sums(check.stated) and not check.rule.last(check.stated)


def _told(claims: Claims, told: Callable[[Check], bool]) -> frozenset[str]:
    plain = {
        name: [check for check in checks if not check.rule.sums(check.stated)]
        for name, checks in claims.items()
    }
    suites = {
        check.rule.suite for checks in plain.values() for check in checks if counted(check) and told(check)
    }
    summed = {
        name
        for name, checks in claims.items()
        for check in checks
        for need in check.needs
        if isinstance(need, Judged) and need.suite in suites
    }
    return frozenset(summed | {name for name, checks in plain.items() if any(map(told, checks))})
