"""The service keeps its promises, seen through plain requests."""

import datetime as dt
import hashlib
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

API = "/api/v1/"


def test_health_names_each_stated_dependency(client: Any, promised: Any) -> None:
    answer = client.get("/health/")
    assert answer.status_code == 200
    body = answer.json()
    assert dt.datetime.fromisoformat(body.pop("timestamp")).utcoffset() == dt.timedelta(0)
    assert body == {
        "status": "healthy",
        "checks": dict.fromkeys(promised.dependencies, "ok"),
        "version": promised.release,
    }
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.send("POST", "/health/").status_code == 405


def test_head_is_answered_without_a_body(client: Any) -> None:
    answer = client.send("HEAD", f"{API}products/")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 0


def test_every_answer_carries_the_headers(client: Any, promised: Any) -> None:
    answers = {
        200: client.get("/health/"),
        401: client.get(f"{API}accounts/me/"),
        404: client.get("/nowhere"),
        405: client.send("PUT", f"{API}withdrawals/", user="alice"),
        400: client.get("/health/", headers={"Host": "evil.example"}),
        301: client.get("/health/", plain=True),
    }
    refused = [client.get(f"{API}nowhere/") for _ in range(60)]
    answers[429] = next(answer for answer in refused if answer.status_code == 429)
    for status, answer in answers.items():
        assert answer.status_code == status
        assert {name: answer.headers.get(name) for name in promised.headers} == promised.headers
        assert answer.headers["X-Release"] == promised.release
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_errors_are_json_without_details(client: Any) -> None:
    for answer in (client.get("/nowhere"), client.get(f"{API}deposits/99999/", user="alice")):
        assert answer.status_code == 404
        assert answer.json() == {"detail": "Not found."}
    answer = client.send(
        "POST", f"{API}deposits/", user="alice", data="{", headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert "detail" in answer.json()


def test_a_foreign_host_is_refused_on_both_ports(client: Any) -> None:
    for plain in (False, True):
        answer = client.get(f"{API}products/", headers={"Host": "evil.example"}, plain=plain)
        assert answer.status_code == 400
        assert "Location" not in answer.headers
        assert "evil" not in answer.text


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_plain_requests_are_redirected_to_the_same_place(client: Any, name: str) -> None:
    port = client.ref.plain_url.rsplit(":", 1)[1]
    answer = client.get("/a%20b/?c=d&e=%2F", plain=True, headers={"Host": f"{name}:{port}"})
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"https://{name}:{client.port()}/a%20b/?c=d&e=%2F"


def test_the_redirect_cannot_be_led_elsewhere_by_the_path(client: Any) -> None:
    answer = client.get("//evil.example/x", plain=True)
    assert answer.headers["Location"].startswith(f"https://localhost:{client.port()}/")


def test_tokens_decide_who_is_asking(client: Any) -> None:
    assert client.get(f"{API}accounts/me/", user="bob").json()["owner"] == "bob"
    for value in ("Bearer nobody-has-this", "Basic YTpi", "nonsense"):
        answer = client.get(f"{API}accounts/me/", headers={"Authorization": value})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert client.get(f"{API}products/", headers={"Authorization": "Bearer no"}).status_code == 401


def test_a_deposit_changes_the_balance_and_can_be_taken_back(client: Any) -> None:
    before = client.balance("alice")
    made = client.post(f"{API}deposits/", {"amount": "12.50", "tag": "run-1"}, user="alice")
    assert made.status_code == 201
    assert made.json()["tag"] == "run-1"
    own = f"{API}deposits/{made.json()['id']}/"
    assert client.balance("alice") == before + 12.5
    assert client.get(own, user="bob").status_code == 404
    assert client.send("DELETE", own, user="bob").status_code == 404
    assert client.get(own, user="alice").json()["amount"] == "12.50"
    assert client.send("DELETE", own, user="alice").status_code == 204
    assert client.balance("alice") == before
    assert client.send("DELETE", own, user="alice").status_code == 404


@pytest.mark.parametrize("amount", ["0", "-5", "0.001", "1e99", "NaN", "much", None])
def test_amounts_that_are_none_are_refused(client: Any, amount: str | None) -> None:
    before = client.balance("bob")
    for path in ("deposits/", "withdrawals/"):
        assert client.post(API + path, {"amount": amount}, user="bob").status_code == 400
    assert client.balance("bob") == before


def test_a_balance_never_falls_below_zero_under_concurrent_withdrawals(client: Any, client_of: Any) -> None:
    before = client.balance("bob")
    barrier = threading.Barrier(6)

    def withdraw(_: int) -> int:
        other = client_of(client.ref)
        with other.session:
            other.get("/live/")
            barrier.wait(10)
            return other.post(f"{API}withdrawals/", {"amount": f"{before * 0.4:.2f}"}, user="bob").status_code

    with ThreadPoolExecutor(6) as pool:
        codes = sorted(pool.map(withdraw, range(6)))
    assert codes == [201, 201, 400, 400, 400, 400]
    assert client.balance("bob") == pytest.approx(before * 0.2, abs=0.02)
    client.post(f"{API}deposits/", {"amount": f"{before * 0.8:.2f}"}, user="bob")


def test_staff_adds_and_removes_products_and_the_list_follows(client: Any) -> None:
    def names() -> set[str]:
        return {item["name"] for item in client.get(f"{API}products/").json()["results"]}

    wanted = {"name": "Glove", "price": "19.00", "tag": "run-2"}
    assert len(names()) >= 5
    assert client.post(f"{API}products/", wanted).status_code == 401
    assert client.post(f"{API}products/", wanted, user="alice").status_code == 403
    made = client.post(f"{API}products/", wanted, user="staff")
    assert made.status_code == 201
    one = f"{API}products/{made.json()['id']}/"
    assert client.get(one).json() == made.json()
    assert "Glove" in names()
    assert client.send("DELETE", one, user="alice").status_code == 403
    assert client.send("DELETE", one, user="staff").status_code == 204
    assert "Glove" not in names()
    assert client.get(one).status_code == 404


def test_a_canary_goes_through_the_worker(client: Any) -> None:
    answer = client.post(f"{API}canary/", {"text": "tweet"}, user="alice")
    assert answer.json()["digest"] == hashlib.sha256(b"tweet").hexdigest()


def test_a_request_id_is_echoed_and_logged(client: Any, promised: Any) -> None:
    answer = client.get("/health/?secret=1", headers={"X-Request-ID": "run-17.a"}, user="alice")
    assert answer.headers["X-Request-ID"] == "run-17.a"
    line = client.line("run-17.a")
    assert set(promised.log_fields) <= set(line)
    seen = {name: line[name] for name in ("level", "method", "path", "status", "user")}
    assert seen == {"level": "info", "method": "GET", "path": "/health/", "status": 200, "user": "alice"}


def test_a_hostile_request_id_is_replaced(client: Any) -> None:
    answer = client.get("/health/", headers={"X-Request-ID": 'x" onload="y'})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_no_log_line_holds_a_token(client: Any) -> None:
    client.get(f"{API}accounts/me/", user="alice")
    assert client.ref.accounts["alice"] not in client.ref.log_file.read_text()


def test_metrics_count_what_happens(client: Any) -> None:
    def value(name: str) -> float:
        text = client.get("/metrics", user="staff").text
        return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)[1])

    client.get("/nowhere")
    before = value('http_requests_total{method="GET",status="404"}')
    client.get("/nowhere")
    assert value('http_requests_total{method="GET",status="404"}') == before + 1
    assert value("reference_requests_total") == client.ref.requests() - 1
    for name in ("db_active_connections", "redis_memory_used_bytes", "process_resident_memory_bytes"):
        assert value(name) > 0
    assert value("celery_queue_length") == 0
    below = value('http_request_duration_seconds_bucket{le="0.005"}')
    assert 0 < below <= value("http_request_duration_seconds_count")


def test_requests_are_counted_on_both_ports_and_reading_does_not_count(client: Any) -> None:
    before = client.ref.requests()
    assert client.ref.requests() == before
    client.get("/health/")
    client.get("/health/", plain=True)
    client.get("/nowhere")
    assert client.ref.requests() == before + 3


def test_the_openapi_document_describes_what_is_served(client: Any) -> None:
    document = client.get("/api/schema/").json()
    assert document["openapi"].startswith("3.")
    ids = [way["operationId"] for ways in document["paths"].values() for way in ways.values()]
    assert len(ids) == len(set(ids)) >= 12
    text = json.dumps(document)
    for name in re.findall(r'"#/components/schemas/(\w+)"', text):
        assert name in document["components"]["schemas"]
    for path, ways in document["paths"].items():
        for method, way in ways.items():
            client.ref.reset_limits()
            answer = client.send(method.upper(), path.replace("{id}", "999999"))
            secured = "security" in way
            assert answer.status_code == (401 if secured else 404 if "{id}" in path else 200), (method, path)
