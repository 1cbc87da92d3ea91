"""The summary of a CI job: bounded, and nothing in it is live but what we wrote."""

import html
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings

from verify.model.finding import Finding, Seen, Unknown
from verify.model.verdict import Outcome, Waiver
from verify.report.escape import code, inside_html, prose
from verify.report.markdown import LIMIT, MOST_SAID, render
from verify.run.record import Run

#: a code span: as many ticks before as after, and none beside them
_SPAN = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)")
_OURS = re.compile(r"<details><summary>|</summary>|</details>")
_LIVE = re.compile(r"(?i)://|@\w|\bwww\.|\bmailto:|#\d|\bGH-\d")


def _without_spans(text: str) -> str:
    return "\n".join(_SPAN.sub("", line) for line in text.splitlines())


@settings(max_examples=40)  # a run is large
@given(run=...)
def test_nothing_that_was_said_is_live(run: Run) -> None:
    text = render(run)
    outside = _without_spans(text)
    rest = _OURS.sub("", outside)
    assert "<" not in rest
    assert not re.search(r"(?<!\\)(?:\\\\)*\](?=\()", rest), "no link"
    assert not _LIVE.search(html.unescape(rest.replace("\\", "")))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", _SPAN.sub("", row))) == 7 for row in rows)
    assert all("|" not in span[0] for row in rows for span in _SPAN.finditer(row))
    assert outside.count("<details>") == outside.count("</details>")


@settings(max_examples=40)  # a run is large
@given(run=...)
def test_what_was_said_adds_no_line(run: Run) -> None:
    for line in render(run).splitlines():
        assert line == "" or re.match(r"### |\||- |<details>|</details>|\S", line)
        assert not re.match(r"[#>]", line) or line.startswith("### ")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", "`a¦b`"),
        ("", ""),
        ("a`b", "`` a`b ``"),
        ("``", "``` `` ```"),
        ("<b>@x", "`<b>@x`"),
        ("a\nb", "`a b`"),
    ],
)
def test_code_spans(text: str, shown: str) -> None:
    assert code(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", "a&#124;b"),
        ("a\\|b", "a\\\\&#124;b"),
        ("<b>", "&lt;b&gt;"),
        ("@x", "@\u200bx"),
        ("https://x", "https:\u200b//\u200bx"),
        ("www.x", "www\u200b.x"),
        ("# a", "\\# a"),
        ("1. a", "1\\. a"),
        ("- a", "\\- a"),
        ("a - b", "a - b"),
        ("[a](b)", "\\[a\\]\\(b\\)"),
        ("&lt;", "&amp;lt;"),
        ("`", "&#96;"),
    ],
)
def test_prose(text: str, shown: str) -> None:
    assert prose(text) == shown


def test_text_inside_html() -> None:
    assert inside_html('<i>"@x`') == "&lt;i&gt;&quot;@\u200bx&#96;"


def test_the_summary_says_what_a_reader_wants_first(
    make_run: Callable, make_row: Callable, waiver: Waiver
) -> None:
    text = render(
        make_run(
            make_row("C", Outcome.WAIVED, waiver=waiver, findings=(Finding("x", "old"),)),
            make_row("D", Outcome.HOLDS, seen=(Seen(3, 4, "failures"),)),
            make_row("E", Outcome.HOLDS),
            make_row(
                "B", Outcome.INCONCLUSIVE, unknowns=(Unknown("no answer"),), left_out=("x was not run",)
            ),
            make_row("F", Outcome.INCONCLUSIVE, verdict_reason="the run was interrupted"),
            make_row("A", Outcome.VIOLATED, findings=(Finding("GET /", "wrong", "200", "503", "mend it"),)),
        )
    )
    shown = text.splitlines()
    assert shown[0] == "### hold: 1 violated, 2 inconclusive"
    rows = [line for line in shown if line.startswith("| ") and "`" in line]
    assert [re.findall("`([A-F])`", row)[0] for row in rows] == ["A", "B", "F", "C"]
    assert "`GET /`: `wrong`, stated `200`, seen `503`, fix: mend it" in rows[0]
    assert "`the run was interrupted`" in rows[2]
    assert "- `x was not run`" in shown
    assert "- again: `pytest --env=staging --suite=smoke --claim=A`" in shown
    assert "<details><summary>✅ 2 hold</summary>" in shown
    assert "- `D` plain HTTP is redirected to HTTPS: `failures 3 (≤ 4)`" in shown
    assert "- `E` plain HTTP is redirected to HTTPS" in shown


def test_a_run_without_verdicts_has_neither_table_nor_details(make_run: Callable) -> None:
    text = render(make_run())
    assert text.startswith("### hold: nothing was found to hold\n")
    assert "|" not in text
    assert "<details>" not in text


def test_many_findings_are_counted(make_run: Callable, make_row: Callable) -> None:
    found = tuple(Finding(f"at-{number}", "wrong") for number in range(100))
    text = render(make_run(make_row(outcome=Outcome.VIOLATED, findings=found)))
    assert text.count("\n- `at-") == MOST_SAID
    assert f"- and {100 - MOST_SAID} more" in text


@pytest.mark.parametrize("sign", ["x", "日", "&", "\x1b", "😀", "|"])
def test_it_is_bounded_in_bytes_and_the_worst_stays(
    make_run: Callable, make_row: Callable, sign: str
) -> None:
    big = sign * 5000
    found = tuple(Finding(big, big, big, big, big) for _ in range(25))
    bad = [
        make_row(f"V-{n}", Outcome.VIOLATED, says=big, findings=found, left_out=(big,) * 9)
        for n in range(400)
    ]
    good = [make_row(f"H-{n}", Outcome.HOLDS, says=big, seen=(Seen(big),)) for n in range(2000)]
    text = render(make_run(*good, *bad, system=big, contract=big, url=big, environment=big))
    assert len(text.encode()) <= LIMIT
    assert "V-0" in text
    assert re.search(r"and \d+ more", text)
    assert text.count("<details>") == text.count("</details>")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", _SPAN.sub("", row))) == 7 for row in rows)
