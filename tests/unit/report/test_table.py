"""The table at the end of a session: short, in order, harmless."""

import re
import shlex
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.model.finding import Finding, Unknown
from verify.model.place import Place
from verify.model.verdict import Outcome, Standing, Waiver
from verify.report.markdown import render
from verify.report.table import lines
from verify.report.text import width
from verify.run.record import Run

HTTP = Finding("GET http://staging.example/", "is not redirected", "301 to https", "200")


@settings(max_examples=40)  # a run is large
@given(run=..., columns=st.integers(40, 120), ascii_only=st.booleans())
def test_whatever_is_said_stays_on_its_line_and_within_the_width(
    run: Run, columns: int, *, ascii_only: bool
) -> None:
    shown = lines(run, width=columns, ascii=ascii_only)
    for text in shown:
        assert text.isprintable()
        assert text.isascii() or not ascii_only
        # one word of a command may be longer than a line: cut, it would be another command
        assert width(text) <= columns or len(shlex.split(text.strip().rstrip("\\"))) <= 3


def test_the_head_says_what_was_judged_and_what_it_cost(make_run: Callable, make_row: Callable) -> None:
    row = make_row(outcome=Outcome.HOLDS)
    shown = lines(make_run(row, make_row("LEA-088", standing=Standing.UNVERIFIABLE, suite="")))
    assert shown == [
        "leather_api → staging https://staging.example",
        "contract verify.yaml · production · 34 requests · 12.3 s",
        "claims: 2 stated · 1 checked · 1 judged · 1 holding · 0 not judged here",
        "  0 without a check · 1 unverifiable",
        "verdicts: 0 violated · 0 inconclusive · 0 waived · 1 holds",
        "decision: promote: nothing is violated or inconclusive",
    ]


def test_a_failing_claim_tells_everything_that_is_needed(make_run: Callable, make_row: Callable) -> None:
    row = make_row(
        outcome=Outcome.VIOLATED, severity="blocker", findings=(HTTP,), left_out=("x/y was not run: no",)
    )
    shown = lines(make_run(row, contract="systems/leather api/verify.yaml"))
    assert shown[5:] == [
        "✘ violated     blocker LEA-047 plain HTTP is redirected to HTTPS  verify.yaml:14",
        "    - GET http://staging.example/: is not redirected · stated 301 to https ·",
        "      seen 200",
        "    x/y was not run: no",
        "    again: pytest --env=staging --suite=smoke --claim=LEA-047 \\",
        "      '--contract=systems/leather api/verify.yaml'",
        "decision: roll back: 1 blocker violated",
    ]


def test_the_worst_comes_first(make_run: Callable, make_row: Callable, waiver: Waiver) -> None:
    made = [
        make_row("F", Outcome.WAIVED, waiver=waiver),
        make_row("E", Outcome.HOLDS, waiver=waiver),
        make_row("D", Outcome.INCONCLUSIVE, unknowns=(Unknown("no answer"),)),
        make_row("C", Outcome.VIOLATED, severity="warning"),
        make_row("B", Outcome.VIOLATED),
        make_row("A", Outcome.VIOLATED, severity="blocker"),
        make_row("G", Outcome.HOLDS),
        make_row("H", Outcome.NOT_APPLICABLE),
    ]
    shown = lines(make_run(*made))
    assert [text[23:24] for text in shown if text[0] in "✘?!~"] == ["A", "B", "C", "D", "E", "F"]
    assert "verdicts: 3 violated · 1 inconclusive · 1 stale waiver · 1 waived · 1 holds" in shown, (
        "each verdict is counted once"
    )
    assert "    - no answer" in shown
    assert any("no longer needed, remove it" in text for text in shown)
    assert any(text.startswith("! stale waiver error   E") for text in shown)


def test_waivers_say_whose_they_are(make_run: Callable, make_row: Callable, waiver: Waiver) -> None:
    shown = lines(make_run(make_row(outcome=Outcome.WAIVED, findings=(HTTP,), waiver=waiver)))
    text = " ".join(" ".join(shown).split())
    assert "waiver: accepted until 2027-01-31 by ops: no archiving yet (verify.yaml:40:5)" in text
    assert "again:" not in text
    assert shown[-1] == "decision: hold: nothing was found to hold"


@pytest.mark.parametrize(("said", "more"), [(3, None), (4, "    and 1 more"), (500, "    and 497 more")])
def test_few_findings_are_shown_and_the_rest_counted(
    make_run: Callable, make_row: Callable, said: int, more: str | None
) -> None:
    found = tuple(Finding(f"at-{number}", "wrong") for number in range(said))
    shown = lines(make_run(make_row(outcome=Outcome.VIOLATED, findings=found)))
    assert sum(text.startswith("    - at-") for text in shown) == 3
    assert [text for text in shown if text.startswith("    and ")] == ([more] if more else [])


def test_what_is_said_twice_is_shown_once(make_run: Callable, make_row: Callable) -> None:
    run = make_run(make_row(outcome=Outcome.INCONCLUSIVE, unknowns=(Unknown("not ready"),) * 5))
    assert [text.strip() for text in lines(run)].count("- not ready") == 1
    assert render(run).count("\n- `not ready`") == 1


def test_few_rows_are_shown_and_the_rest_counted(make_run: Callable, make_row: Callable) -> None:
    shown = lines(make_run(*(make_row(f"C-{number}", Outcome.VIOLATED) for number in range(30))), most=20)
    assert sum(text.startswith("✘") for text in shown) == 20
    assert "and 10 more" in shown


@pytest.mark.parametrize(
    ("claim", "contract", "environment", "suite"),
    [
        ("LEA-047", "verify.yaml", "staging", "smoke"),
        ("compose/memory-limit", "./verify.yaml", None, "policy"),
        ("it's; $(id) `id`", "a  b/verify.yaml", "x" * 90, "smoke"),
        ("LEA-090", "verify.yaml", "staging", "tests"),
    ],
)
def test_the_command_is_what_a_shell_reads(
    make_run: Callable, make_row: Callable, claim: str, contract: str, environment: str | None, suite: str
) -> None:
    run = make_run(make_row(claim, Outcome.VIOLATED, suite=suite), contract=contract, environment=environment)
    shown = "\n".join(lines(run))
    command = shown[shown.index("again:") + len("again:") : shown.index("\ndecision:")]
    expected = ["pytest", f"--claim={claim}"]
    expected += [f"--env={environment}"] if environment else []
    expected += [f"--suite={suite}"] if suite != "tests" else []
    expected += [f"--contract={contract}"] if " " in contract else []
    assert sorted(shlex.split(command.replace("\\\n", ""))) == sorted(expected)


def test_colour_is_never_alone(
    make_run: Callable, make_row: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(make_row(outcome=Outcome.VIOLATED), make_row("B", Outcome.INCONCLUSIVE))
    monkeypatch.delenv("NO_COLOR", raising=False)
    painted = lines(run, colour=True)
    assert any(text.startswith("\x1b[31m✘ violated\x1b[0m") for text in painted)
    assert [re.sub(r"\x1b\[\d*m", "", text) for text in painted] == lines(run)
    monkeypatch.setenv("NO_COLOR", "1")
    assert lines(run, colour=True) == lines(run)


def test_an_interrupted_run_says_so(make_run: Callable, make_row: Callable) -> None:
    row = make_row(outcome=Outcome.HOLDS)
    shown = lines(make_run(row, interrupted=True))
    assert shown[1].endswith("INTERRUPTED")
    assert shown[-1] == "decision: hold: the run was interrupted"


def test_a_run_on_files_alone(make_run: Callable, make_row: Callable) -> None:
    row = make_row(
        outcome=Outcome.INCONCLUSIVE, place=Place("verify.yaml"), verdict_reason="the run was stopped"
    )
    shown = lines(make_run(row, environment=None, url="", protection="", requests=1))
    assert shown[:2] == ["leather_api (files only)", "contract verify.yaml · 1 request · 12.3 s"]
    assert "    the run was stopped" in shown
    assert shown[-1] == "decision: hold: 1 inconclusive"


def test_a_place_far_down_keeps_its_end(make_run: Callable, make_row: Callable) -> None:
    row = make_row(outcome=Outcome.VIOLATED, place=Place("a/very/long/way/to/the/contract/verify.yaml", 14))
    assert any(text.endswith(" …ract/verify.yaml:14") for text in lines(make_run(row)))
