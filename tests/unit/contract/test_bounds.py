"""Nobody waits for nothing, or divides by it: such values are told with their place in the file."""

import pytest

from verify.contract.errors import ContractError
from verify.contract.load import load
from verify.judge.binding import read
from verify.judge.registry import Registry

BUILT_IN = Registry(("verify.rules",))
HEAD = """verify: 1
system: sample
document: d.md
environments: {test: {url: 'https://a.example'%s}}
endpoints:
  page: {path: /a}
"""


def told(text: str) -> list[str]:
    with pytest.raises(ContractError) as caught:
        read(text.encode(), "verify.yaml", BUILT_IN)
    return [str(problem) for problem in caught.value.problems]


def claimed(check: str) -> str:
    for short, rule in {
        "over": "rate-limit/over",
        "under": "rate-limit/under",
        "quota": "quota/counted",
    }.items():
        check = check.replace(f"{short} {{", f"rule: {rule}, with: {{endpoint: page, ")
    return HEAD % "" + "claims:\n  C-1: {says: s, at: a, " + check + "}\n"


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ("readiness: {within: 0s}", "expected a duration above zero such as 500ms, got 0s"),
        ("readiness: {interval: 0ms}", "expected a duration above zero such as 500ms, got 0ms"),
        ("readiness: {deadline: 0s}", "expected a duration above zero such as 500ms, got 0s"),
        ("readiness: {within: 8d}", "expected a duration of at most 7d, got 8d"),
        ("readiness: {deadline: 999999999999d}", "a hundred years (36525d) are the most"),
        ("readiness: {within: 99999999999999999999d}", "a hundred years (36525d) are the most"),
        ("watch: {interval: 0s}", "expected a duration above zero such as 500ms, got 0s"),
    ],
)
def test_an_environment(stated: str, words: str) -> None:
    (problem,) = told(HEAD % f", {stated}" + "claims:\n  C-1: {says: s, at: a}\n")
    assert problem.startswith("verify.yaml:4:")
    assert words in problem


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("over {rate: 0/s}", "a rate above zero such as 10/s, got '0/s'"),
        ("under {rate: 0/s}", "a rate above zero such as 10/s, got '0/s'"),
        ("over {rate: 10/s, burst: -1}", "at least 0, got -1"),
        ("over {rate: 10/s, burst: 100000}", "at most 1000, got 100000"),
        ("over {rate: 10/s, burst: 2.5}", "expected a whole number"),
        ("over {rate: 10/h}", "with `quota/counted`"),
        ("over {rate: 5/m}", "take 6m22s, at most 5m are spent"),
        ("under {rate: 10/h}", "of 5 requests below 10/h only 1 would be sent in 5m"),
        ("under {rate: 1/d}", "count a limit of hours or days out"),
        ("quota {requests: 0, window: 1h}", "at least 1, got 0"),
        ("quota {requests: 9, window: 1h, pace: 0/s}", "a rate above zero"),
        ("quota {requests: 9, window: 1h, addresses: 0}", "at least 1, got 0"),
        (
            "quota {requests: 100000, window: 1d}",
            "100000 requests at 5/s take 5h33m, at most 1h are spent: state a faster `pace`",
        ),
        ("rule: readiness/same-version, with: {requests: 0}", "at least 1, got 0"),
        ("rule: session/stateless, with: {endpoint: page, account: a, requests: 0}", "at least 1, got 0"),
        ("rule: logs/json, with: {endpoint: page, fields: {}, within: 0s}", "a duration above zero"),
        ("rule: recovery/within, with: {drill: d, within: 30d}", "at most 7d, got 30d"),
    ],
)  # fmt: skip
def test_a_check(check: str, words: str) -> None:
    problems = told(claimed(check))
    assert all(problem.startswith("verify.yaml:8:") for problem in problems)
    assert [problem for problem in problems if words in problem], problems


@pytest.mark.parametrize(
    "check",
    [
        "over {rate: 10/s, burst: 0}",
        "over {rate: 10/s, burst: 1000}",
        "over {rate: 5/m, burst: 10}",
        "under {rate: 1/m}",
        "quota {requests: 10000, window: 1d}",
        "rule: recovery/within, with: {drill: d, within: 48h}",
    ],
)
def test_what_can_be_judged_is_bound(check: str) -> None:
    text = claimed(check).replace("claims:", "backups: {b: {engine: postgresql}}\nclaims:")
    if "drill" in check:
        assert all("within" not in problem and "7d" not in problem for problem in told(text))
    else:
        _, (claim, *_) = read(text.encode(), "verify.yaml", BUILT_IN)
        assert claim.checks


def test_the_reference_limits_something() -> None:
    limits = "edge: {read: 0/s, write: 1/s, burst: 2}, quotas: {anonymous: 0/h}"
    spec = f"environments: {{reference: {{reference: {{{limits}}}}}}}"
    with pytest.raises(ContractError) as caught:
        load(f"verify: 1\nsystem: s\n{spec}\nclaims: {{C-1: {{says: s, at: a}}}}\n".encode(), "verify.yaml")
    assert [problem.message for problem in caught.value.problems] == [
        "expected a rate above zero such as 10/s, got '0/s'",
        "expected a rate above zero such as 10/s, got '0/h'",
    ]
