"""Where an environment is watched, in a contract."""

import pytest
from pydantic import TypeAdapter, ValidationError

from verify.contract.errors import ContractError
from verify.contract.load import load
from verify.contract.monitoring import Series
from verify.judge.binding import read
from verify.judge.registry import Registry

TEXT = """verify: 1
system: sample
document: d.md
environments:
  reference:
    reference: {monitoring: true}
    monitoring:
      metrics: {kind: prometheus}
  staging:
    url: https://staging.example
    account: tester
    monitoring:
      metrics: {kind: prometheus, url: 'https://metrics.example', path: /prometheus, account: reader}
      logs: {kind: loki, url: 'https://logs.example', select: '{app="shop", env!~"dev|{x}"}', private: true}
      elk: {kind: elasticsearch, url: 'https://elk.example:9200', index: 'logs-*,audit', trust: ca.pem}
      page: {kind: page, url: 'https://status.example', path: /shop, expect: [200, 302], knows: shop}
  bare: {url: 'https://bare.example'}
  cloud:
    url: https://cloud.example
    monitoring:
      aws: {kind: cloudwatch, region: eu-west-1, access: $KEY_ID, secret: $KEY, group: /ecs/shop, knows: shop}
endpoints:
  health: {path: /health, account: visitor}
accounts:
  tester: {bearer: $TESTER}
  visitor: {bearer: $VISITOR}
  buyer: {bearer: $BUYER}
  reader: {bearer: $READER}
flows:
  order: {steps: [{get: /orders, account: buyer}]}
claims:
  C-1: {says: s, at: a, rule: monitoring/targets, with: {source: metrics, jobs: [shop]}}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ContractError) as caught:
        read(text.encode(), "verify.yaml", Registry(("verify.rules",)))
    return str(caught.value).splitlines()


def test_it_is_read() -> None:
    contract = load(TEXT.encode(), "verify.yaml").contract
    staging = contract.environments["staging"].monitoring
    assert {name: source.kind for name, source in staging.items()} == {
        "metrics": "prometheus",
        "logs": "loki",
        "elk": "elasticsearch",
        "page": "page",
    }
    assert (staging["metrics"].path, staging["metrics"].account, staging["metrics"].expect) == (
        "/prometheus",
        "reader",
        (200,),
    )
    assert (staging["page"].expect, staging["page"].knows, staging["page"].path) == (
        (200, 302),
        "shop",
        "/shop",
    )
    assert (staging["elk"].trust, staging["elk"].private, staging["logs"].private) == ("ca.pem", False, True)
    assert contract.environments["reference"].monitoring["metrics"].url is None
    assert contract.environments["bare"].monitoring == {}
    reference = contract.environments["reference"].reference
    assert reference is not None
    assert reference.monitoring


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        (", index: 'logs-*,audit'", "", "verify.yaml:15:", "kind `elasticsearch` needs `index:`"),
        ("'logs-*,audit'", "'Logs'", "verify.yaml:15:", "expected the names of indices"),
        (', select: \'{app="shop", env!~"dev|{x}"}\'', "", "verify.yaml:14:", "kind `loki` needs `select:`"),
        ('{app="shop", env!~"dev|{x}"}', "app=shop", "verify.yaml:14:", "expected a selector of streams"),
        ("path: /prometheus", "index: logs", "verify.yaml:13:", "`index` is of kind `elasticsearch`"),
        ("path: /prometheus", "select: '{a=\"b\"}'", "verify.yaml:13:", "`select` is of kind `loki`"),
        ("path: /prometheus", "expect: 200", "verify.yaml:13:", "`expect` is of kind `page`"),
        ("kind: page, ", "", "verify.yaml:16:", "key 'kind' is missing"),
        ("kind: page", "kind: pages", "verify.yaml:16:", "unknown value 'pages'"),
        (
            "page: {kind: page, url: 'https://status.example', path: /shop, expect: [200, 302], knows: shop}",
            "page: 5",
            "verify.yaml:16:",
            "expected a mapping",
        ),
        (
            "{kind: page, url: 'https://status.example', ",
            "{kind: page, ",
            "verify.yaml:16:",
            "expected `url`, where it answers",
        ),
        ("{kind: prometheus}", "{kind: prometheus, url: 'https://a.example'}", "verify.yaml:8:", "its own"),
        ("{kind: prometheus}", "{kind: page}", "verify.yaml:8:", "is watched by prometheus, loki or grafana"),
        ("region: eu-west-1, ", "", "verify.yaml:21:", "kind `cloudwatch` needs `region:`"),
        ("access: $KEY_ID, ", "", "verify.yaml:21:", "kind `cloudwatch` needs `access:`"),
        ("secret: $KEY, ", "", "verify.yaml:21:", "kind `cloudwatch` needs `secret:`"),
        ("$KEY", "abcdef", "verify.yaml:21:", "a secret never stands in a contract"),
        ("eu-west-1", "evil.example/", "verify.yaml:21:", "expected a region"),
        ("/ecs/shop", "'a b'", "verify.yaml:21:", "expected the name of a log group"),
        ("knows: shop}\nendpoints", "account: reader}\nendpoints", "verify.yaml:21:", "asks with `access:`"),
        ("path: /prometheus", "group: a", "verify.yaml:13:", "`group` is of kind `cloudwatch`"),
        ("{monitoring: true}", "{}", "verify.yaml:8:", "the reference is not watched"),
        ("account: reader", "account: tester", "verify.yaml:13:", "account 'tester' is the system's"),
        ("account: reader", "account: visitor", "verify.yaml:13:", "account 'visitor' is the system's"),
        ("account: reader", "account: buyer", "verify.yaml:13:", "account 'buyer' is the system's"),
        ("account: reader", "account: raeder", "verify.yaml:13:", "unknown account 'raeder'"),
        ("https://metrics.example", "https://u:p@metrics.example", "verify.yaml:13:", "no user or password"),
        (
            "source: metrics",
            "source: metric",
            "verify.yaml:32:",
            "no source 'metric': did you mean 'metrics'?",
        ),
        ("source: metrics", "source: 5", "verify.yaml:32:", "expected text"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, place: str, words: str) -> None:
    assert old in TEXT
    found = problems(TEXT.replace(old, new, 1))
    assert any(line.startswith(place) and words in line for line in found), found
    assert len([line for line in found if line.startswith("verify.yaml:")]) == 1, found


def test_every_problem_is_told_at_once() -> None:
    broken = TEXT.replace("account: reader", "account: tester").replace("kind: loki", "kind: page")
    broken = broken.replace("jobs: [shop]", "jobs: []").replace("monitoring: true", "monitoring: false")
    told = " ".join(problems(broken))
    for words in ("is the system's", "`select` is of kind", "at least one entry", "is not watched"):
        assert words in told


def test_a_source_of_a_broken_environment_is_not_missed_besides() -> None:
    broken = TEXT.replace("account: tester", "acount: tester").replace("source: metrics", "source: logs")
    told = problems(broken)
    assert any("unknown key 'acount'" in line for line in told)
    assert not any("no source" in line for line in told)


@pytest.mark.parametrize(
    "odd",
    [
        "environments: {a: 5}",
        "environments: 5",
        "environments: {a: {url: 'https://a.example', monitoring: 5}}",
        "environments: {a: {url: 'https://a.example', monitoring: {m: [1]}}}",
        "environments: {a: {url: 'https://a.example', monitoring: {m: {kind: page, account: [a]}}}}",
        "flows: {a: 5, b: {steps: 7}, c: {steps: [5]}}",
        "endpoints: [a]",
    ],
)
def test_whatever_stands_there_is_told(odd: str) -> None:
    assert problems(f"verify: 1\nsystem: a\ndocument: d\n{odd}\n")


def test_without_any_source_it_is_said_where_they_are_stated() -> None:
    claim = "{says: s, at: a, rule: monitoring/answers, with: {sources: [m]}}"
    text = f"verify: 1\nsystem: a\nclaims: {{C-1: {claim}}}\n"
    assert any("state it under `monitoring:`" in line for line in problems(text))


SERIES: TypeAdapter[str] = TypeAdapter(Series)


@pytest.mark.parametrize(
    "series", ["up", "job:http_requests:rate5m", 'up{job="a", path=~"/{id}/\\"x\\""}', "u" * 500]
)
def test_a_series_is_a_selector(series: str) -> None:
    assert SERIES.validate_python(series) == series


@pytest.mark.parametrize(
    "series",
    [
        *("up{}", "up)", "up[5m]", "rate(up[5m])", "up or down", "5up", "", "u" * 501),
        'up{job="a"} or up',
        'up{job="a\n"}',
        'up{job="a}',
    ],
)
def test_and_nothing_more(series: str) -> None:
    with pytest.raises(ValidationError, match="expected a series such as"):
        SERIES.validate_python(series)
