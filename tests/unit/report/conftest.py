"""Runs to report on: one that is written out, and any that could be."""

from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from verify.model.finding import Finding, Seen, Unknown
from verify.model.need import Effect
from verify.model.place import Place
from verify.model.rule import SEVERITIES
from verify.model.suite import Suite
from verify.model.units import Ratio, seconds
from verify.model.verdict import Judgement, Outcome, Standing, Verdict, Waiver
from verify.run.record import Row, Run

MakeRun = Callable[..., Run]
MakeRow = Callable[..., Row]
SMOKE = Suite(name="smoke", answers="does it work", order=1, effects=Effect.CONSUMES)
POLICY = Suite(name="policy", answers="are the files right", order=0, effects=Effect.READS)

#: what a server may put into an answer to harm who reads about it
NASTY = (
    *(
        "\x1b[31mred\x1b[0m",
        "\x1b]0;title\x07",
        "\x9b31m",
        "a\rb",
        "a\nb\n\n# heading",
        "\u202egnp.exe",
        "\ud800",
    ),
    *("\x00", "\ufffe", "\u2028", "\xa0", "日本語", "e\u0301", "❤\ufe0f", " ", "", "***"),
    *("| a | b |", "\\|", "\\", "```\ncode\n```", "`` ` ``", "- a", "1. a", "---", "*b* _i_ ~s~ $x$"),
    *(
        "<script>alert(1)</script>",
        "<!-- ",
        "</details>",
        "&lt;b&gt;",
        "'; rm -rf / #",
        "$(id)",
        "::error::x",
    ),
    *("@everyone", "a@b.example", "https://evil.example/x", "www.evil.example", "mailto:a@b.example"),
    *("[x](javascript:alert(1))", "![x](https://evil.example/x.png)", "#1", "GH-1", "org/repo#2"),
)


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


texts = st.sampled_from(NASTY) | st.text(max_size=20) | st.tuples(*[st.sampled_from(NASTY)] * 3).map("".join)
numbers = st.integers() | st.floats() | st.floats(0, 1e9).map(seconds) | st.floats(0, 1).map(Ratio)
values = st.none() | st.booleans() | numbers | texts | st.binary(max_size=8)


# composites, since a strategy's own repr would grow with everything in it
@st.composite
def places(draw: st.DrawFn) -> Place:
    return Place(draw(texts), draw(st.integers(0, 99)), draw(st.integers(0, 99)))


@st.composite
def judgements(draw: st.DrawFn) -> Judgement:
    at = places() | texts
    found = [Finding(draw(at), *(draw(texts) for _ in range(4))) for _ in range(draw(st.integers(0, 4)))]
    better = draw(st.sampled_from(["lower", "higher"]))
    return Judgement(
        rule=draw(texts),
        severity=draw(st.sampled_from(SEVERITIES)),
        outcome=draw(st.sampled_from(Outcome)),
        findings=tuple(found),
        unknowns=tuple(map(Unknown, draw(st.lists(texts, max_size=2)))),
        seen=(Seen(draw(values), draw(values), draw(texts), better),) * draw(st.integers(0, 2)),
    )


@st.composite
def waivers(draw: st.DrawFn) -> Waiver:
    return Waiver(
        claim=draw(texts),
        until="2027-01-31",
        owner=draw(texts),
        reason=draw(texts),
        expired=draw(st.booleans()),
        place=draw(places()),
    )


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    return Verdict(
        claim=draw(texts),
        suite=draw(texts),
        outcome=draw(st.sampled_from(Outcome)),
        judgements=tuple(draw(st.lists(judgements(), max_size=2))),
        waiver=draw(st.none() | waivers()),
        reason=draw(texts),
    )


@st.composite
def rows(draw: st.DrawFn) -> Row:
    return Row(
        claim=draw(texts),
        says=draw(texts),
        at=draw(texts),
        place=draw(places()),
        suite=draw(st.sampled_from(["", "smoke", "policy", "tests"])),
        standing=draw(st.sampled_from(Standing)),
        baseline=draw(st.booleans()),
        reason=draw(texts),
        left_out=tuple(draw(st.lists(texts, max_size=2))),
        verdict=draw(st.none() | verdicts()),
    )


@st.composite
def runs(draw: st.DrawFn) -> Run:
    return Run(
        id="20260101-000000-0a0b0c0d",
        version="1.2.3",
        system=draw(texts),
        contract=draw(texts),
        digest="0" * 64,
        environment=draw(st.none() | texts),
        url=draw(texts),
        protection=draw(st.sampled_from(["", "production", "disposable"])),
        started=draw(st.floats(0, 4e9)),
        seconds=draw(st.floats(0, 1e6)),
        requests=draw(st.integers(0, 10**6)),
        interrupted=draw(st.booleans()),
        rows=tuple(draw(st.lists(rows(), max_size=4))),
        suites=(POLICY, SMOKE),
    )


st.register_type_strategy(Row, rows())
st.register_type_strategy(Run, runs())
