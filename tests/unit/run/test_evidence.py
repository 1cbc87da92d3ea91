"""A run that is judged again on its evidence comes out as it did."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.effects.redact import Redactor
from verify.facts.burst import Burst, Volley
from verify.facts.compose import ComposeFile
from verify.facts.files import Files, FilesSeen
from verify.facts.http import Exchange, Get, Part
from verify.facts.tls import Handshake, Shake
from verify.judge.proof import answers
from verify.judge.registry import Registry
from verify.judge.rule import Rule
from verify.judge.verdict import Check, judge
from verify.model.need import Need, Unseen
from verify.model.rule import Given
from verify.model.units import Rate
from verify.run import evidence
from verify.run.evidence import EvidenceError, dump, key_of, load, parse
from verify.run.options import Options, UsageError
from verify.run.record import Run
from verify.run.session import Session, prepare

RULES = list(Registry().all())
PROOFS = [
    pytest.param(rule, proof, id=f"{rule.id}-{index}")
    for rule in RULES
    for index, proof in enumerate((*rule.holds, *rule.fails))
]
WEB = Get(path="/health/")
SHAKE = Shake()


def _run(given_answers: Mapping[Need, object] | None = None, **changes: Any) -> Run:
    values: dict[str, Any] = {
        "id": "20260101-000000-0a0b0c0d",
        "version": "1.2.3",
        "system": "leather_api",
        "contract": "verify.yaml",
        "digest": "0" * 64,
        "environment": "staging",
        "url": "https://staging.example",
        "protection": "production",
        "started": 1767225600.0,
        "seconds": 1.0,
        "requests": 3,
        "interrupted": False,
        "rows": (),
        "answers": dict(given_answers or {}),
    }
    return Run(**{**values, **changes})


def _again(known: Mapping[Need, object], redactor: Redactor | None = None) -> Mapping[Need, object]:
    return load(dump(_run(known), redactor or Redactor()).encode(), known)


@pytest.mark.parametrize(("rule", "proof"), PROOFS)
def test_each_proof_of_each_rule_is_judged_the_same_again(rule: Rule, proof: Given) -> None:
    known = answers(rule, proof)
    for need in known:
        if isinstance(need, Files):
            matching = tuple((file.path, proof.files[file.path]) for file in known[need].files)
            known[need] = FilesSeen.of(need.fact, matching)
    check = Check(rule=rule, stated=proof.stated)
    first, again = judge(check, known), judge(check, _again(known))
    assert again.outcome is first.outcome
    if "***" not in str(again):  # what a secret was taken out of reads differently
        assert again == first


def test_a_whole_run_is_judged_the_same_again(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(
        "services:\n  web:\n    privileged: true\n  db: {restart: always}\n"
    )
    (tmp_path / "compose.broken.yml").write_text("services: [\n")
    (tmp_path / "compose.latin.yml").write_bytes(b"\xff")
    (tmp_path / "verify.yaml").write_text(
        'verify: 1\nsystem: demo\ndocument: d.md\nfiles: ["*.yml"]\nbaseline: none\nclaims:\n'
        "  D-1: {says: a, at: A, rule: compose/privileged}\n"
        "  D-2: {says: b, at: A, rule: compose/restart-policy}\n"
        "  D-3: {says: c, at: A, rule: compose/services, with: {services: [web]}}\n"
    )

    def run(known: Callable[[Session], Mapping[Need, object]] | None = None) -> Run:
        session = Session(prepare(tmp_path / "verify.yaml", Options(suites=("policy",))))
        try:
            session.open([entry.id for entry in session.prepared.plan.selected])
            session.judge(known(session) if known else None)
        finally:
            session.close()
        return session.run()

    first = run()
    data = dump(first, Redactor()).encode()
    again = run(lambda session: load(data, session.needs()))
    assert len(first.verdicts) == 3
    assert again.verdicts == first.verdicts
    assert again.answers == first.answers


def test_a_need_that_was_not_asked_then_is_unseen() -> None:
    found = load(dump(_run({WEB: Exchange(status=200)}), Redactor()).encode(), [WEB, SHAKE])
    assert found[WEB] == Exchange(status=200)
    assert isinstance(found[SHAKE], Unseen)
    assert "not in the evidence" in found[SHAKE].reason


def test_a_need_that_is_a_little_other_is_another() -> None:
    pace = Burst(path="/", count=3, pace=Rate(10))
    near = replace(pace, pace=Rate(10.000001))
    assert isinstance(load(dump(_run({pace: Volley(shots=())}), Redactor()).encode(), [near])[near], Unseen)
    assert key_of(pace) == key_of(replace(pace))
    assert len({key_of(need) for need in (WEB, SHAKE, pace, near, Files(ComposeFile))}) == 5


def test_unseen_stays_unseen() -> None:
    known = {WEB: Unseen("connection refused"), Files(ComposeFile): Unseen("too many")}
    assert _again(known) == known


def test_a_run_that_asked_nothing_is_evidence_too() -> None:
    found = parse(dump(_run(environment=None), Redactor()).encode())
    assert (found.environment, found.entries) == (None, {})


def test_it_says_whose_it_is() -> None:
    found = parse(dump(_run(), Redactor()).encode(), "old/run.json")
    assert (found.run_id, found.system, found.environment) == (
        "20260101-000000-0a0b0c0d",
        "leather_api",
        "staging",
    )
    assert found.started == "2026-01-01T00:00:00.000Z"
    assert found.note("0" * 64) == ""
    assert found.note("1" * 64) == (
        "old/run.json: the contract has changed since run 20260101-000000-0a0b0c0d: judged as it is now"
    )


WHOLE = dump(
    _run({WEB: Exchange(status=200), SHAKE: Handshake(), Files(ComposeFile): FilesSeen()}), Redactor()
)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", r"run\.json:1:1: .*found no JSON or half a file"),
        (b"no", "no JSON"),
        (b"\xff\xff", "no JSON"),
        (b"[]", "found a list"),
        (b"null", "found a NoneType"),
        (b"{}", "format 1, found None: run again"),
        (b'{"format": 2}', "format 1, found 2: run again"),
        (b'{"format": 1}', "other members: 'environment'"),
        (b'{"format": 1, "environment": 3}', "other members"),
        (b'{"format": NaN}', "NaN is no JSON"),
        (b'{"format": ' + b"9" * 10_000 + b"}", "no JSON"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (json.dumps({**json.loads(WHOLE), "answers": [1]}).encode(), "other members"),
        (
            json.dumps({**json.loads(WHOLE), "answers": [{"key": "a", "need": 1}, []]}).encode(),
            "other members",
        ),
        (json.dumps({**json.loads(WHOLE), "run": None}).encode(), "other members"),
    ],
)
def test_what_is_no_evidence_is_refused_in_words(data: bytes, says: str) -> None:
    with pytest.raises(EvidenceError, match=says) as caught:
        parse(data)
    assert str(caught.value).startswith("run.json:")
    assert isinstance(caught.value, UsageError), "asked for what cannot be done, before anything is sent"


def test_too_much_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "LIMIT", 100)
    with pytest.raises(EvidenceError, match="at most 100 bytes"):
        parse(b" " * 101)


@given(st.integers(0, len(WHOLE) - 2))
def test_half_a_file_is_refused(end: int) -> None:
    with pytest.raises(EvidenceError):
        parse(WHOLE[:end].encode())


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=3))
def test_a_damaged_file_is_refused_or_reads_as_facts(at: int, damage: bytes) -> None:
    data = WHOLE.encode()
    data = data[:at] + damage + data[at + len(damage) :]
    try:
        found = load(data, [WEB, SHAKE, Files(ComposeFile)])
    except EvidenceError:
        return
    assert isinstance(found[WEB], Exchange | Unseen)
    assert isinstance(found[SHAKE], Handshake | Unseen)
    assert isinstance(found[Files(ComposeFile)], FilesSeen | Unseen)


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"fact": None},
        {"fact": {}},
        {"fact": {"trusted": True}},
        {"files": []},
        {"fact": [1]},
        {"unseen": 1},
    ],
)
def test_a_fact_that_is_not_whole_is_never_taken_for_good(entry: dict[str, Any]) -> None:
    document = json.loads(WHOLE)
    document["answers"] = [{"key": key_of(need), **entry} for need in (WEB, SHAKE)]
    found = load(json.dumps(document).encode(), [WEB, SHAKE])
    assert all(isinstance(answer, Unseen) for answer in found.values())


def test_files_that_are_not_whole_are_unseen() -> None:
    document = json.loads(WHOLE)
    need = Files(ComposeFile)
    document["answers"] = [{"key": key_of(need), "files": [["a"]], "redacted": [], "hidden": []}]
    assert isinstance(load(json.dumps(document).encode(), [need])[need], Unseen)


@dataclass(frozen=True)
class Odd:
    """A fact of another package that cannot be kept."""

    value: object = field(default_factory=object)


@dataclass(frozen=True)
class AskOdd(Need):
    """Asks for it."""

    kind: ClassVar[str] = "odd"
    answer: ClassVar[type] = Odd

    path: Path = Path("x")


def test_a_fact_that_cannot_be_kept_is_unseen_and_hurts_no_other() -> None:
    found = _again({AskOdd(): Odd(), WEB: Exchange(status=200)})
    assert found[WEB] == Exchange(status=200)
    assert isinstance(found[AskOdd()], Unseen)
    assert "could not be kept" in found[AskOdd()].reason


def test_what_would_not_be_read_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    big = Get(path="/big")
    known = {WEB: Exchange(status=200), big: Exchange(status=200, body=b"x" * 5000)}
    monkeypatch.setattr(evidence, "LIMIT", 4000)
    data = dump(_run(known), Redactor()).encode()
    found = load(data, known)
    assert found[WEB] == known[WEB]
    assert found[big] == Unseen("too large to be kept as evidence")


@pytest.mark.parametrize("read", [b"", b"text", b"\xff"])
def test_what_was_not_read_of_a_body_stays_unread(read: bytes) -> None:
    answer = Exchange(status=200, body=Part(read=read, why="its body was cut after 4 bytes"))
    assert load(dump(_run({WEB: answer}), Redactor()).encode(), [WEB])[WEB] == answer


def test_secrets_are_taken_out_of_facts_and_the_rest_stays() -> None:
    redactor = Redactor()
    redactor.add("TOKEN", "s3cr3t-value")
    sent = (("Authorization", "Bearer other"), ("X-Request-Id", "1"))
    known = {
        WEB: Exchange(status=200, body=b"\xff s3cr3t-value", headers=(("X-A", "s3cr3t-value"),), sent=sent),
        Files(ComposeFile): FilesSeen.of(
            ComposeFile,
            (("compose.yml", "services: {a: {image: s3cr3t-value}}"), ("compose.b.yml", "services: {}")),
        ),
    }
    text = dump(_run(known, url="https://u:pass@x.example/s3cr3t-value"), redactor)
    assert "s3cr3t-value" not in text
    assert "Bearer other" not in text
    assert "pass@" not in text
    found = load(text.encode(), known)
    exchange = found[WEB]
    assert isinstance(exchange, Exchange)
    assert exchange.body == b"\xff ***TOKEN***"
    assert exchange.sent == (("Authorization", "***"), ("X-Request-Id", "1"))
    files = found[Files(ComposeFile)]
    assert isinstance(files, FilesSeen)
    assert [file.path for file in files.files] == ["compose.b.yml"]
    assert "compose.yml: cannot be judged again: secrets were taken out" in files.unseen[0].reason
