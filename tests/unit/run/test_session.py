"""A run from selection to run object, on files alone; what was not judged is never green."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from verify.contract.errors import ContractError
from verify.effects.errors import FileError
from verify.judge.registry import Registry
from verify.model.verdict import Decision, Outcome, Standing, Verdict
from verify.run.options import Options, UsageError
from verify.run.session import Session, prepare

CONTRACT = """verify: 1
system: sample
document: d.md
files: [compose.yml]
environments: {test: {url: 'https://a.example'}}
claims:
  FILE: {says: s, at: a, rule: compose/restart-policy}
  LIVE: {says: s, at: a, rule: tls/chain}
  BARE: {says: s, at: a}
"""
REGISTRY = Registry(("verify.rules",))
RESTARTS = "services: {web: {image: app:1, restart: always, healthcheck: {test: x}}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VERIFY_STATE_DIR", str(tmp_path / "state"))
    (tmp_path / "verify.yaml").write_text(CONTRACT)
    (tmp_path / "compose.yml").write_text(RESTARTS)
    return tmp_path


@pytest.fixture
def session(folder: Path) -> Iterator[Session]:
    made = Session(prepare(folder / "verify.yaml", Options(), registry=REGISTRY))
    yield made
    made.close()


def selected(session: Session) -> list[str]:
    return [entry.id for entry in session.prepared.plan.selected]


def test_files_are_judged(session: Session) -> None:
    session.open(selected(session))
    session.judge()
    run = session.run()
    assert session.verdicts["policy::FILE"].outcome is Outcome.HOLDS
    standings = {row.claim: row.standing for row in run.rows if not row.baseline}
    assert standings == {
        "FILE": Standing.SELECTED,
        "LIVE": Standing.NOT_JUDGED_HERE,
        "BARE": Standing.WITHOUT_CHECK,
    }
    assert run.decision is Decision.PROMOTE
    assert (run.requests, run.url, run.environment) == (0, "", None)


@pytest.mark.parametrize("text", [None, "", "services: {}\n", "services: [\n"])
def test_nothing_to_judge_is_not_green(session: Session, folder: Path, text: str | None) -> None:
    (folder / "compose.yml").unlink()
    if text is not None:
        (folder / "compose.yml").write_text(text)
    session.open(selected(session))
    session.judge()
    verdict = session.verdicts["policy::FILE"]
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.judgements[0].unknowns[0].reason
    assert session.run().decision is Decision.HOLD


def test_an_interrupt_leaves_nothing_green(session: Session) -> None:
    session.open(selected(session))
    session.interrupt()
    assert {verdict.outcome for verdict in session.verdicts.values()} == {Outcome.INCONCLUSIVE}
    assert set(session.verdicts) == set(selected(session))
    run = session.run(interrupted=True)
    assert run.decision is Decision.HOLD
    assert all("interrupted" in verdict.reason for verdict in run.verdicts)


def test_what_was_not_judged_is_as_grave_as_its_checks(folder: Path) -> None:
    text = CONTRACT.replace(
        "  BARE:",
        "  LOW: {says: s, at: a, rule: compose/restart-policy, severity: warning}\n  BARE:",
    )
    (folder / "verify.yaml").write_text(text)
    session = Session(prepare(folder / "verify.yaml", Options(environment="test"), registry=REGISTRY))
    session.select(selected(session))
    session.interrupt()
    session.close()
    (live,) = (one for one in session.verdicts.values() if one.claim == "LIVE")
    assert live.severity == "blocker"
    session = Session(prepare(folder / "verify.yaml", Options(), registry=REGISTRY))
    session.select(["policy::LOW", "policy::FILE"])
    session.give_up("it cannot be asked")
    session.close()
    assert session.verdicts["policy::LOW"].severity == "warning"
    assert session.verdicts["policy::FILE"].severity == "error"


WRONG = """verify: 1
system: sample
environments:
  test:
    url: https://a.example
    trust: ./pki/none.pem
    account: deployer
accounts:
  deployer:
    bearer: $NOPE_TOKEN
endpoints: {health: {path: /health}}
claims: {LIVE: {says: s, at: a, rule: health/status, with: {endpoint: health}}}
"""


def opened(folder: Path, text: str) -> str:
    (folder / "verify.yaml").write_text(text)
    options = Options(environment="test")
    session = Session(prepare(folder / "verify.yaml", options, name="verify.yaml", registry=REGISTRY))
    try:
        with pytest.raises(UsageError) as caught:
            session.open([entry.id for entry in session.prepared.plan.selected])
    finally:
        session.close()
    return str(caught.value)


def test_what_the_contract_names_and_is_missing_is_told_with_its_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOPE_TOKEN", raising=False)
    needs = "account deployer needs the environment variable NOPE_TOKEN, which is not set"
    assert opened(folder, WRONG) == f"verify.yaml:10:13: {needs}"
    monkeypatch.setenv("NOPE_TOKEN", "a-token-of-some-length")
    assert opened(folder, WRONG).startswith("verify.yaml:6:12: `trust` names pki/none.pem: ")
    (folder / "pki").mkdir()
    (folder / "pki" / "none.pem").write_text("no certificate")
    assert "expected a bundle of CA certificates in PEM" in opened(folder, WRONG)


def test_an_interrupt_keeps_what_was_judged(session: Session) -> None:
    session.open(selected(session))
    session.judge()
    session.interrupt()
    assert session.verdicts["policy::FILE"].outcome is Outcome.HOLDS
    assert session.run(interrupted=True).decision is Decision.HOLD


def test_what_is_not_selected_is_not_judged(session: Session) -> None:
    session.open(["policy::FILE"])
    session.judge()
    assert set(session.verdicts) == {"policy::FILE"}


def test_facts_that_are_given_are_not_asked_for(session: Session) -> None:
    session.select(selected(session))
    session.judge({})
    assert {verdict.outcome for verdict in session.verdicts.values()} == {Outcome.INCONCLUSIVE}
    assert session.world is None


def test_a_team_s_own_test_judges_its_claim(session: Session) -> None:
    session.open([])
    session.judge()
    session.take_tests([Verdict(claim="BARE", suite="tests", outcome=Outcome.VIOLATED)])
    rows = [row for row in session.run().rows if row.claim == "BARE"]
    assert [row.suite for row in rows] == ["tests"]
    assert session.run().decision is Decision.HOLD


def test_closing_removes_the_folder_and_the_journal(session: Session, folder: Path) -> None:
    made = session.make_folder()
    assert made.is_dir()
    assert made.stat().st_mode & 0o077 == 0
    assert list((folder / "state").iterdir())
    session.close()
    session.close()
    assert not made.exists()
    assert list((folder / "state").iterdir()) == []


def test_faults_are_for_the_reference_only(folder: Path) -> None:
    prepared = prepare(
        folder / "verify.yaml", Options(environment="test", faults=("no-hsts",)), registry=REGISTRY
    )
    made = Session(prepared)
    try:
        with pytest.raises(UsageError, match="test is not the reference"):
            made.open([])
    finally:
        made.close()


def test_a_missing_secret_is_told_before_anything_is_sent(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKEN_OF_NOBODY", raising=False)
    secured = CONTRACT + "accounts: {me: {bearer: $TOKEN_OF_NOBODY}}\n"
    secured = secured.replace("a.example'}", "a.example', account: me}")
    (folder / "verify.yaml").write_text(secured)
    made = Session(prepare(folder / "verify.yaml", Options(environment="test"), registry=REGISTRY))
    try:
        with pytest.raises(UsageError, match="TOKEN_OF_NOBODY"):
            made.open(["smoke::LIVE"])
        assert made.world is None
    finally:
        made.close()


def test_a_contract_that_cannot_be_read(folder: Path) -> None:
    with pytest.raises(FileError, match="nothing there"):
        prepare(folder / "absent.yaml", Options(), registry=REGISTRY)
    (folder / "verify.yaml").write_text("verify: 1\n")
    with pytest.raises(ContractError, match=r"shown\.yaml"):
        prepare(folder / "verify.yaml", Options(), name="shown.yaml", registry=REGISTRY)


def test_the_digest_is_that_of_the_bytes(folder: Path) -> None:
    first = prepare(folder / "verify.yaml", Options(), registry=REGISTRY)
    (folder / "verify.yaml").write_text(CONTRACT + "# a comment\n")
    second = prepare(folder / "verify.yaml", Options(), registry=REGISTRY)
    assert first.digest != second.digest
    assert replace(first, digest="").name == replace(second, digest="").name


def test_a_signal_during_closing_waits_until_everything_is_gone(session: Session) -> None:
    order: list[str] = []
    made = session.make_folder()
    session._closing.callback(order.append, "last")
    session._closing.callback(signal.raise_signal, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        session.close()
    assert order == ["last"]
    assert not made.exists()
