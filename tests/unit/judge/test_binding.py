"""Claims meet rules: what fits is bound, what does not is told, all at once."""

from collections.abc import Callable

import pytest

from verify.contract.errors import ContractError
from verify.contract.load import Loaded, load
from verify.judge.binding import Claim, bind, read
from verify.judge.registry import Registry
from verify.model.units import seconds

Make = Callable[..., Registry]
HEAD = """verify: 1
system: sample
document: d.md
environments: {test: {url: 'https://a.example'}}
endpoints:
  health: {path: /health}
"""
BUILT_IN = Registry(("verify.rules",))


def contract(claims: str, more: str = "") -> Loaded:
    return load(f"{HEAD}{more}claims:\n{claims}".encode(), "verify.yaml")


def told(claims: str, registry: Registry = BUILT_IN, more: str = "") -> list[str]:
    with pytest.raises(ContractError) as caught:
        bind(contract(claims, more), registry)
    return [str(problem) for problem in caught.value.problems]


def bound(claims: str, registry: Registry = BUILT_IN, more: str = "") -> dict[str, Claim]:
    return {claim.id: claim for claim in bind(contract(claims, more), registry)}


def test_values_arrive_resolved() -> None:
    found = bound("  C-1: {says: s, at: a, rule: health/status, with: {endpoint: health, within: 500ms}}\n")
    check = found["C-1"].checks[0].check
    assert check.rule.id == "health/status"
    assert check.stated is not None
    assert vars(check.stated)["endpoint"].path == "/health"
    assert vars(check.stated)["within"] == seconds(0.5)
    assert found["C-1"].suites == ("smoke",)
    assert str(found["C-1"].place) == "verify.yaml:8:3"


def test_everything_wrong_is_told_at_once_with_its_place() -> None:
    problems = told(
        """  C-1: {says: s, at: a, rule: helth/status, with: {endpoint: health}}
  C-2: {says: s, at: a, rule: health/status, with: {endpoint: helth}}
  C-3: {says: s, at: a, rule: health/status, with: {endpoint: health, witin: 1s}}
  C-4: {says: s, at: a, rule: health/status, with: {endpoint: health, within: 5 parsecs}}
  C-5: {says: s, at: a, rule: health/status}
  C-6: {says: s, at: a, rule: compose/privileged, with: {a: 1}}
  C-7:
    says: s
    at: a
    checks:
      - {rule: tls/chain}
      - {rule: tls/floor, with: {lowest: SSLv3}}
"""
    )
    assert len(problems) == 7
    for line, (problem, words) in enumerate(
        zip(
            problems,
            (
                "unknown rule 'helth/status': did you mean 'health/status'?",
                "did you mean 'health'?",
                "did you mean 'within'?",
                "unknown unit 'parsecs'",
                "endpoint",
                "rule compose/privileged takes no values: remove `with`",
                "SSLv3",
            ),
            strict=True,
        ),
        start=8,
    ):
        assert words in problem, problem
        assert problem.startswith(f"verify.yaml:{line if line < 14 else 19}:"), problem


WRONG = f"""{HEAD}  broken: {{pth: /x}}
  secret: {{path: /x, account: nobody}}
flows: {{f: {{steps: 5}}}}
baseline: [tls/chane]
claims:
  C-1: {{says: s, rule: helth/status}}
  C-2: {{says: s, at: a, rule: health/status, with: {{endpoint: helth}}}}
  C-3: {{says: s, at: a, rule: health/status, with: {{endpoint: broken}}}}
  C-4: {{says: s, at: a, rule: health/status, with: {{endpoint: broken, witin: 1s}}}}
  C-5: {{says: 5, at: a, checks: [{{rule: tls/floor, with: {{lowest: SSLv3}}}}, {{rle: x}}, 5]}}
  C-6: 5
  C-7: {{says: s, at: a, rule: flow/works, with: {{flow: f}}}}
  C-8: {{says: s, at: a, rule: 5}}
"""


def test_what_is_wrong_with_the_file_hides_nothing_that_is_wrong_with_its_checks() -> None:
    with pytest.raises(ContractError) as caught:
        read(WRONG.encode(), "verify.yaml", BUILT_IN)
    told = {problem.place.line: [] for problem in caught.value.problems}
    for problem in caught.value.problems:
        told[problem.place.line].append(problem.message)
    assert sorted(told) == [7, 8, 9, 10, 12, 13, 15, 16, 17, 19]
    assert told[7] == ["key 'path' is missing", "unknown key 'pth'"]
    assert told[10] == ["unknown rule 'tls/chane'"]
    assert told[12] == ["key 'at' is missing", "unknown rule 'helth/status'"]
    assert told[13][0].startswith("no endpoint 'helth' in this contract")
    assert told[15] == ["unknown key 'witin'"], "that broken is wrong itself is told once, in line 7"
    assert told[16][0].startswith("expected text")
    assert any("SSLv3" in message for message in told[16])
    assert told[17] == ["expected a mapping (`key: value`), got a whole number"]


@pytest.mark.parametrize("more", ["", "sytem: x\n"], ids=["right but for them", "wrong besides"])
def test_problems_of_checks_beyond_what_anybody_reads_are_counted(more: str) -> None:
    claims = "".join(f"  C-{n}: {{says: s, at: a, rule: no/rule-{n}}}\n" for n in range(300))
    with pytest.raises(ContractError) as caught:
        read(f"{HEAD}{more}baseline: none\nclaims:\n{claims}".encode(), "v", BUILT_IN)
    told = [str(problem) for problem in caught.value.problems]
    assert told[0] == "v: 100 more problems of checks are not listed"
    assert sum("unknown rule" in one for one in told) == 200
    assert any("sytem" in one for one in told) == bool(more)


def test_what_is_no_contract_at_all_has_no_checks() -> None:
    for data in (b"[]", b"a: [\n", b"\xff"):
        with pytest.raises(ContractError) as caught:
            read(data, "v", BUILT_IN)
        assert len(caught.value.problems) == 1


@pytest.mark.parametrize("baseline", ["5", "{}", "[5]"])
def test_a_baseline_that_cannot_be_read_is_told_once(baseline: str) -> None:
    with pytest.raises(ContractError) as caught:
        read(f"{HEAD}baseline: {baseline}\nclaims: 5\n".encode(), "v", BUILT_IN)
    assert {problem.place.line for problem in caught.value.problems} == {7, 8}


def test_what_is_right_is_read_and_bound() -> None:
    loaded, claims = read(
        f"{HEAD}baseline: none\nclaims: {{C-1: {{says: s, at: a}}}}\n".encode(), "v", BUILT_IN
    )
    assert loaded.contract.system == "sample"
    assert [claim.id for claim in claims] == ["C-1"]


def test_a_rule_that_is_broken_is_told_at_its_claim(rules: Make) -> None:
    problems = told(
        "  C-1: {says: s, at: a, rule: family/rule}\n", rules({"family/rule": "1 / 0\n"}), "baseline: none\n"
    )
    assert len(problems) == 1
    assert "ZeroDivisionError" in problems[0]
    assert "mend the rule's file" in problems[0]


def test_only_what_is_claimed_is_imported(rules: Make, answers: str) -> None:
    registry = rules({"family/rule": answers, "family/wild": "1 / 0\n"})
    found = bound(
        "  C-1: {says: s, at: a, rule: family/rule, with: {path: /}}\n", registry, "baseline: none\n"
    )
    assert list(found) == ["C-1"]


def test_claims_without_a_check_are_kept() -> None:
    found = bound(
        "  C-1: {says: s, at: a}\n"
        "  C-2: {says: s, at: a, unverifiable: people}\n"
        "  C-3: {says: s, at: a, kind: gap}\n",
        more="baseline: none\n",
    )
    assert [(claim.suites, claim.unverifiable, claim.kind) for claim in found.values()] == [
        ((), None, "claim"),
        ((), "people", "claim"),
        ((), None, "gap"),
    ]


def test_several_checks_in_two_suites_and_environments() -> None:
    found = bound(
        """  C-1:
    says: s
    at: a
    checks:
      - {rule: compose/privileged}
      - {rule: tls/chain, environments: [test]}
      - {rule: tls/floor}
"""
    )["C-1"]
    assert found.suites == ("policy", "smoke")
    assert [one.environments for one in found.checks] == [None, ("test",), None]


def test_the_baseline_by_default() -> None:
    found = bound("  C-1: {says: s, at: a}\n")
    baseline = {name for name, claim in found.items() if claim.baseline}
    assert {"readiness/within", "readiness/version", "compose/privileged"} <= baseline
    claim = found["readiness/within"]
    assert (claim.at, claim.suites) == ("baseline", ("smoke",))
    assert claim.says == claim.checks[0].check.rule.title
    assert all(one.check.baseline for name in baseline for one in found[name].checks)


def test_a_baseline_of_ones_own() -> None:
    found = bound("  C-1: {says: s, at: a}\n", more="baseline: [tls/chain]\n")
    assert [name for name, claim in found.items() if claim.baseline] == ["tls/chain"]
    assert "readiness/within" not in bound("  C-1: {says: s, at: a}\n", more="baseline: none\n")


def test_a_baseline_that_cannot_be() -> None:
    problems = told("  C-1: {says: s, at: a}\n", more="baseline: [tls/chane, health/status]\n")
    assert len(problems) == 2
    assert any("did you mean 'tls/chain'?" in problem for problem in problems)
    assert any("rule health/status needs stated values: claim it instead" in problem for problem in problems)


def test_equal_needs_of_many_claims_are_one() -> None:
    one = "{says: s, at: a, rule: health/status, with: {endpoint: health, within: 9s}}"
    claims = "".join(f"  C-{number}: {one.replace('9s', f'{number}s')}\n" for number in range(1, 30))
    found = bound(claims, more="baseline: none\n")
    needs = [need for claim in found.values() for one in claim.checks for need in one.check.needs]
    assert len(needs) == 29
    assert len(set(needs)) == 1
