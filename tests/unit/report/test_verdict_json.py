"""``verdict.json`` keeps to its schema, whatever was seen."""

import json
from collections.abc import Callable
from importlib import resources
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from verify.model.finding import Finding, Seen, Unknown
from verify.model.place import Place
from verify.model.units import Ratio, seconds
from verify.model.verdict import Outcome, Waiver
from verify.report import verdict_json
from verify.report.verdict_json import document, render
from verify.run.record import Run

Problems = Callable[[object], list[str]]


@pytest.fixture(scope="session")
def problems() -> Problems:
    """Return what tells where a document leaves the schema."""
    text = resources.files("verify.report").joinpath("verdict.schema.json").read_text("utf-8")
    schema = json.loads(text)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    return lambda read: [f"{error.json_path}: {error.message}" for error in validator.iter_errors(read)]


def _no_constant(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


@settings(max_examples=40)  # a run is large
@given(run=...)
def test_each_file_keeps_to_the_schema(problems: Problems, run: Run) -> None:
    text = render(run)
    assert all(character.isprintable() or character == "\n" for character in text)
    read = json.loads(text.encode(), parse_constant=_no_constant)
    assert not problems(read)
    assert len(read["claims"]) == len(run.rows)
    assert sum(read["counts"].values()) == len(run.verdicts)


@pytest.mark.parametrize("broken", ["decision", "claims", "format"])
def test_the_schema_refuses_what_is_not_complete(make_run: Callable, problems: Problems, broken: str) -> None:
    read = document(make_run())
    assert not problems(read)
    del read[broken]
    assert problems(read)


def test_the_schema_knows_every_word(problems: Problems, make_run: Callable) -> None:
    read: dict[str, Any] = document(make_run())
    assert problems({**read, "decision": "perhaps"})
    assert problems({**read, "more": 1})
    assert problems({**read, "contract": {**read["contract"], "sha256": "short"}})


def test_everything_a_reader_needs_is_there(make_run: Callable, make_row: Callable, waiver: Waiver) -> None:
    row = make_row(
        outcome=Outcome.WAIVED,
        findings=(Finding(Place("nginx.conf", 3, 5), "weak", "A", "B", "write A"),),
        unknowns=(Unknown("half"),),
        seen=(
            Seen(seconds(0.4), seconds(0.5), "answered in"),
            Seen(Ratio(0.02), better="higher"),
            Seen(3, 4),
            Seen(0.5),
        ),
        waiver=waiver,
        left_out=("x/y was not run",),
    )
    read = document(make_run(row))
    assert read["run"] == {
        "id": "20260101-000000-0a0b0c0d",
        "started": "2026-01-01T00:00:00.000Z",
        "seconds": 12.34,
        "requests": 34,
        "interrupted": False,
        "evidence": None,
    }
    assert read["tool"] == {"name": "pytest-deploy-verify", "version": "1.2.3"}
    assert read["contract"] == {"path": "verify.yaml", "sha256": "0" * 64}
    assert read["environment"] == {
        "name": "staging", "url": "https://staging.example", "protection": "production",
    }  # fmt: skip
    assert (read["decision"], read["counts"]["waived"], read["coverage"]["judged"]) == ("hold", 1, 1)
    claim = read["claims"][0]
    assert (claim["id"], claim["outcome"], claim["severity"]) == ("LEA-047", "waived", "error")
    assert claim["waiver"]["until"] == "2027-01-31"
    assert claim["left_out"] == ["x/y was not run"]
    check = claim["checks"][0]
    assert check["findings"] == [
        {
            "at": "nginx.conf:3:5",
            "place": {"file": "nginx.conf", "line": 3, "column": 5},
            "message": "weak",
            "stated": "A",
            "seen": "B",
            "fix": "write A",
        }
    ]
    assert check["unknowns"] == ["half"]
    seen = [(one["value"], one["limit"], one["margin"]) for one in check["seen"]]
    assert seen == [("400ms", "500ms", 0.2), ("2%", None, None), (3, 4, 0.25), (0.5, None, None)]


def test_a_claim_that_was_not_judged_has_no_outcome(make_run: Callable, make_row: Callable) -> None:
    read = document(make_run(make_row(suite="", reason="people"), environment=None))
    claim = read["claims"][0]
    assert (claim["outcome"], claim["severity"], claim["suite"], claim["reason"]) == (
        None,
        None,
        None,
        "people",
    )
    assert (claim["checks"], claim["waiver"], read["environment"]) == ([], None, None)


def test_many_findings_are_counted_and_not_written(make_run: Callable, make_row: Callable) -> None:
    found = tuple(Finding(f"at-{number}", "wrong") for number in range(250))
    check = document(make_run(make_row(outcome=Outcome.VIOLATED, findings=found)))["claims"][0]["checks"][0]
    assert (len(check["findings"]), check["more"]) == (100, 150)


def test_a_huge_run_is_tightened_until_it_fits(
    make_run: Callable, make_row: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tuple(Finding(f"at-{number}", "x" * 10_000) for number in range(150))
    run = make_run(*(make_row(f"C-{number}", Outcome.VIOLATED, findings=found) for number in range(20)))
    whole = len(render(run))
    monkeypatch.setattr(verdict_json, "LARGEST", whole // 2)
    text = render(run)
    assert len(text) <= whole // 2
    check = json.loads(text)["claims"][0]["checks"][0]
    assert len(check["findings"]) + check["more"] == 150
    monkeypatch.setattr(verdict_json, "LARGEST", 10)
    assert len(json.loads(render(run))["claims"]) == 20, "no claim is ever left out"
