"""What production allows is enough for its gate, however long production takes to get ready.

The gate of each contract's production, with its protection and its budget, is judged on a reference
of the contract, which counts what it answers. ``benchmarks/requests_sent.py`` shows all figures.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from verify.contract.monitoring import Source
from verify.contract.values import variable_of
from verify.model.verdict import Outcome
from verify.run.options import Options
from verify.run.session import Prepared, Session, prepare

SYSTEMS = sorted(Path(__file__).parents[2].glob("systems/*/verify.yaml"))
#: the most requests that the gate of each production may cost; sharing less than now costs more
MOST = {"atlas_investor": 20, "ideation": 10, "leather_api": 10, "mdc_tts": 15, "octoco": 15}
ELSEWHERE = "is not a declared address"
REFUSED = ("budget", "read-only")


@pytest.fixture
def production(bench: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Prepared]:
    """The contract of the bench for its production, with each address replaced by the reference's."""
    prepared = prepare(bench.prepared.path, Options(environment="production"))
    contract, running = prepared.loaded.contract, bench.running
    for name, account in contract.accounts.items():
        user = account.basic.user if account.basic is not None else name
        if user in running.accounts:
            monkeypatch.setenv(variable_of(account.secret), running.accounts[user])
    here = {
        "url": running.url,
        "plain_url": running.plain_url,
        "trust": str(running.ca_file),
        "hosts": (),  # what lies elsewhere stays unasked
        "rate": None,  # when requests leave does not change how many
    }
    moved = {
        name: one
        if one.reference is not None
        else one.model_copy(update=here | {"monitoring": watched(one.monitoring, running.monitoring)})
        for name, one in contract.environments.items()
    }
    changed = contract.model_copy(update={"environments": moved})
    running.reset_limits()
    yield replace(prepared, loaded=replace(prepared.loaded, contract=changed))
    running.reset_limits()


def watched(sources: Mapping[str, Source], url: str) -> dict[str, Source]:
    """Return the sources as what watches the reference, where anything does; its logs are in Loki."""
    own = {"url": url, "account": None, "path": "/"}
    logs = own | {"kind": "loki", "select": '{app="reference"}'}
    return {
        name: source.model_copy(update=logs if source.kind == "elasticsearch" else own)
        for name, source in sources.items()
        if url
    }


def said(session: Session) -> list[str]:
    return [
        unknown.reason
        for verdict in session.verdicts.values()
        for judgement in verdict.judgements
        for unknown in judgement.unknowns
    ]


@pytest.mark.parametrize("bench", SYSTEMS, ids=lambda path: path.parent.name, indirect=True, scope="module")
def test_the_budget_of_production_covers_its_gate(bench: Any, production: Prepared) -> None:
    entries = production.plan.selected
    before = bench.running.requests()
    with closing(Session(production)) as session:
        world = session.open([entry.id for entry in entries])
        session.judge()
        sent, answered = world.wire.sent, bench.running.requests() - before
        # of other environments too, each within its own budget; what watches has a count of its own
        asked = world.sent - sum(watcher.transport.sent for watcher in world.watchers.values())
    environment = world.environment
    assert environment is not None
    assert environment.protection == "production"
    assert environment.budget is not None
    assert [reason for reason in said(session) if any(word in reason for word in REFUSED)] == []
    assert sum(one.outcome is Outcome.HOLDS for one in session.verdicts.values()) > len(entries) / 2
    handshakes = len(
        {need for entry in entries for check in entry.checks for need in check.needs if need.kind == "tls"}
    )
    assert asked == answered + handshakes  # both count, and nothing else was asked
    assert answered <= MOST[production.path.parent.name]
    polls = math.ceil(environment.readiness.within / environment.readiness.interval)
    elsewhere = sum(ELSEWHERE in reason for reason in said(session))
    assert sent + elsewhere + polls <= environment.budget, (
        f"{polls} questions until it is ready and {sent + elsewhere} of the gate: "
        f"state a larger `budget:` than {environment.budget}, or a longer `readiness: {{interval: …}}`"
    )
