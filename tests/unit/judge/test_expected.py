"""What a fault does to claims, and to what sums them up."""

import pytest

from verify.contract.reference import ReferenceSpec
from verify.judge.expected import counted, hidden, violated
from verify.judge.registry import Registry
from verify.judge.verdict import Check

REGISTRY = Registry(("verify.rules",))


def check(rule_id: str, **stated: object) -> Check:
    rule = REGISTRY.get(rule_id)
    return Check(rule=rule, stated=rule.validator.validate_python(stated) if rule.params else None)


CLAIMS = {
    "plain": (check("headers/hsts", max_age="365d", on=["/"]),),
    "other": (check("tls/alpn"),),
    "watched": (check("watch/error-budget", **{"for": "1s"}),),
    "green": (check("gate/green"),),
    "mixed": (check("gate/green"), check("tls/chain")),
    "elsewhere": (check("gate/green", suite="policy"),),
}
PROMISED = ReferenceSpec.model_validate({"liveness": "/live/"})


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("no-hsts", {"plain", "green", "mixed"}),
        ("no-h2", {"other", "green", "mixed"}),
        ("cert-untrusted", {"green", "mixed"}),
        ("liveness-fades", {"watched"}),  # the gate was green before it was watched
        ("schema-missing", set()),
    ],
)
def test_a_sum_is_violated_with_any_of_its_suite(fault: str, expected: set[str]) -> None:
    assert violated(fault, CLAIMS, PROMISED) == expected


def test_a_sum_alone_is_violated_by_nothing() -> None:
    assert violated("no-hsts", {"green": CLAIMS["green"]}, PROMISED) == frozenset()


def test_a_sum_cannot_be_judged_where_another_cannot() -> None:
    hiding = next(
        (rule, fault)
        for rule in REGISTRY.all()
        for fault in (
            "backup-empty",
            "backup-not-uploaded",
            "restore-careless",
            "backup-stale",
            "archiver-failing",
        )
        if rule.hidden is not None and rule.hides(fault, rule.holds[0].stated, PROMISED)
    )
    rule, fault = hiding
    claims = {
        "hides": (Check(rule=rule, stated=rule.holds[0].stated),),
        "sum": (check("gate/green", suite=rule.suite),),
        "smoke": CLAIMS["green"],
    }
    assert hidden(fault, claims, PROMISED) == {"hides", "sum"}


def test_what_counts() -> None:
    assert [counted(CLAIMS[name][0]) for name in ("plain", "watched", "green")] == [True, False, False]
