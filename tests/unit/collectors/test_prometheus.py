"""A real Prometheus that scrapes a real endpoint: what it says of samples and targets is judged as it is."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from verify.collectors.monitoring import collect
from verify.collectors.world import Watcher, World
from verify.contract.monitoring import Source
from verify.facts.http import Exchange
from verify.facts.monitoring import Ask, age
from verify.judge.registry import Registry
from verify.judge.verdict import Check, judge
from verify.model.units import seconds
from verify.model.verdict import Judgement, Outcome

pytestmark = pytest.mark.needs("prometheus")

REGISTRY = Registry(("verify.rules",))
METRICS = b"""# TYPE http_requests_total counter
http_requests_total{path="/a"} 3
http_requests_total{path="/b"} 4
# TYPE seconds histogram
seconds_bucket{le="+Inf"} 3
seconds_sum 0.4
seconds_count 3
"""
CONFIG = """global: {scrape_interval: 500ms, evaluation_interval: 1h}
scrape_configs:
  - job_name: shop
    static_configs: [{targets: ['localhost:PORT']}]
"""
PATIENCE = 20.0


@pytest.fixture
def shop(serve: Any, reply: Any) -> Any:
    # a connection that is kept would keep its thread, and stopping waits for that
    headers = {"Content-Type": "text/plain; version=0.0.4", "Connection": "close"}
    return serve({"/metrics": reply(body=METRICS, headers=headers)})


@pytest.fixture
def prometheus(shop: Any, tmp_path: Path) -> Iterator[str]:
    """Start one, with its data in ``tmp_path``; return where it answers."""
    config, log = tmp_path / "prometheus.yml", tmp_path / "prometheus.log"
    config.write_text(CONFIG.replace("PORT", str(shop.port)))
    with log.open("wb") as said:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={tmp_path / 'data'}",
                "--web.listen-address=127.0.0.1:0",
            ],
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    try:
        yield f"http://localhost:{wait(lambda: port(log))}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def port(log: Path) -> str:
    """Return the port that it says it listens at, "" while it does not."""
    text = log.read_text(encoding="utf-8", errors="replace")
    found = re.search(r'msg="Listening on" address=127\.0\.0\.1:([1-9][0-9]*)', text)
    return found[1] if found else ""


def wait(look: Callable[[], Any]) -> Any:
    """Return the first good answer of ``look``, the last one where none is within the time."""
    end = time.monotonic() + PATIENCE
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.05)  # between two looks
    return found


@pytest.fixture
def watched(prometheus: str, world: Callable[..., World]) -> World:
    there = world(prometheus)
    source = Source(kind="prometheus", url=prometheus, knows="shop")
    watcher = Watcher(source=source, url=prometheus, transport=there.wire)
    return world(prometheus, watchers={"metrics": watcher})


@pytest.fixture
def asked(watched: World) -> Callable[[str], Exchange]:
    """Ask the Prometheus for a path."""

    def asked(path: str) -> Exchange:
        ((_, answer),) = collect((Ask(source="metrics", path=path),), watched)
        assert isinstance(answer, Exchange)
        return answer

    return asked


@pytest.fixture
def judged(watched: World) -> Callable[..., Judgement]:
    """Judge a rule on what the Prometheus says now."""

    def judged(rule_id: str, **stated: Any) -> Judgement:
        rule = REGISTRY.get(rule_id)
        assert rule.params is not None
        check = Check(rule=rule, stated=rule.params(**stated))
        return judge(check, dict(collect(tuple(check.needs), watched)))  # type: ignore[arg-type] # of this kind all

    return judged


def samples(judged: Any, *series: str, within: float = 60.0) -> Judgement:
    found: Judgement = judged("monitoring/samples", source="metrics", series=series, within=seconds(within))
    return found


def holds(judgement: Judgement) -> bool:
    return judgement.outcome is Outcome.HOLDS


def test_what_is_scraped_and_what_is_not_any_more(judged: Any, asked: Any, shop: Any) -> None:
    good = ("http_requests_total", 'http_requests_total{path=~"/[ab]"}', "seconds_bucket", "up")
    assert wait(lambda: holds(samples(judged, *good)))
    assert holds(samples(judged, *good, within=600))  # looked for further back, too
    found = samples(judged, "http_requests_total", 'http_requests_total{path="/c"}', "nobody")
    assert [one.message for one in found.findings] == [
        'http_requests_total{path="/c"} has no sample',
        "nobody has no sample",
    ]
    targets = judged("monitoring/targets", source="metrics", jobs=("shop", "other"))
    assert [one.message for one in targets.findings] == ["job other has no target"]
    assert holds(judged("monitoring/answers", sources=("metrics",)))

    # looks back are at whole seconds: the series has to have been there at one
    back = quote("time() - max(max_over_time(timestamp(http_requests_total)[600s:1s]))")
    assert wait(lambda: age(asked(f"/api/v1/query?query={back}")) is not None)
    shop.stop()

    def down() -> Judgement | None:
        seen: Judgement = judged("monitoring/targets", source="metrics", jobs=("shop",))
        return seen if seen.findings else None

    refused = wait(down)
    assert [one.message for one in refused.findings] == ["the target is not up"]
    assert "connection refused" in refused.findings[0].seen
    gone = wait(lambda: samples(judged, "http_requests_total").findings)
    assert [(one.message, one.seen) for one in gone] == [("http_requests_total has no sample", "none")]
    # further back there was one, and its age is its own
    assert holds(samples(judged, "http_requests_total", within=600))


def test_a_query_that_it_refuses_is_unknown(asked: Callable[[str], Exchange]) -> None:
    answer = asked("/api/v1/query?query=time(")
    rule = REGISTRY.get("monitoring/samples")
    assert rule.params is not None
    check = Check(rule=rule, stated=rule.params(source="metrics", series=("up",)))
    judgement = judge(check, dict.fromkeys(check.needs, answer))
    assert judgement.outcome is Outcome.INCONCLUSIVE
    assert "answered 400" in judgement.unknowns[0].reason
