"""The one way out."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings

from verify.effects.errors import FileError
from verify.effects.redact import Redactor
from verify.facts.http import Exchange, Get
from verify.model.finding import Finding, Seen
from verify.model.verdict import Outcome
from verify.report import junit, table
from verify.report.safe import safe
from verify.report.write import lines, properties, write_all
from verify.run.evidence import load
from verify.run.record import Run

NEED = Get(path="/")


def test_each_report_is_written_into_a_new_folder(
    tmp_path: Path, make_run: Callable, make_row: Callable
) -> None:
    run = make_run(make_row(outcome=Outcome.HOLDS), answers={NEED: Exchange(status=204)})
    folder = tmp_path / "a" / "b"
    paths = write_all(run, folder, Redactor())
    assert [path.name for path in paths] == ["verdict.json", "summary.md", "run.json"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in paths)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in paths]
    assert modes == [0o644, 0o644, 0o600]
    assert json.loads(paths[0].read_text())["decision"] == "promote"
    assert paths[1].read_text().startswith("### promote")
    assert load(paths[2].read_bytes(), [NEED]) == {NEED: Exchange(status=204)}


def test_evidence_is_not_written_over_by_a_part_of_it(tmp_path: Path, make_run: Callable) -> None:
    write_all(make_run(answers={NEED: Exchange(status=204)}), tmp_path, Redactor())
    before = (tmp_path / "run.json").read_bytes()
    paths = write_all(make_run(), tmp_path, Redactor(), keep=False)
    assert "run.json" not in {path.name for path in paths}
    assert (tmp_path / "run.json").read_bytes() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, make_run: Callable) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="file/reports: expected a folder for reports"):
        write_all(make_run(), tmp_path / "file" / "reports", Redactor())


def test_a_folder_that_is_a_file_is_named(tmp_path: Path, make_run: Callable) -> None:
    (tmp_path / "reports").write_text("")
    with pytest.raises(FileError, match="reports: expected a folder"):
        write_all(make_run(), tmp_path / "reports", Redactor())


@pytest.mark.parametrize(
    ("encoding", "plain"), [("utf-8", False), ("UTF8", False), ("ascii", True), ("cp1252", True)]
)
def test_the_terminal_gets_what_it_can_show(
    make_run: Callable, make_row: Callable, encoding: str, *, plain: bool
) -> None:
    run = make_run(make_row(outcome=Outcome.VIOLATED))
    assert lines(run, Redactor(), encoding=encoding) == table.lines(run, ascii=plain)


def test_properties_are_those_of_the_row(make_row: Callable) -> None:
    row = make_row(outcome=Outcome.HOLDS)
    assert properties(row, Redactor()) == junit.properties(row)


@settings(max_examples=40)  # a run is large
@given(run=...)
def test_what_is_safe_is_not_changed_again(run: Run) -> None:
    once = safe(run, Redactor())
    assert safe(once, Redactor()) == once
    assert once.decision is run.decision
    assert once.coverage == run.coverage or len({row.claim for row in once.rows}) < len(
        {row.claim for row in run.rows}
    ), "claims whose ids differ in control characters only"


def test_a_word_of_ours_that_is_a_secret_keeps_its_meaning(make_run: Callable, make_row: Callable) -> None:
    redactor = Redactor()
    for name in ("blocker", "higher", "violated"):
        redactor.add(name.upper(), name)
    row = make_row(outcome=Outcome.VIOLATED, severity="blocker", seen=(Seen(1, 2, better="higher"),))
    shown = safe(make_run(row), redactor)
    assert shown.decision.value == "roll back"
    assert shown.verdicts[0].judgements[0].seen[0].margin == -0.5


def test_a_secret_across_the_place_of_a_cut_is_found(make_run: Callable, make_row: Callable) -> None:
    redactor = Redactor()
    redactor.add("TOKEN", "s3cr3t-" + "v" * 40)
    for length in range(1970, 2010, 5):
        found = (Finding("x" * length + "s3cr3t-" + "v" * 40, "wrong"),)
        shown = safe(make_run(make_row(outcome=Outcome.VIOLATED, findings=found)), redactor)
        assert "s3cr3t" not in str(shown)


def test_a_megabyte_in_a_finding_is_bounded_everywhere(
    tmp_path: Path, make_run: Callable, make_row: Callable
) -> None:
    body = "<p>body</p>\x1b[31m\n" * 60_000
    run = make_run(make_row(outcome=Outcome.VIOLATED, findings=(Finding(body, body, body, body, body),)))
    for path in write_all(run, tmp_path, Redactor()):
        assert path.stat().st_size < 50_000
    assert len(lines(run, Redactor())) < 30
    assert sum(len(value) for _, value in properties(run.rows[0], Redactor())) < 5000
