"""Signing in, webhooks, tasks and failures of the reference, and what it logs of them."""

import hashlib
import hmac
import io
import json
import time
from threading import Event
from typing import Any

import pytest

from verify.reference.behaviour import Behaviour
from verify.reference.server.logs import REQUEST_ID, Events, RequestLog

API = "/api/v1/"


def events(client: Any, request_id: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in client.logged() if request_id in line]
    return [line for line in lines if line["logger"] == "reference.event"]


def test_who_signs_in_gets_a_session_that_every_connection_knows(client: Any) -> None:
    token = client.ref.accounts["alice"]
    answer = client.send("POST", f"{API}login/", auth=("alice", token))
    assert (answer.status_code, answer.json()) == (200, {"user": "alice"})
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    client.session.cookies.clear()
    assert token not in cookie
    seen = [client.get(f"{API}session/", headers={"Cookie": cookie}) for _ in range(3)]
    assert [one.json() for one in seen] == [{"user": "alice"}] * 3
    forged = cookie.replace("alice", "staff")
    assert client.get(f"{API}session/", headers={"Cookie": forged}).status_code == 401
    assert client.get(f"{API}session/").status_code == 401
    assert client.get(f"{API}session/", user="bob").json() == {"user": "bob"}


@pytest.mark.parametrize(
    "body", [{}, {"user": "alice", "password": "wrong"}, {"user": "nobody", "password": ""}, [1], None]
)
def test_who_does_not_know_the_password_is_refused(client: Any, body: object) -> None:
    answer = client.post(f"{API}login/", body, headers={"X-Request-ID": "refused-login"})
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    assert events(client, "refused-login")[-1]["event"] == "login_failed"
    assert client.get(f"{API}login/").status_code == 405


def test_signing_in_and_out_is_logged_without_secrets(client: Any) -> None:
    token = client.ref.accounts["alice"]
    client.send("POST", f"{API}login/", auth=("alice", token), headers={"X-Request-ID": "in-1"})
    assert (
        client.send("POST", f"{API}logout/", user="alice", headers={"X-Request-ID": "out-1"}).status_code
        == 204
    )
    assert client.send("POST", f"{API}logout/").status_code == 401
    found = [*events(client, "in-1"), *events(client, "out-1")]
    assert [(one["event"], one["user_id"], one["level"]) for one in found] == [
        ("login", "alice", "info"),
        ("logout", "alice", "info"),
    ]
    assert token not in client.ref.log_file.read_text()


def test_bookings_are_logged(client: Any) -> None:
    mark = {"X-Request-ID": "booked-1"}
    made = client.post(f"{API}deposits/", {"amount": "3.00"}, user="bob", headers=mark).json()
    client.send("DELETE", f"{API}deposits/{made['id']}/", user="bob", headers=mark)
    found = events(client, "booked-1")
    assert [one["event"] for one in found] == [
        "transaction_created",
        "transaction_completed",
        "transaction_updated",
    ]
    assert {(one["transaction_id"], one["amount"], one["type"]) for one in found} == {
        (str(made["id"]), "3.00", "deposit")
    }


def test_a_webhook_is_processed_when_it_is_signed(client: Any) -> None:
    body = b'{"id": "pay-1"}'
    key = client.ref.webhook_secret.encode()
    signed = {"X-Signature": hmac.new(key, body, hashlib.sha256).hexdigest(), "X-Request-ID": "hook-1"}

    def call(**headers: str) -> int:
        return int(client.send("POST", "/webhooks/payment/", data=body, headers=headers).status_code)

    assert call() == call(**{"X-Signature": "0" * 64}) == 401
    assert client.get("/webhooks/payment/pay-1/").status_code == 404
    assert call(**signed) == 202
    assert client.get("/webhooks/payment/pay-1/").json() == {"status": "processed"}
    assert [one["event"] for one in events(client, "hook-1")] == [
        "webhook_received",
        "webhook_verified",
        "webhook_processed",
    ]


def test_a_failure_is_logged_with_its_stack_trace_and_answered_without(client: Any) -> None:
    answer = client.get("/verify/failure/", headers={"X-Request-ID": "failed-1"})
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    (found,) = events(client, "failed-1")
    assert (found["event"], found["level"]) == ("error", "error")
    assert "Traceback" in found["exception"]


def test_a_task_is_started_now_and_done_later(client: Any) -> None:
    started = client.post(f"{API}tasks/", {"text": "hello"}, user="alice")
    assert started.status_code == 202
    path, end = f"{API}tasks/{started.json()['task']}/", time.monotonic() + 10
    while (found := client.get(path, user="alice").json())["state"] != "done":
        assert time.monotonic() < end
        Event().wait(0.3)  # a quota counts these questions
    assert found["digest"] == hashlib.sha256(b"hello").hexdigest()
    client.ref.inject("redis-down")
    assert client.get(path, user="alice").status_code == 503
    assert client.post(f"{API}tasks/", {}, user="alice").status_code == 503


def test_events_have_the_names_that_the_contract_states() -> None:
    file = io.StringIO()
    log = Events(RequestLog(file), {"login": "user_login"})
    log.write({REQUEST_ID: "a"}, Behaviour(), "login", user_id="alice", password=None)
    log.write({REQUEST_ID: "b"}, Behaviour(events=False), "login")
    log.write({}, Behaviour(log_omits=("level",), request_id=False), "logout")
    first, second = [json.loads(line) for line in file.getvalue().splitlines()]
    assert first.pop("timestamp").endswith("Z")
    assert first == {
        "event": "user_login",
        "user_id": "alice",
        "request_id": "a",
        "level": "info",
        "logger": "reference.event",
    }
    assert set(second) == {"event", "logger", "timestamp"}
