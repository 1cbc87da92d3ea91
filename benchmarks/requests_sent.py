"""The five contracts in ``systems/``: checks that their gates judge, and requests that these cost.

A check is what the package calls one: a rule with the values that a claim states. That is how
``gate.py`` counts its sixty, too: one rule a claim. *Looked at* is what the checks say that they
saw, several things for some; it is told beside, because a rule is free in how finely it tells it.

Judged is suite smoke on a reference of each contract, without the claims that send bursts: all of it,
then what its production environment may judge, under that environment's protection and budget (not
at its rate, which changes when requests leave and not how many). The run and the reference both count.
A handshake of TLS is a request of the run that the reference never answers. What is not seen costs
nothing, so the whole gate has to hold; what production cannot judge is named.
"""

import argparse
import os
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from measure import Row, report

from verify.contract.values import variable_of
from verify.effects.journal import Journal
from verify.judge.registry import Registry
from verify.model.verdict import Outcome
from verify.reference.system import Reference
from verify.run.options import Options
from verify.run.plan import Entry
from verify.run.session import Prepared, Session, prepare

SYSTEMS = Path(__file__).resolve().parent.parent / "systems"
GOAL = 1 / 3
BURSTS = frozenset({"burst", "quota"})


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What one gate judged, and what it cost."""

    items: int
    checks: int
    looked_at: int
    requests: int
    answered: int
    not_held: tuple[str, ...]
    budget: int | None

    @property
    def ratio(self) -> float:
        return self.requests / self.checks


def without_bursts(prepared: Prepared) -> tuple[Entry, ...]:
    return tuple(
        entry
        for entry in prepared.plan.selected
        if not any(need.kind in BURSTS for check in entry.checks for need in check.needs)
    )


def at_home(prepared: Prepared, running: Reference) -> Prepared:
    """Return the contract with each address replaced by the reference's: nothing leaves this machine."""
    contract = prepared.loaded.contract
    here = {
        "url": running.url,
        "plain_url": running.plain_url,
        "trust": str(running.ca_file),
        "hosts": (),
        "monitoring": {},  # lies elsewhere and stays unasked, as other hosts do
        "rate": None,
    }
    moved = {
        name: one if one.reference is not None else one.model_copy(update=here)
        for name, one in contract.environments.items()
    }
    changed = contract.model_copy(update={"environments": moved})
    return replace(prepared, loaded=replace(prepared.loaded, contract=changed))


def judged(prepared: Prepared, running: Reference) -> Gate:
    """Judge on a reference that runs, from fresh limits, and count."""
    entries = without_bursts(prepared)
    running.reset_limits()
    before = running.requests()
    with closing(Session(at_home(prepared, running))) as session:
        world = session.open([entry.id for entry in entries], running)
        session.judge()
        sent = world.sent
    judgements = [one for verdict in session.verdicts.values() for one in verdict.judgements]
    return Gate(
        items=len(entries),
        checks=sum(len(entry.checks) for entry in entries),
        looked_at=sum(len(one.seen) for one in judgements),
        requests=sent,
        answered=running.requests() - before,
        not_held=tuple(
            f"{name} {verdict.outcome.name.lower()}"
            for name, verdict in session.verdicts.items()
            if verdict.outcome is not Outcome.HOLDS
        ),
        budget=world.wire.policy.budget,
    )


def gates(path: Path) -> tuple[Gate, Gate]:
    """Return the whole gate of the contract at ``path`` and that of its production."""
    registry = Registry(("verify.rules",))
    whole, production = (
        prepare(path, Options(environment=name, suites=("smoke",)), registry=registry)
        for name in ("reference", "production")
    )
    contract = whole.loaded.contract
    spec = contract.environments["reference"].reference
    assert spec is not None
    with (
        Journal.open("requests", Path(os.environ["VERIFY_STATE_DIR"])) as journal,
        Reference.start(spec, journal=journal) as running,
    ):
        for name, account in contract.accounts.items():
            user = account.basic.user if account.basic is not None else name
            if user in running.accounts:
                os.environ[variable_of(account.secret)] = running.accounts[user]
        complete = judged(whole, running)
        if complete.not_held:
            raise SystemExit(f"{path}: expected that all holds on the reference, got {complete.not_held}")
        return complete, judged(production, running)


def line(name: str, gate: Gate) -> str:
    budget = "" if gate.budget is None else f"{gate.requests} of {gate.budget}"
    return (
        f"  {name:<28} {gate.items:6} {gate.checks:7} {gate.looked_at:10} {gate.requests:9} "
        f"{gate.answered:9} {gate.ratio:7.2f} {gate.requests / gate.looked_at:15.2f}   {budget}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contracts", nargs="*", help="names of folders in systems/, by default all")
    names = parser.parse_args().contracts or sorted(
        path.parent.name for path in SYSTEMS.glob("*/verify.yaml")
    )
    found: dict[str, tuple[Gate, Gate]] = {}
    print(
        f"  {'gate':<28} {'items':>6} {'checks':>7} {'looked at':>10} {'requests':>9} "
        f"{'answered':>9} {'a check':>7} {'a thing seen':>15}   budget"
    )
    with tempfile.TemporaryDirectory(prefix="requests-") as state:
        os.environ["VERIFY_STATE_DIR"] = state
        for name in names:
            found[name] = gates(SYSTEMS / name / "verify.yaml")
            for where, gate in zip(("reference", "production"), found[name], strict=True):
                print(line(f"{name}, {where}", gate))
                if gate.not_held:
                    print(f"    not held: {', '.join(gate.not_held)}")
            sys.stdout.flush()
    largest = max(found, key=lambda name: found[name][0].checks)
    rows = [Row(f"{largest}, requests a check", found[largest][0].ratio, GOAL, unit="")]
    rows += [
        Row(f"{name}, share of production's budget", gate.requests / gate.budget, 1, unit="")
        for name, (_, gate) in found.items()
        if gate.budget is not None
    ]
    return report("requests: the largest contract, and what production allows", rows)


if __name__ == "__main__":
    raise SystemExit(main())
