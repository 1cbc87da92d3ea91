"""Other environments that a run asks are asked within their own limits, and counted."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from verify.judge.registry import Registry
from verify.model.verdict import Outcome, Verdict
from verify.run.options import Options
from verify.run.record import Run
from verify.run.session import Session, prepare

Judge = Callable[[int], tuple[dict[str, Verdict], Run]]
CONTRACT = """verify: 1
system: sample
document: d.md
baseline: none
environments:
  test: {{url: '{here}', protection: disposable, readiness: {{consecutive: 1, within: 5s}}}}
  other: {{url: '{other}', budget: {budget}}}
endpoints:
  health: {{path: /health}}
claims:
  APART: {{says: s, at: a, rule: environments/differ, with: {{environments: [test, other], probe: /who}}}}
  STILL: {{says: s, at: a, rule: environments/differ, with: {{environments: [test, other], probe: /also}}}}
"""


class Site(http.server.ThreadingHTTPServer):
    """Answers every path with the name of its database."""

    def __init__(self, database: str) -> None:
        asked: list[str] = []
        self.asked = asked

        class Serving(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                body = json.dumps({"database": database}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        super().__init__(("127.0.0.1", 0), Serving)
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self.thread.join(5)


@pytest.fixture
def sites() -> Iterator[tuple[Site, Site]]:
    made = Site("a"), Site("b")
    yield made
    for site in made:
        site.stop()


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sites: tuple[Site, Site]) -> Judge:
    monkeypatch.setenv("VERIFY_STATE_DIR", str(tmp_path / "state"))
    here, other = sites

    def judge(budget: int) -> tuple[dict[str, Verdict], Run]:
        contract = tmp_path / "verify.yaml"
        contract.write_text(CONTRACT.format(here=here.url, other=other.url, budget=budget))
        registry = Registry(("verify.rules",))
        session = Session(prepare(contract, Options(environment="test"), registry=registry))
        try:
            session.open([entry.id for entry in session.prepared.plan.selected])
            session.judge()
        finally:
            session.close()
        return session.verdicts, session.run()

    return judge


def test_requests_to_other_environments_are_counted(judged: Judge, sites: tuple[Site, Site]) -> None:
    verdicts, run = judged(2)
    assert {verdict.outcome for verdict in verdicts.values()} == {Outcome.HOLDS}
    here, other = sites
    assert sorted(other.asked) == ["/also", "/who"]
    assert run.requests == len(here.asked) + len(other.asked) == 5


def test_the_budget_of_another_environment_is_one_for_the_whole_run(
    judged: Judge, sites: tuple[Site, Site]
) -> None:
    verdicts, _ = judged(1)
    outcomes = sorted(verdict.outcome.name for verdict in verdicts.values())
    assert outcomes == ["HOLDS", "INCONCLUSIVE"]
    reasons = [u.reason for v in verdicts.values() for j in v.judgements for u in j.unknowns]
    assert "budget of 1 requests is used up" in reasons[0]
    assert len(sites[1].asked) == 1
