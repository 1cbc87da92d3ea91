"""Flows are walked with data of their own, and cleaned up whatever happens."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from verify.collectors.flow import collect
from verify.facts.flow import Walk, WalkThrough
from verify.model.need import Unseen
from verify.model.units import seconds

Make = Callable[..., Any]
FLOW = """
accounts:
  alice: {bearer: $ALICE_TOKEN}
flows:
  order:
    steps:
      - {get: /orders, answer: {count: 0}}
      - post: /orders
        account: alice
        json: {tag: 'verify {run_id}', lines: [{sku: 'x-{run_id}', number: 2}]}
        expect: 201
        save: {order: '$.items[0].id'}
        answer: {tag: 'verify {run_id}'}
      - {get: '/orders/{order}'}
      - {delete: '/orders/{order}', account: alice, expect: 204, always: true}
"""
NEED = WalkThrough(flow="order")


class Shop:
    """Answers as a shop; ``changes`` replace answers by request line."""

    def __init__(self, reply: Make, changes: Mapping[str, Any] | None = None, identifier: object = 7) -> None:
        self.reply = reply
        self.changes = changes or {}
        self.identifier = identifier

    def __call__(self, asked: Any) -> Any:
        line = f"{asked.method} {asked.path}"
        if line in self.changes:
            return self.changes[line]
        if asked.method == "POST":
            body = json.loads(asked.body)
            return self.reply(status=201, body={**body, "items": [{"id": self.identifier}]})
        return self.reply(status=204 if asked.method == "DELETE" else 200, body={"count": 0})


def walk(world: Any, need: WalkThrough = NEED) -> Walk:
    found = dict(collect((need,), world))[need]
    assert isinstance(found, Walk), found
    return found


def problems(walked: Walk) -> list[str]:
    return [problem for stride in walked.strides for problem in stride.problems]


def planned(world: Any) -> list[dict[str, Any]]:
    events = [json.loads(line) for line in Path(world.journal.path).read_text().splitlines()]
    return [event for event in events if event["event"] in {"plan", "gone"}]


def test_a_good_walk(serve: Make, world: Make, reply: Make) -> None:
    system = serve(Shop(reply))
    there = world(system.url, more=FLOW, credentials={"alice": (("Authorization", "Bearer t"),)})
    walked = walk(there)
    assert system.lines == ["GET /orders", "POST /orders", "GET /orders/7", "DELETE /orders/7"]
    assert problems(walked) == []
    assert (walked.left, walked.stopped) == ((), "")
    assert [stride.cleanup for stride in walked.strides] == [False, False, False, True]
    sent = json.loads(system.asked[1].body)
    assert sent == {
        "tag": f"verify {there.run_id}",
        "lines": [{"sku": f"x-{there.run_id}", "number": 2}],
    }
    assert system.asked[1].headers["content-type"] == "application/json"
    assert [asked.headers.get("authorization") for asked in system.asked] == [
        None,
        "Bearer t",
        None,
        "Bearer t",
    ]


def test_the_clean_up_is_promised_and_kept(serve: Make, world: Make, reply: Make) -> None:
    there = world(serve(Shop(reply)).url, more=FLOW, credentials={"alice": ()})
    walk(there)
    plan, gone = planned(there)
    assert (plan["kind"], plan["details"]["method"]) == ("http-resource", "DELETE")
    assert plan["details"]["url"] == f"{there.url}/orders/7"
    assert plan["details"]["account"]["bearer"] == "$ALICE_TOKEN"
    assert plan["details"]["private"] is False
    assert gone["event"] == "gone"


def test_the_promise_says_that_the_environment_lies_at_a_private_address(
    serve: Make, world: Make, reply: Make
) -> None:
    there = world(serve(Shop(reply)).url, more=FLOW, credentials={"alice": ()})
    there.wire.policy = there.wire._gate.policy = replace(there.wire.policy, private=True)
    walk(there)
    plan, _ = planned(there)
    assert plan["details"]["private"] is True


def test_what_needs_no_answer_is_promised_before_anything_is_sent(
    serve: Make, world: Make, reply: Make
) -> None:
    flow = """
flows:
  order:
    steps:
      - {put: '/orders/{run_id}', json: {}}
      - {delete: '/orders/{run_id}', expect: 204, always: true}
"""
    seen: list[list[dict[str, Any]]] = []

    def answer(asked: Any) -> Any:
        seen.append(planned(there))
        return reply(status=204 if asked.method == "DELETE" else 200)

    there = world(serve(answer).url, more=flow)
    assert problems(walk(there)) == []
    assert [event["event"] for event in seen[0]] == ["plan"]


@pytest.mark.parametrize("line", ["GET /orders/7", "POST /orders", "GET /orders"])
def test_a_failing_step_ends_the_walk_but_not_the_clean_up(
    serve: Make, world: Make, reply: Make, line: str
) -> None:
    system = serve(Shop(reply, {line: reply(status=500)}))
    walked = walk(world(system.url, more=FLOW, credentials={"alice": ()}))
    assert problems(walked) == ["status 500"]
    created = line == "GET /orders/7"
    assert ("DELETE /orders/7" in system.lines) == created
    assert system.lines[-1] == ("DELETE /orders/7" if created else line)
    assert walked.left == ()


def test_a_created_thing_is_removed_although_its_answer_differs(
    serve: Make, world: Make, reply: Make
) -> None:
    other = reply(status=201, body={"tag": "another", "items": [{"id": 9}]})
    system = serve(Shop(reply, {"POST /orders": other}))
    walked = walk(world(system.url, more=FLOW, credentials={"alice": ()}))
    assert len(problems(walked)) == 1
    assert "tag differs" in problems(walked)[0]
    assert system.lines[-1] == "DELETE /orders/9"


@pytest.mark.parametrize("status", [500, 404, 403, 200])
def test_what_cannot_be_removed_is_named_and_stays_promised(
    serve: Make, world: Make, reply: Make, status: int
) -> None:
    system = serve(Shop(reply, {"DELETE /orders/7": reply(status=status)}))
    there = world(system.url, more=FLOW, credentials={"alice": ()})
    walked = walk(there)
    assert walked.left == (f"DELETE {system.url}/orders/7",)
    assert [event["event"] for event in planned(there)] == ["plan"]


def test_a_clean_up_that_a_limit_refuses_is_sent_again(serve: Make, world: Make, reply: Make) -> None:
    shop = Shop(reply)

    def answer(asked: Any) -> Any:
        early = asked.method == "DELETE" and system.lines.count("DELETE /orders/7") < 2
        return reply(status=429, headers={"Retry-After": "1"}) if early else shop(asked)

    system = serve(answer)
    there = world(system.url, more=FLOW, credentials={"alice": ()})
    walked = walk(there)
    assert system.lines[-2:] == ["DELETE /orders/7"] * 2
    assert system.asked[-1].at - system.asked[-2].at >= 1
    assert (problems(walked), walked.left) == ([], ())
    assert [event["event"] for event in planned(there)] == ["plan", "gone"]


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "3600"}])
def test_a_limit_that_lasts_is_not_waited_for(
    serve: Make, world: Make, reply: Make, headers: dict[str, str]
) -> None:
    system = serve(Shop(reply, {"DELETE /orders/7": reply(status=429, headers=headers)}))
    walked = walk(world(system.url, more=FLOW, credentials={"alice": ()}))
    assert walked.left == (f"DELETE {system.url}/orders/7",)
    assert system.lines.count("DELETE /orders/7") == 1
    assert "429: a limit" in walked.strides[-1].refusal


def test_a_run_that_is_broken_off_does_not_wait_for_a_limit(serve: Make, world: Make, reply: Make) -> None:
    refusing = reply(status=429, headers={"Retry-After": "4"})
    system = serve(Shop(reply, {"DELETE /orders/7": refusing}))
    there = world(system.url, more=FLOW, credentials={"alice": ()})
    there.stopping.set()
    assert walk(there).left
    assert system.lines.count("DELETE /orders/7") == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"items": []}',
        b'{"items": [{"id": null}]}',
        b'{"items": {"id": 1}}',
        b'{"items": [{"id": {}}]}',
    ],
)
def test_an_answer_without_the_name_is_wrong_and_what_it_created_is_named(
    serve: Make, world: Make, reply: Make, body: bytes
) -> None:
    flow = FLOW.replace("        answer: {tag: 'verify {run_id}'}\n", "")
    system = serve(Shop(reply, {"POST /orders": reply(status=201, body=body)}))
    walked = walk(world(system.url, more=flow, credentials={"alice": ()}))
    assert problems(walked) == ["the answer has no $.items[0].id, which {order} is saved from"]
    assert walked.left == (f"POST {system.url}/orders: its answer does not name what it created",)
    assert "DELETE" not in " ".join(system.lines)


@pytest.mark.parametrize(
    ("identifier", "path"),
    [
        ("a/../../users/1", "/orders/a%2F..%2F..%2Fusers%2F1"),
        ("1?all=true", "/orders/1%3Fall%3Dtrue"),
        ("1#x", "/orders/1%23x"),
        ("ü", "/orders/%C3%BC"),
        (1.5, "/orders/1.5"),
    ],
)
def test_what_an_answer_gives_stays_one_segment(
    serve: Make, world: Make, reply: Make, identifier: object, path: str
) -> None:
    system = serve(Shop(reply, identifier=identifier))
    walked = walk(world(system.url, more=FLOW, credentials={"alice": ()}))
    assert system.lines[2:] == [f"GET {path}", f"DELETE {path}"]
    assert walked.left == ()


@pytest.mark.parametrize("identifier", ["..", ".", ""])
def test_a_name_that_leads_elsewhere_is_not_followed(
    serve: Make, world: Make, reply: Make, identifier: str
) -> None:
    system = serve(Shop(reply, identifier=identifier))
    walked = walk(world(system.url, more=FLOW, credentials={"alice": ()}))
    assert system.lines == ["GET /orders", "POST /orders"]
    assert "{order}" in walked.stopped
    assert walked.left == ("DELETE /orders/{order}: order cannot stand in a path",)


def test_a_request_that_breaks_off_stops_the_walk(serve: Make, world: Make, reply: Make) -> None:
    system = serve(Shop(reply, {"POST /orders": reply(after=3)}))
    walked = walk(world(system.url, more=FLOW, credentials={"alice": ()}, deadline=seconds(0.5)))
    assert "deadline" in walked.stopped
    assert "cannot be named" in walked.stopped
    assert len(walked.strides) == 1


def test_a_clean_up_that_breaks_off_is_named(serve: Make, world: Make, reply: Make) -> None:
    system = serve(Shop(reply, {"DELETE /orders/7": reply(after=3)}))
    there = world(system.url, more=FLOW, credentials={"alice": ()}, deadline=seconds(0.5))
    walked = walk(there)
    assert len(walked.left) == 1
    assert walked.left[0].startswith("DELETE /orders/7: ")
    assert [event["event"] for event in planned(there)] == ["plan"]


def test_an_interrupt_still_cleans_up(
    serve: Make, world: Make, reply: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = serve(Shop(reply))
    there = world(system.url, more=FLOW, credentials={"alice": ()})
    send = there.transport.send

    def interrupted(request: Any, **named: Any) -> Any:
        if request.url.endswith("/orders/7") and request.method == "GET":
            raise KeyboardInterrupt
        return send(request, **named)

    monkeypatch.setattr(there.transport, "send", interrupted)
    with pytest.raises(KeyboardInterrupt):
        walk(there)
    assert system.lines[-1] == "DELETE /orders/7"
    assert [event["event"] for event in planned(there)] == ["plan", "gone"]


def test_without_a_journal_it_is_walked_all_the_same(serve: Make, world: Make, reply: Make) -> None:
    there = replace(world(serve(Shop(reply)).url, more=FLOW, credentials={"alice": ()}), journal=None)
    assert problems(walk(there)) == []


def test_a_read_only_environment_is_not_written_to(serve: Make, world: Make, reply: Make) -> None:
    system = serve(Shop(reply))
    walked = walk(world(system.url, more=FLOW, credentials={"alice": ()}, destructive=False))
    assert system.lines == ["GET /orders"]
    assert "read-only" in walked.stopped


def test_no_environment_no_walk(world: Make) -> None:
    there = replace(world("http://localhost:1", more=FLOW), transport=None, credentials={"alice": ()})
    walked = dict(collect((NEED,), there))[NEED]
    assert isinstance(walked, Walk | Unseen)
    assert not isinstance(walked, Walk) or "no environment" in walked.stopped


CODED = {"Content-Encoding": "br"}


@pytest.mark.parametrize("first", ["GET /orders", "POST /orders"])
def test_an_answer_that_cannot_be_read_stops_the_walk(
    serve: Make, world: Make, reply: Make, first: str
) -> None:
    status = 201 if first.startswith("POST") else 200
    changes = {first: reply(status=status, body=b"\x0b", headers=CODED)}
    there = world(serve(Shop(reply, changes)).url, more=FLOW, credentials={"alice": ()})
    walked = walk(there)
    assert "/orders: its body is coded as br, which cannot be undone here" in walked.stopped
    assert ("cannot be named" in walked.stopped) == (status == 201)
    assert problems(walked) == []


def test_a_status_that_is_wrong_needs_no_body(serve: Make, world: Make, reply: Make) -> None:
    changes = {"POST /orders": reply(status=500, body=b"\x0b", headers=CODED)}
    walked = walk(world(serve(Shop(reply, changes)).url, more=FLOW, credentials={"alice": ()}))
    assert problems(walked) == ["status 500"]
    assert walked.stopped == ""
