"""One reference of a contract for a whole module, judged again and again while it is broken and mended."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from verify.contract.reference import ReferenceSpec
from verify.effects.journal import Journal
from verify.effects.redact import Redactor
from verify.effects.transport import Origin, Policy, Request, Transport
from verify.judge import expected
from verify.judge.verdict import Check
from verify.model.need import Effect
from verify.model.units import Duration, seconds
from verify.model.verdict import Verdict
from verify.reference.system import Reference
from verify.run.options import Options
from verify.run.plan import Entry
from verify.run.session import Prepared, Session, prepare

BEHIND = "left its data behind"
#: needs that use limits up; a burst of writes destroys as well
BURSTS = frozenset({"burst", "quota"})
#: seconds that a system with a fault is waited for: longer if it gets over it, or is slow to say no
PATIENCE = {"slow-start": 12.0, "edge-limit-tight": 12.0, "redis-hang": 5.0}
#: longest wait for readiness in which it may be asked as often as one likes
HURRY = seconds(2)
CONTRACT = Path(__file__).parents[2] / "systems" / "leather_api" / "verify.yaml"


def promised(prepared: Prepared) -> ReferenceSpec:
    """Return what the reference of the contract promises."""
    spec = prepared.loaded.contract.environments["reference"].reference
    assert spec is not None
    return spec


def waiting(prepared: Prepared, within: Duration, interval: Duration) -> Prepared:
    """Return the contract with another patience: what never gets ready shall not take long."""
    contract = prepared.loaded.contract
    environment = contract.environments["reference"]
    patient = environment.readiness.model_copy(update={"within": within, "interval": interval})
    environments = {
        **contract.environments,
        "reference": environment.model_copy(update={"readiness": patient}),
    }
    changed = contract.model_copy(update={"environments": environments})
    return replace(prepared, loaded=replace(prepared.loaded, contract=changed))


@dataclass
class Bench:
    """A running reference, and the contract it is judged by."""

    prepared: Prepared
    running: Reference

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self.prepared.plan.selected

    def live(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if any(c.rule.live(c.stated) for c in entry.checks))

    def breaks(self, fault: str, entry: Entry) -> bool:
        """Tell whether the rules say that ``fault`` violates this claim."""
        return any(self.broken_by(fault, check) for check in entry.checks)

    def broken_by(self, fault: str, check: Check) -> bool:
        return check.rule.breaks(fault, check.stated, promised(self.prepared))

    def hidden(self, fault: str, entries: tuple[Entry, ...]) -> set[str]:
        """Return the claims that, by their rules' own word, cannot be judged under ``fault``."""
        return set(expected.hidden(fault, self.claims(entries), promised(self.prepared)))

    @staticmethod
    def consumes(entry: Entry) -> bool:
        """Tell whether judging it sends bursts."""
        return any(need.kind in BURSTS for check in entry.checks for need in check.needs)

    def expected(self, fault: str, entries: tuple[Entry, ...]) -> set[str]:
        return set(expected.violated(fault, self.claims(entries), promised(self.prepared)))

    @staticmethod
    def claims(entries: tuple[Entry, ...]) -> dict[str, tuple[Check, ...]]:
        return {entry.id: entry.checks for entry in entries}

    def judge(
        self,
        entries: tuple[Entry, ...],
        within: Duration = seconds(20),
    ) -> dict[str, Verdict]:
        """Judge ``entries`` from fresh limits.

        A system that is waited for longer is asked less often than its limits allow, as anybody would.
        """
        interval = seconds(0.05 if within <= HURRY else 0.25)
        self.running.reset_limits()
        session = Session(waiting(self.prepared, within, interval))
        try:
            session.open([entry.id for entry in entries], self.running)
            session.judge()
        finally:
            session.close()
        return session.verdicts

    def judge_broken(self, fault: str, entries: tuple[Entry, ...]) -> dict[str, Verdict]:
        """Judge ``entries`` under ``fault``: what never gets ready is not waited for long."""
        return self.judge(entries, within=seconds(PATIENCE.get(fault, 1.5)))

    def clean_up(self, verdicts: dict[str, Verdict]) -> None:
        """Remove what flows have named as left behind, now that the fault that kept it is healed."""
        findings = (
            finding
            for verdict in verdicts.values()
            for judgement in verdict.judgements
            for finding in judgement.findings
        )
        left = [str(finding.at).split(" ") for finding in findings if finding.message.endswith(BEHIND)]
        policy = Policy(origins=frozenset({Origin.of(self.running.url)}), destructive=True)
        headers = (("Authorization", f"Bearer {self.running.accounts['alice']}"),)
        with Transport(
            policy, redactor=Redactor(), user_agent="tests", trust=self.running.ca_file
        ) as transport:
            for method, url in left:
                request = Request(method=method, url=url, headers=headers)
                assert transport.send(request, effect=Effect.DESTROYS).status == 204


@pytest.fixture(scope="module")
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One reference a module, or one for each contract that is its parameter.

    Of the module's own ``CONTRACT``, else of leather_api's.
    """
    state = tmp_path_factory.mktemp("state", numbered=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERIFY_STATE_DIR", str(state))
        contract: Path = getattr(request, "param", getattr(request.module, "CONTRACT", CONTRACT))
        options = getattr(request.module, "OPTIONS", Options(environment="reference"))
        prepared = prepare(contract, options)
        with (
            Journal.open("matrix", state) as journal,
            Reference.start(promised(prepared), journal=journal) as running,
        ):
            if hasattr(request.module, "complete"):  # what only a running reference can tell
                text = request.module.complete(contract.read_text(encoding="utf-8"), running, state)
                complete = state / contract.name
                complete.write_text(text, encoding="utf-8")
                prepared = prepare(complete, options)
            yield Bench(prepared, running)


@pytest.fixture
def broken(bench: Bench) -> Iterator[Callable[[str], None]]:
    """Inject faults; whatever becomes of the test, they are healed."""
    yield bench.running.inject
    for fault in sorted(bench.running.faults):
        bench.running.heal(fault)
