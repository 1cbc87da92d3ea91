"""Sixty read-only checks at 100 ms server delay: our gate beside one sequential ``requests.Session``.

Both begin with a connection to open; ours also waits for readiness. The server counts.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import requests
from checks import CHECKS, contract, rules
from measure import Row, interleaved, ratio, report
from server import COUNT, running

from verify.judge.registry import Registry
from verify.model.verdict import Outcome
from verify.run.options import Options
from verify.run.session import Prepared, Session, prepare

DELAY = 0.1
DEADLINE = 10


def counted(url: str, trust: Path) -> int:
    return int(requests.get(url + COUNT, verify=str(trust), timeout=DEADLINE).text)


def ours(prepared: Prepared) -> float:
    """Return the seconds until every check is judged, readiness and closing included."""
    started = time.perf_counter()
    session = Session(prepared)
    try:
        session.open([entry.id for entry in prepared.plan.selected])
        session.judge()
    finally:
        session.close()
    taken = time.perf_counter() - started
    outcomes = [verdict.outcome for verdict in session.verdicts.values()]
    if outcomes != [Outcome.HOLDS] * CHECKS:
        raise SystemExit(f"expected {CHECKS} checks that hold, got {outcomes}")
    return taken


def sequential(url: str, trust: Path) -> float:
    """Return the seconds of one request a check, one after the other."""
    started = time.perf_counter()
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(trust)
        for _, path in rules():
            session.get(url + path, timeout=DEADLINE)
    return time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = max(1, parser.parse_args().rounds)
    with tempfile.TemporaryDirectory(prefix="gate-") as base:
        folder = Path(base)
        os.environ["VERIFY_STATE_DIR"] = str(folder / "state")
        with running(folder, DELAY) as (url, trust):
            path = contract(folder, url, trust)
            prepared = prepare(path, Options(environment="bench"), registry=Registry(("verify.rules",)))
            before = counted(url, trust)
            ours(prepared)
            requests_sent = counted(url, trust) - before
            mine, theirs = interleaved(rounds, lambda: ours(prepared), lambda: sequential(url, trust))
    rows = [
        Row("requests.Session, one after the other", statistics.median(theirs), unit=" s"),
        Row("our gate, readiness included", statistics.median(mine), unit=" s"),
        Row("wall clock, ours / theirs", ratio(mine, theirs), 1 / 10),
        Row("requests a check", requests_sent / CHECKS, 1 / 3, unit=""),
    ]
    return report(f"gate: {CHECKS} checks, {DELAY * 1000:g} ms delay, requests {requests.__version__}", rows)


if __name__ == "__main__":
    raise SystemExit(main())
