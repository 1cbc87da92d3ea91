"""Runs to report on: one that is written out, and any that could be."""

from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from verify.model.finding import Finding, Seen, Unknown
from verify.model.need import Effect
from verify.model.place import Place
from verify.model.suite import Suite
from verify.model.units import Duration, Ratio, seconds
from verify.model.verdict import Judgement, Outcome, Standing, Verdict, Waiver
from verify.run.record import Row, Run

MakeRun = Callable[..., Run]
MakeRow = Callable[..., Row]
SMOKE = Suite(name="smoke", answers="does it work", order=1, effects=Effect.CONSUMES)
POLICY = Suite(name="policy", answers="are the files right", order=0, effects=Effect.READS)

#: what a server may put into an answer to harm who reads about it
NASTY = (
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x9b31m", "a\rb", "a\nb\n\n# heading", "\u202egnp.exe", "\ud800",
    "| a | b |", "\\|", "\\", "```\ncode\n```", "`` ` ``", "<script>alert(1)</script>", "<!-- ", "</details>",
    "&lt;b&gt;", "@everyone", "a@b.example", "https://evil.example/x", "www.evil.example", "mailto:a@b.example",
    "[x](javascript:alert(1))", "![x](https://evil.example/x.png)", "#1", "GH-1", "org/repo#2", "*b* _i_ ~s~ $x$",
    "- a", "1. a", "---", "日本語", "e\u0301", "❤\ufe0f", "\x00", "\ufffe", "'; rm -rf / #", "$(id)", "\u2028", "\xa0",
    "::error::x", "***", " ", "",
)  # fmt: skip


@pytest.fixture(scope="session")
def make_row() -> MakeRow:
    """Return a maker of rows; an outcome makes the verdict, with one judgement."""

    def make(claim: str = "LEA-047", outcome: Outcome | None = None, **changes: object) -> Row:
        judgement = {
            name: changes.pop(name)
            for name in ("severity", "findings", "unknowns", "seen", "rule")
            if name in changes
        }
        concluded = {name: changes.pop(name) for name in ("waiver", "verdict_reason") if name in changes}
        values: dict[str, object] = {
            "claim": claim,
            "says": "plain HTTP is redirected to HTTPS",
            "at": "Chunk G",
            "place": Place("verify.yaml", 14, 3),
            "suite": "smoke",
            "standing": Standing.SELECTED,
        }
        if outcome is not None:
            values["verdict"] = Verdict(
                claim=claim,
                suite="smoke",
                outcome=outcome,
                judgements=(
                    Judgement(
                        **{
                            "rule": "redirect/https",
                            "severity": "error",
                            "outcome": Outcome.VIOLATED if outcome is Outcome.WAIVED else outcome,
                            **judgement,
                        }
                    ),
                ),
                waiver=concluded.get("waiver"),
                reason=concluded.get("verdict_reason", ""),
            )
        return Row(**{**values, **changes})

    return make


@pytest.fixture(scope="session")
def make_run() -> MakeRun:
    """Return a maker of runs."""

    def make(*rows: Row, **changes: object) -> Run:
        values: dict[str, object] = {
            "id": "20260101-000000-0a0b0c0d",
            "version": "1.2.3",
            "system": "leather_api",
            "contract": "verify.yaml",
            "digest": "0" * 64,
            "environment": "staging",
            "url": "https://staging.example",
            "protection": "production",
            "started": 1767225600.0,
            "seconds": 12.34,
            "requests": 34,
            "interrupted": False,
            "rows": rows,
            "suites": (POLICY, SMOKE),
        }
        return Run(**{**values, **changes})

    return make


@pytest.fixture(scope="session")
def waiver() -> Waiver:
    return Waiver(
        claim="LEA-066",
        until="2027-01-31",
        owner="ops",
        reason="no archiving yet",
        expired=False,
        place=Place("verify.yaml", 40, 5),
    )


@pytest.fixture(scope="session")
def nasty() -> tuple[str, ...]:
    return NASTY


texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=30), st.lists(st.sampled_from(NASTY)).map("".join))
places = st.builds(Place, texts, st.integers(0, 99), st.integers(0, 99))
values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), texts,
    st.floats(0, 1e9).map(seconds), st.floats(0, 1).map(Ratio), st.binary(max_size=8),
)  # fmt: skip
findings = st.builds(Finding, places | texts, texts, texts, texts, texts)
judgements = st.builds(
    Judgement,
    rule=texts,
    severity=st.sampled_from(["blocker", "error", "warning"]),
    outcome=st.sampled_from(Outcome),
    findings=st.lists(findings, max_size=5).map(tuple),
    unknowns=st.lists(st.builds(Unknown, texts), max_size=3).map(tuple),
    seen=st.lists(
        st.builds(Seen, values, values, texts, st.sampled_from(["lower", "higher"])), max_size=3
    ).map(tuple),
)
waivers = st.builds(
    Waiver, claim=texts, until=st.just("2027-01-31"), owner=texts, reason=texts, expired=st.booleans(), place=places
)
verdicts = st.builds(
    Verdict,
    claim=texts,
    suite=texts,
    outcome=st.sampled_from(Outcome),
    judgements=st.lists(judgements, max_size=3).map(tuple),
    waiver=st.none() | waivers,
    reason=texts,
)
rows = st.builds(
    Row,
    claim=texts,
    says=texts,
    at=texts,
    place=places,
    suite=st.sampled_from(["", "smoke", "policy", "tests"]),
    standing=st.sampled_from(Standing),
    baseline=st.booleans(),
    reason=texts,
    left_out=st.lists(texts, max_size=3).map(tuple),
    verdict=st.none() | verdicts,
)


@pytest.fixture(scope="session")
def any_row() -> st.SearchStrategy[Row]:
    return rows


@pytest.fixture(scope="session")
def any_run() -> st.SearchStrategy[Run]:
    return st.builds(
        Run,
        id=st.just("20260101-000000-0a0b0c0d"),
        version=st.just("1.2.3"),
        system=texts,
        contract=texts,
        digest=st.just("0" * 64),
        environment=st.none() | texts,
        url=texts,
        protection=st.sampled_from(["", "production", "disposable"]),
        started=st.floats(0, 4e9),
        seconds=st.floats(0, 1e6).map(Duration),
        requests=st.integers(0, 10**6),
        interrupted=st.booleans(),
        rows=st.lists(rows, max_size=6).map(tuple),
        suites=st.just((POLICY, SMOKE)),
    )
