"""Limits count as nginx and DRF count."""

import contextlib
import http.client
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.model.units import Rate
from verify.reference.config import Quota
from verify.reference.server.limits import LeakyBucket
from verify.reference.terms import quota

API = "/api/v1/"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.floats(0.5, 100), st.integers(0, 50))
def test_burst_and_one_more_pass_at_once(rate: float, burst: int) -> None:
    bucket = LeakyBucket(Clock())
    waits = [bucket.take("a", rate, burst) for _ in range(burst + 3)]
    assert waits[: burst + 1] == [0] * (burst + 1)
    assert min(waits[burst + 1 :]) >= 1
    assert bucket.take("b", rate, burst) == 0


@given(st.floats(0.5, 50), st.integers(0, 20), st.lists(st.floats(0, 3), max_size=60))
def test_never_more_than_rate_and_burst_pass(rate: float, burst: int, gaps: list[float]) -> None:
    clock = Clock()
    bucket = LeakyBucket(clock)
    passed = 0
    for gap in gaps:
        clock.now += gap
        passed += bucket.take("a", rate, burst) == 0
    assert passed <= burst + 1 + rate * clock.now + 1e-6


@given(st.floats(0.5, 50), st.integers(0, 20))
def test_who_waits_as_told_passes(rate: float, burst: int) -> None:
    clock = Clock()
    bucket = LeakyBucket(clock)
    while not (wait := bucket.take("a", rate, burst)):
        pass
    clock.now += wait
    assert bucket.take("a", rate, burst) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100/h", (100, 3600)),
        ("1000/h", (1000, 3600)),
        ("60/h", (60, 3600)),
        ("12/m", (12, 60)),
        ("10/s", (10, 1)),
        ("500/d", (500, 86400)),
        ("1/d", (1, 86400)),
        ("600/h", (600, 3600)),
        ("2/s", (2, 1)),
        ("0.5/s", (30, 60)),
    ],
)
def test_a_quota_is_a_count_in_a_window(text: str, expected: tuple[int, int]) -> None:
    assert quota(Rate.parse(text)) == Quota(count=expected[0], seconds=expected[1])


def test_a_computed_rate_is_a_quota_that_can_be_used_up() -> None:
    assert quota(Rate(1 / 60)) == Quota(count=60, seconds=3600)


def test_no_rate_is_no_quota() -> None:
    assert quota(None) is quota(Rate(0.0)) is None


def burst(client: Any, method: str, number: int = 60) -> list[int]:
    return [client.send(method, f"{API}nowhere/").status_code for _ in range(number)]


def test_the_edge_refuses_beyond_burst_and_says_when_to_come_back(client: Any) -> None:
    for method in ("GET", "POST"):
        codes = burst(client, method)
        assert codes[:31] == [404] * 31
        assert 429 in codes
    answer = next(one for one in (client.get(f"{API}nowhere/") for _ in range(60)) if one.status_code == 429)
    assert int(answer.headers["Retry-After"]) >= 1
    client.ref.reset_limits()
    assert client.get(f"{API}nowhere/").status_code == 404


def test_the_edge_leaves_other_paths_alone(client: Any) -> None:
    assert {client.get("/live/").status_code for _ in range(60)} == {200}


@pytest.mark.parametrize(("user", "allowed"), [("", 12), ("alice", 25)])
@pytest.mark.parametrize("path", ["products/", "products/1/"])
def test_quotas_are_counted_on_the_hot_path_and_behind_it(
    client: Any, user: str, allowed: int, path: str
) -> None:
    started = time.monotonic()
    codes = [client.get(API + path, user=user).status_code for _ in range(allowed)]
    answer = client.get(API + path, user=user)
    assert codes == [200] * allowed
    assert answer.status_code == 429
    assert 60 - (time.monotonic() - started) - 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "throttled" in answer.json()["detail"]
    assert client.get(API + path, user="bob").status_code == 200
    client.ref.reset_limits()
    assert client.get(API + path, user=user).status_code == 200


def test_each_address_has_its_own_bucket_also_through_the_relay(client: Any) -> None:
    def codes(source: str) -> set[int]:
        seen = set()
        for _ in range(200):  # a new connection each: the port must not count as part of the address
            link = http.client.HTTPSConnection(
                "127.0.0.1", client.port(), context=client.context(), source_address=(source, 0), timeout=10
            )
            with contextlib.closing(link):
                link.request("GET", f"{API}nowhere/", headers={"Host": "localhost"})
                seen.add(link.getresponse().status)
            if 429 in seen:
                break
        return seen

    for _ in range(2):
        assert codes("127.0.0.1") == {404, 429}
        assert 429 in burst(
            client, "GET", 20
        )  # a bucket of its own would bear 30; this one refills by ten a second
        assert 404 in codes("127.0.0.2")
        client.ref.reset_limits()
        client.ref.inject("tls-legacy")
