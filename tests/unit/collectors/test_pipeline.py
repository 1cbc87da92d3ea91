"""What workflows took is asked of GitHub's interface, here of one that stands in for it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from verify.facts.pipeline import Durations, Runs
from verify.judge.registry import Registry
from verify.model.need import Unseen
from verify.model.verdict import Outcome, Verdict
from verify.run.options import Options, UsageError
from verify.run.session import Session, prepare

REGISTRY = Registry(("verify.rules",))
TOKEN = "ghs_" + "n0t-4-r34l-t0k3n"
LIST = (
    "/repos/shop/api/actions/workflows/deploy.yml/runs?status=success&per_page=3&exclude_pull_requests=true"
)
WHOLE = Durations(workflow="deploy.yml", newest=3)
BUILD = Durations(workflow="deploy.yml", newest=3, job="build")
CONTRACT = """verify: 1
system: shop
document: d.md
baseline: none
environments:
  test: {{url: 'http://localhost:1'}}
pipeline: {{repository: shop/api, api: '{api}'{more}}}
claims:
  WHOLE: {{says: s, at: a, rule: pipeline/duration, with: {{workflow: deploy.yml, within: 10m, runs: 3}}}}
  BUILD:
    says: s
    at: a
    rule: pipeline/duration
    with: {{workflow: deploy.yml, within: 5m, runs: 3, job: build, by: median}}
"""
Serve = Callable[..., Any]


def run(number: int, minutes: int, **more: Any) -> dict[str, Any]:
    times = {"run_started_at": "2026-03-01T10:00:00Z", "updated_at": f"2026-03-01T10:{minutes:02}:00Z"}
    return {"id": number, "run_attempt": 1, "created_at": "2026-03-01T09:00:00Z", **times, **more}


def job(name: str, begin: int, end: int, **more: Any) -> dict[str, Any]:
    times = {"started_at": f"2026-03-01T10:{begin:02}:00Z", "completed_at": f"2026-03-01T10:{end:02}:30Z"}
    return {"id": 7, "name": name, "conclusion": "success", **times, **more}


def listed(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"total_count": len(runs), "workflow_runs": list(runs)}


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VERIFY_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PIPELINE_TOKEN", TOKEN)


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., tuple[dict[str, Verdict], dict[Any, Any]]]:
    """Judge a contract whose pipeline is at the address; return the verdicts and what was seen."""

    def judge(api: str, *names: str, more: str = ", token: $PIPELINE_TOKEN") -> Any:
        path = tmp_path / "verify.yaml"
        path.write_text(CONTRACT.format(api=api, more=more))
        prepared = prepare(path, Options(environment="test"), registry=REGISTRY)
        with closing(Session(prepared)) as session:
            session.open(
                [entry.id for entry in prepared.plan.selected if not names or entry.claim.id in names]
            )
            session.judge()
        assert session.world is not None
        assert session.run().requests == session.world.sent
        return session.verdicts, session.answers

    return judge


def seen(answers: dict[Any, Any], need: Durations) -> Runs:
    fact = answers[need]
    assert isinstance(fact, Runs), fact
    return fact


def reason(answers: dict[Any, Any], need: Durations = WHOLE) -> str:
    fact = answers[need]
    assert isinstance(fact, Unseen)
    return fact.reason


def test_the_newest_runs_are_told(serve: Serve, reply: Any, judged: Any) -> None:
    forge = serve({LIST: reply(body=listed(run(3, 8), run(2, 7), run(1, 12, run_attempt=2)))})
    verdicts, answers = judged(forge.url, "WHOLE")
    runs = seen(answers, WHOLE)
    assert [(each.id, each.took) for each in runs.ran] == [(3, 480.0), (2, 420.0)]
    assert (runs.looked, runs.again, runs.place) == (3, 1, "shop/api deploy.yml")
    assert verdicts["smoke::WHOLE"].outcome is Outcome.HOLDS
    assert [asked.method for asked in forge.asked] == ["GET"]
    assert forge.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert forge.asked[0].headers["accept"] == "application/vnd.github+json"


def test_a_slow_one_is_found(serve: Serve, reply: Any, judged: Any) -> None:
    forge = serve({LIST: reply(body=listed(run(3, 8), run(2, 11), run(1, 10)))})
    verdicts, _ = judged(forge.url, "WHOLE")
    ((finding,),) = (one.findings for one in verdicts["smoke::WHOLE"].judgements)
    assert finding.seen == "11m; 1 of 3 runs take longer, run 2 11m"


def test_a_job_is_looked_at_in_each_run_and_the_list_is_asked_for_once(
    serve: Serve, reply: Any, judged: Any
) -> None:
    jobs = {
        3: [job("build (a)", 0, 2), job("build (b)", 1, 4), job("deploy", 5, 9)],
        2: [job("build", 0, 3), job("builder", 0, 9)],
        1: [job("build", 0, 50, conclusion="failure")],
    }
    each = {
        f"/repos/shop/api/actions/runs/{number}/jobs?per_page=100": reply(body={"jobs": listed})
        for number, listed in jobs.items()
    }
    forge = serve({LIST: reply(body=listed(run(3, 9), run(2, 8), run(1, 7))), **each})
    verdicts, answers = judged(forge.url)
    runs = seen(answers, BUILD)
    assert [(one.id, one.took) for one in runs.ran] == [(3, 270.0), (2, 210.0)]
    assert verdicts["smoke::BUILD"].outcome is Outcome.HOLDS
    assert len(forge.asked) == 4


def test_a_job_that_no_run_has_is_not_green(serve: Serve, reply: Any, judged: Any) -> None:
    jobs = "/repos/shop/api/actions/runs/3/jobs?per_page=100"
    forge = serve({LIST: reply(body=listed(run(3, 9))), jobs: reply(body={"jobs": [job("make", 0, 2)]})})
    verdicts, _ = judged(forge.url, "BUILD")
    verdict = verdicts["smoke::BUILD"]
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.judgements[0].unknowns[0].reason.endswith("shows what it takes: its jobs are make")


@pytest.mark.parametrize("runs", [[], [run(1, 3, run_attempt=2)]])
def test_without_a_run_nothing_is_known(serve: Serve, reply: Any, judged: Any, runs: list[Any]) -> None:
    verdicts, _ = judged(serve({LIST: reply(body=listed(*runs))}).url, "WHOLE")
    assert verdicts["smoke::WHOLE"].outcome is Outcome.INCONCLUSIVE
    (unknown,) = verdicts["smoke::WHOLE"].judgements[0].unknowns
    assert ("attempted again" in unknown.reason) == bool(runs)


LIMIT = "its limit of requests is used up"


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (401, {}, "it does not know who asks: check $PIPELINE_TOKEN"),
        (403, {}, "who asks may not read Actions there: check $PIPELINE_TOKEN"),
        (404, {}, "there is no such repository or workflow, or who asks may not see it"),
        (
            403,
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1767225600"},
            f"{LIMIT} until 2026-01-01 00:00:00Z",
        ),
        (403, {"Retry-After": "60"}, f"{LIMIT} for 60 s"),
        (403, {"X-RateLimit-Remaining": "0"}, LIMIT),
        (429, {}, LIMIT),
        (301, {"Location": "/repositories/1"}, "the repository has moved"),
        (500, {}, "expected 200"),
    ],
)
def test_an_answer_that_is_none_says_why(
    serve: Serve, reply: Any, judged: Any, status: int, headers: dict[str, str], words: str
) -> None:
    forge = serve({LIST: reply(status=status, headers=headers, body={"message": "no"})})
    verdicts, answers = judged(forge.url, "WHOLE")
    assert verdicts["smoke::WHOLE"].outcome is Outcome.INCONCLUSIVE
    assert words in reason(answers)
    assert f"answered {status}" in reason(answers)
    assert TOKEN not in reason(answers)
    assert len(forge.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<html>maintenance</html>",
        b"[]",
        {"workflow_runs": {}},
        {"workflow_runs": [1]},
        listed({"id": 1}),
        listed(run(1, 3, updated_at=None)),
        listed(run(1, 3, run_started_at="yesterday")),
    ],
)
def test_another_answer_than_documented_is_told(serve: Serve, reply: Any, judged: Any, body: Any) -> None:
    verdicts, answers = judged(serve({LIST: reply(body=body)}).url, "WHOLE")
    assert verdicts["smoke::WHOLE"].outcome is Outcome.INCONCLUSIVE
    assert "not as GitHub documents it" in reason(answers)


def test_nobody_there_is_told(judged: Any) -> None:
    verdicts, answers = judged("http://localhost:1", "WHOLE")
    assert verdicts["smoke::WHOLE"].outcome is Outcome.INCONCLUSIVE
    assert "connection refused" in reason(answers)


def test_below_a_base_and_without_a_token(serve: Serve, reply: Any, judged: Any) -> None:
    forge = serve({f"/api/v3{LIST}": reply(body=listed(run(3, 8)))})
    verdicts, _ = judged(forge.url, "WHOLE", more=", base: /api/v3/")
    assert verdicts["smoke::WHOLE"].outcome is Outcome.HOLDS
    assert "authorization" not in forge.asked[0].headers
    none = serve({LIST: reply(status=401)})
    _, answers = judged(none.url, "WHOLE", more="")
    assert "check a token: state `token: $NAME` under `pipeline:`" in reason(answers)


def test_what_is_missing_is_a_usage_error(judged: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIPELINE_TOKEN")
    with pytest.raises(UsageError, match="the pipeline needs the environment variable PIPELINE_TOKEN"):
        judged("http://localhost:1")
    monkeypatch.setenv("PIPELINE_TOKEN", "ab")
    with pytest.raises(UsageError, match="the pipeline: "):
        judged("http://localhost:1")


def test_a_claim_without_a_pipeline_is_a_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "verify.yaml"
    text = CONTRACT.format(api="http://localhost:1", more="")
    path.write_text(
        "".join(line for line in text.splitlines(keepends=True) if not line.startswith("pipeline:"))
    )
    with closing(Session(prepare(path, Options(environment="test"), registry=REGISTRY))) as session:
        with pytest.raises(UsageError, match="needs `pipeline:` in the contract"):
            session.open(["smoke::WHOLE"])
        session.open([])  # nothing asks about workflows
