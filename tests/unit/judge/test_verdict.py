"""From what a check says to an outcome, and from outcomes to a verdict."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from verify.facts.compose import ComposeFile
from verify.facts.files import Files, FilesSeen
from verify.facts.http import Exchange, Get, Part
from verify.judge.registry import Registry
from verify.judge.verdict import Check, conclude, judge
from verify.model.need import Unseen
from verify.model.place import Place
from verify.model.verdict import Decision, Judgement, Outcome, Verdict, Waiver, decide, worst

Make = Callable[..., Registry]
NEED = Get(path="/")
COMPOSE = Files(ComposeFile)


def waiver(*, expired: bool = False) -> Waiver:
    return Waiver(
        claim="C", until="2030-01-01", owner="ops", reason="r", expired=expired, place=Place("v.yaml", 3)
    )


def judgement(outcome: Outcome, severity: Any = "error") -> Judgement:
    return Judgement(rule="a/b", severity=severity, outcome=outcome)


@pytest.fixture
def live(rules: Make, answers: str) -> Callable[..., Check]:
    rule = rules({"family/rule": answers}).get("family/rule")
    return lambda baseline=False: Check(rule=rule, stated=rule.holds[0].stated, baseline=baseline)


@pytest.fixture
def file_check(rules: Make, per_file: str) -> Callable[..., Check]:
    rule = rules({"family/rule": per_file}).get("family/rule")
    return lambda baseline=False: Check(rule=rule, stated=None, baseline=baseline)


@pytest.mark.parametrize(
    ("answer", "outcome", "words"),
    [
        (Exchange(status=200), Outcome.HOLDS, ""),
        (Exchange(status=500), Outcome.VIOLATED, ""),
        (Exchange(status=299), Outcome.INCONCLUSIVE, "who knows"),
        (Exchange(status=298), Outcome.INCONCLUSIVE, "rule family/rule failed: ValueError: wild"),
        (Exchange(status=297), Outcome.INCONCLUSIVE, "the rule found no subject"),
        (Exchange(status=204), Outcome.INCONCLUSIVE, "there is no body"),
        (Unseen("gone"), Outcome.INCONCLUSIVE, "gone"),
        (None, Outcome.INCONCLUSIVE, "never looked at"),
    ],
)
def test_outcomes(live: Callable[..., Check], answer: object, outcome: Outcome, words: str) -> None:
    found = judge(live(), {} if answer is None else {NEED: answer})
    assert found.outcome is outcome
    assert bool(found.findings) == (outcome is Outcome.VIOLATED)
    assert words in " ".join(unknown.reason for unknown in found.unknowns)
    assert bool(found.unknowns) == bool(words)


PAGES = """
    @dataclass(frozen=True, kw_only=True)
    class Params(Stated):
        def needs(self):
            return {"answers": (Get(path="/a"), Get(path="/b"))}
    STATED = Params()
    HOLDS = given(STATED, answers=Exchange(status=200))
    FAILS = given(STATED, answers=Exchange(status=200, body=b"bad"))
    @rule(severity="error")
    def check(answers: tuple[Exchange, ...], stated: Params) -> Iterator[Finding | Seen]:
        for answer in answers:
            yield Seen(answer.status)
            if answer.status == 500 or "bad" in answer.text:
                yield Finding(answer.place, "bad")
"""


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        (200, 200, Outcome.INCONCLUSIVE),
        (500, 200, Outcome.VIOLATED),  # what was found before stays
        (500, 500, Outcome.VIOLATED),  # nobody looked at the body
    ],
)
def test_a_part_of_a_body_is_unknown_to_whoever_looks_at_it(
    rules: Make, first: int, second: int, outcome: Outcome
) -> None:
    found = rules({"family/pages": PAGES}).get("family/pages")
    check = Check(rule=found, stated=found.holds[0].stated)
    answers = [Exchange(status=status, body=Part(why="it was cut")) for status in (first, second)]
    judged = judge(check, dict(zip((Get(path="/a"), Get(path="/b")), answers, strict=True)))
    assert judged.outcome is outcome
    reasons = [one.reason for one in judged.unknowns]
    assert reasons == (
        [] if second == 500 else ["GET https://system.example/: it was cut, so its content cannot be judged"]
    )


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.HOLDS),
        (500, Outcome.VIOLATED),
        (299, Outcome.INCONCLUSIVE),
        (298, Outcome.INCONCLUSIVE),
        (297, Outcome.NOT_APPLICABLE),
        (204, Outcome.NOT_APPLICABLE),
    ],
)
def test_a_baseline_rule_without_a_subject_is_not_applicable(
    live: Callable[..., Check], status: int, outcome: Outcome
) -> None:
    found = judge(live(baseline=True), {NEED: Exchange(status=status)})
    assert found.outcome is outcome
    if outcome is Outcome.NOT_APPLICABLE:
        assert found.unknowns


def test_an_unseen_fact_is_never_not_applicable(live: Callable[..., Check]) -> None:
    assert judge(live(baseline=True), {NEED: Unseen("gone")}).outcome is Outcome.INCONCLUSIVE
    assert judge(live(baseline=True), {}).outcome is Outcome.INCONCLUSIVE


def parsed(*texts: str, unseen: tuple[Unseen, ...] = ()) -> dict[Any, Any]:
    sources = tuple((f"compose.{number}.yml", text) for number, text in enumerate(texts))
    return {COMPOSE: FilesSeen.of(ComposeFile, sources, unseen)}


def test_each_file_is_judged_whatever_the_others_are(file_check: Callable[..., Check]) -> None:
    good, other, bad = (f"services:\n  {name}\n" for name in ("a: {image: x}", "b: {image: x}", "c: {}"))
    found = judge(file_check(), parsed(good, "[", bad, unseen=(Unseen("a FIFO"),)))
    assert found.outcome is Outcome.VIOLATED
    assert [str(one.at) for one in found.findings] == ["compose.2.yml:2:3"]
    assert len(found.unknowns) == 2
    assert judge(file_check(), parsed(good, "[")).outcome is Outcome.INCONCLUSIVE
    assert judge(file_check(), parsed(good, other)).outcome is Outcome.HOLDS


@pytest.mark.parametrize("baseline", [True, False])
def test_no_file_is_not_green(file_check: Callable[..., Check], *, baseline: bool) -> None:
    found = judge(file_check(baseline), parsed())
    assert found.outcome is (Outcome.NOT_APPLICABLE if baseline else Outcome.INCONCLUSIVE)
    assert "no file among the contract's `files:` matches docker-compose*.yml" in found.unknowns[0].reason


def test_a_file_without_a_subject_says_so(file_check: Callable[..., Check]) -> None:
    found = judge(file_check(), parsed("services: {}\n"))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "found no subject" in found.unknowns[0].reason


BOTH = """
    @dataclass(frozen=True, kw_only=True)
    class Params(Stated):
        def needs(self):
            return {"answer": Get(path="/")}
    STATED = Params()
    HOLDS = given(STATED, {"compose.yml": "services: {a: {}}\\n"}, answer=Exchange(status=200))
    FAILS = given(STATED, {"compose.yml": "services: {a: {}}\\n"}, answer=Exchange(status=500))
    @rule(severity="error")
    def check(KIND, answer: Exchange, stated: Params) -> Iterator[Finding | Seen]:
        yield Seen(answer.status)
        if answer.status != 200:
            yield Finding("here", "differs")
"""


@pytest.mark.parametrize("kind", ["compose: ComposeFile", "files: tuple[ComposeFile, ...]"])
def test_files_and_a_live_fact_must_both_be_there(rules: Make, kind: str) -> None:
    rule = rules({"family/rule": BOTH.replace("KIND", kind)}).get("family/rule")
    check = Check(rule=rule, stated=rule.holds[0].stated)
    seen = parsed("services: {a: {}}\n")
    assert check.needs == {COMPOSE, NEED}
    assert judge(check, {**seen, NEED: Exchange(status=200)}).outcome is Outcome.HOLDS
    assert judge(check, {**seen, NEED: Exchange(status=500)}).outcome is Outcome.VIOLATED
    blind = judge(check, {**seen, NEED: Unseen("gone")})
    assert blind.outcome is Outcome.INCONCLUSIVE
    assert [unknown.reason for unknown in blind.unknowns] == ["gone"]
    assert judge(check, {**parsed(), NEED: Exchange(status=500)}).outcome is Outcome.INCONCLUSIVE
    assert judge(check, {COMPOSE: Unseen("no folder"), NEED: Exchange(status=200)}).outcome is (
        Outcome.INCONCLUSIVE
    )


def test_the_same_reason_is_told_once(rules: Make) -> None:
    text = """
    @dataclass(frozen=True, kw_only=True)
    class Params(Stated):
        def needs(self):
            return {"answers": (Get(path="/a"), Get(path="/b"), Get(path="/a"))}
    STATED = Params()
    HOLDS = given(STATED, answers=Exchange(status=200))
    FAILS = given(STATED, answers=Exchange(status=500))
    @rule(severity="error")
    def check(answers: tuple[Exchange, ...], stated: Params) -> Iterator[Finding | Seen]:
        yield Seen(len(answers))
        if answers[0].status == 500:
            yield Finding("here", "differs")
    """
    rule = rules({"family/rule": text}).get("family/rule")
    check = Check(rule=rule, stated=rule.holds[0].stated)
    assert len(check.needs) == 2
    seen = judge(check, dict.fromkeys(check.needs, Unseen("not ready")))
    assert [unknown.reason for unknown in seen.unknowns] == ["not ready"]
    assert judge(check, dict.fromkeys(check.needs, Exchange(status=200))).seen[0].value == 3


_ORDER = [
    Outcome.VIOLATED,
    Outcome.INCONCLUSIVE,
    Outcome.WAIVED,
    Outcome.HOLDS,
    Outcome.NOT_APPLICABLE,
]


@generated(st.lists(st.sampled_from(Outcome), max_size=5))
def test_the_worst_of_all(outcomes: list[Outcome]) -> None:
    expected = next((one for one in _ORDER if one in outcomes), Outcome.INCONCLUSIVE)
    assert worst(outcomes) is expected
    verdict = conclude("C", "smoke", map(judgement, outcomes))
    assert verdict.outcome is expected
    if Outcome.VIOLATED in outcomes:
        unknown = Outcome.INCONCLUSIVE in outcomes
        accepted = Outcome.INCONCLUSIVE if unknown else Outcome.WAIVED
        assert conclude("C", "smoke", map(judgement, outcomes), waiver()).outcome is accepted


@pytest.mark.parametrize("outcome", [Outcome.HOLDS, Outcome.INCONCLUSIVE, Outcome.NOT_APPLICABLE])
def test_a_waiver_accepts_a_violation_only(outcome: Outcome) -> None:
    verdict = conclude("C", "smoke", [judgement(outcome)], waiver())
    assert verdict.outcome is outcome
    assert verdict.stale_waiver == (outcome is Outcome.HOLDS)


def test_an_expired_waiver_accepts_nothing() -> None:
    verdict = conclude("C", "smoke", [judgement(Outcome.VIOLATED)], waiver(expired=True))
    assert verdict.outcome is Outcome.VIOLATED
    assert verdict.waiver is not None
    assert conclude("C", "smoke", [judgement(Outcome.HOLDS)], waiver(expired=True)).stale_waiver


def test_the_severity_is_that_of_what_failed() -> None:
    bad, good = judgement(Outcome.VIOLATED, "warning"), judgement(Outcome.HOLDS, "blocker")
    assert conclude("C", "s", [bad, good]).severity == "warning"
    assert conclude("C", "s", [good]).severity == "blocker"
    assert conclude("C", "s", []).severity == "error"
    assert not conclude("C", "s", [bad, good]).blocks
    assert conclude("C", "s", [judgement(Outcome.VIOLATED, "blocker")]).blocks
    mixed = [judgement(Outcome.INCONCLUSIVE, "blocker"), judgement(Outcome.VIOLATED, "error")]
    assert not conclude("C", "s", mixed).blocks


HELD = conclude("C", "s", [judgement(Outcome.HOLDS)])


@pytest.mark.parametrize(
    ("verdicts", "decision"),
    [
        ([], Decision.HOLD),
        ([conclude("C", "s", [judgement(Outcome.NOT_APPLICABLE)])], Decision.HOLD),
        ([HELD], Decision.PROMOTE),
        ([HELD, conclude("C", "s", [judgement(Outcome.NOT_APPLICABLE)])], Decision.PROMOTE),
        ([HELD, conclude("C", "s", [judgement(Outcome.VIOLATED)])], Decision.HOLD),
        ([HELD, conclude("C", "s", [judgement(Outcome.INCONCLUSIVE)])], Decision.HOLD),
        ([HELD, conclude("C", "s", [judgement(Outcome.VIOLATED)], waiver())], Decision.PROMOTE),
        ([HELD, conclude("C", "s", [judgement(Outcome.HOLDS)], waiver())], Decision.HOLD),
        ([HELD, conclude("C", "s", [judgement(Outcome.VIOLATED, "blocker")])], Decision.ROLL_BACK),
        ([conclude("C", "s", [judgement(Outcome.VIOLATED, "blocker")], waiver())], Decision.HOLD),
    ],
)
def test_the_decision(verdicts: list[Verdict], decision: Decision) -> None:
    assert decide(verdicts) is decision


def test_what_only_sums_up_others_is_no_part_of_its_own() -> None:
    total = replace(judgement(Outcome.VIOLATED, "blocker"), sums=True)
    good, bad = judgement(Outcome.HOLDS), judgement(Outcome.VIOLATED)
    assert HELD.own is HELD
    assert conclude("C", "s", [total]).own is None
    mixed = conclude("C", "s", [total, good]).own
    assert mixed is not None
    assert (mixed.outcome, mixed.judgements) == (Outcome.HOLDS, (good,))
    unsure = replace(total, outcome=Outcome.INCONCLUSIVE)
    waived = conclude("C", "s", [unsure, bad], waiver())
    assert waived.outcome is Outcome.INCONCLUSIVE
    assert waived.own is not None
    assert waived.own.outcome is Outcome.WAIVED
