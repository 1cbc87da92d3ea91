"""Waiting for readiness: late, wrong, flapping, final."""

import socket
import ssl
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import chain, repeat
from typing import Any

import pytest

from verify.collectors import recovery
from verify.collectors.readiness import collect
from verify.collectors.world import Watching, World
from verify.facts.http import Exchange, Get
from verify.facts.readiness import Readiness, Ready
from verify.model.need import Unseen
from verify.model.units import Ratio, seconds

Make = Callable[..., Any]
VERSION = "\n    version: {header: X-Release}"
JSON_VERSION = "\n    version: {json: build.version}"


def script(reply: Make, statuses: Iterable[int], last: int = 200) -> Callable[[object], Any]:
    """Answer with one status after the other, then always with the last."""
    left = chain(statuses, repeat(last))
    return lambda _: reply(status=next(left))


def wait(world: Any) -> Readiness:
    answers = dict(collect((Ready(),), world))
    found = answers[Ready()]
    assert isinstance(found, Readiness), found
    return found


def test_ready_at_once(serve: Make, world: Make, reply: Make) -> None:
    system = serve(script(reply, []))
    ready = wait(world(system.url))
    assert ready.ready
    assert (ready.attempts, system.lines) == (3, ["GET /health"] * 3)
    assert ready.url == f"GET {system.url}/health"
    assert ready.reason == ""


def test_while_it_is_watched_it_is_asked_once(serve: Make, world: Make, reply: Make) -> None:
    watching = Watching(
        checks=(), duration=seconds(1), interval=seconds(1), budget=Ratio(0), progress=lambda _: None
    )
    for status in (200, 503):
        system = serve(script(reply, [status]))
        ready = wait(world(system.url, watching=watching))
        assert (ready.ready, ready.attempts, len(system.asked)) == (status == 200, 1, 1)
    assert ready.reason == "last answer 503"


def test_late(serve: Make, world: Make, reply: Make) -> None:
    system = serve(script(reply, [503, 503, 500, 502]))
    ready = wait(world(system.url))
    assert ready.ready
    assert ready.attempts == 7


def test_flapping_counts_from_zero(serve: Make, world: Make, reply: Make) -> None:
    system = serve(script(reply, [200, 200, 503, 200, 200, 503, 200]))
    ready = wait(world(system.url))
    assert ready.ready
    assert len(system.asked) == 9


def test_never(serve: Make, world: Make, reply: Make) -> None:
    system = serve(script(reply, [], last=503))
    ready = wait(world(system.url))
    assert not ready.ready
    assert ready.reason == "last answer 503"
    assert ready.took >= 0.95
    assert ready.last is not None
    assert ready.last.status == 503


def test_whoever_asks_the_same_gets_the_last_answer(serve: Make, world: Make, reply: Make) -> None:
    system = serve(script(reply, []))
    answers = dict(collect((Ready(),), world(system.url)))
    last = answers[Get(path="/health")]
    assert isinstance(last, Exchange)
    assert last.status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 401, 403, 405])
def test_what_waiting_will_not_mend_ends_it(serve: Make, world: Make, reply: Make, status: int) -> None:
    location = {"Location": "/health"} if status < 400 else {}
    system = serve(lambda _: reply(status=status, headers=location))
    ready = wait(world(system.url))
    assert not ready.ready
    assert ready.reason == f"last answer {status}"
    assert len(system.asked) == 1


def test_an_edge_without_a_route_yet_is_waited_for(serve: Make, world: Make, reply: Make) -> None:
    system = serve(script(reply, [404, 404, 404]))
    ready = wait(world(system.url))
    assert ready.ready
    assert len(system.asked) == 6


def test_a_404_that_stays_is_named_at_the_end(serve: Make, world: Make, reply: Make) -> None:
    system = serve(script(reply, [], last=404))
    ready = wait(world(system.url, within="300ms"))
    assert not ready.ready
    assert ready.reason == "last answer 404"
    assert ready.took >= 0.25
    assert ready.within == 0.3


def test_a_stated_redirect_is_a_good_answer(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply(status=302, headers={"Location": "/"}))
    there = world(system.url, more="  front: {path: /, expect: 302}\n")
    endpoints = {**there.contract.endpoints, "health": there.contract.endpoints["front"]}
    contract = there.contract.model_copy(update={"endpoints": endpoints})
    assert wait(changed(there, contract)).ready


def changed(world: World, contract: Any) -> World:
    return replace(world, contract=contract, environment=contract.environments["test"])


def test_a_version_in_a_body_that_cannot_be_read_is_not_known(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply(body=b"\x0b", headers={"Content-Encoding": "br"}))
    there = world(system.url, environment=JSON_VERSION, expected_version="1.4")
    answers = dict(collect((Ready(),), there))
    assert isinstance(answers[Ready()], Unseen)
    assert "coded as br" in answers[Ready()].reason


def test_the_old_version_first(serve: Make, world: Make, reply: Make) -> None:
    versions = chain(["1.3", "1.3", "1.4", "1.3"], repeat("1.4"))
    system = serve(lambda _: reply(headers={"X-Release": next(versions)}))
    ready = wait(world(system.url, environment=VERSION, expected_version="1.4"))
    assert ready.ready
    assert (ready.version, ready.expected) == ("1.4", "1.4")
    assert len(system.asked) == 7


def test_the_old_version_only(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply(body={"build": {"version": "1.3"}}))
    ready = wait(world(system.url, environment=JSON_VERSION, expected_version="1.4"))
    assert not ready.ready
    assert ready.version == "1.3"
    assert ready.reason == "version 1.3 answers, not 1.4"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"build": 3}', b'{"build": {"version": null}}'])
def test_a_version_that_is_not_shown(serve: Make, world: Make, reply: Make, body: bytes) -> None:
    system = serve(lambda _: reply(body=body))
    ready = wait(world(system.url, environment=JSON_VERSION, expected_version="1.4"))
    assert not ready.ready
    assert ready.version is None


def test_a_version_that_no_one_expects(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply(headers={"X-Release": "9"}))
    ready = wait(world(system.url, environment=VERSION))
    assert (ready.ready, ready.version, ready.expected) == (True, "9", None)


def test_an_expected_version_without_a_place_to_read_it_is_not_waited_for(
    serve: Make, world: Make, reply: Make
) -> None:
    ready = wait(world(serve(script(reply, [])).url, expected_version="1.4"))
    assert (ready.ready, ready.version, ready.expected) == (True, None, "1.4")


def test_the_version_of_another_endpoint(serve: Make, world: Make, reply: Make) -> None:
    system = serve({"/health": reply(), "/about": reply(body={"v": 7})})
    more = "  about: {path: /about}\n"
    stated = "\n    version: {json: v, endpoint: about}"
    ready = wait(world(system.url, more=more, environment=stated, expected_version="7"))
    assert ready.ready
    assert set(system.lines) == {"GET /health", "GET /about"}


ABOUT = "  about: {path: /about}\n"
ABOUT_VERSION = "\n    version: {json: v, endpoint: about}"


def gone_at_first(reply: Make, times: int) -> Callable[[Any], Any]:
    """Hang up on whoever asks for the version, so often."""
    left = chain(repeat(None, times), repeat(reply(body={"v": 7})))

    def answer(asked: Any) -> Any:
        if asked.path == "/health":
            return reply()
        found = next(left)
        if found is None:
            raise ConnectionError
        return found

    return answer


def test_the_endpoint_of_the_version_may_fail_for_a_while(serve: Make, world: Make, reply: Make) -> None:
    system = serve(gone_at_first(reply, 4))
    ready = wait(world(system.url, more=ABOUT, environment=ABOUT_VERSION, expected_version="7"))
    assert (ready.ready, ready.version, ready.reason) == (True, "7", "")
    assert ready.attempts > 3


def test_the_endpoint_of_the_version_that_never_answers_is_named(
    serve: Make, world: Make, reply: Make
) -> None:
    system = serve(gone_at_first(reply, 1000))
    there = world(system.url, more=ABOUT, environment=ABOUT_VERSION, expected_version="7", within="400ms")
    ready = wait(there)
    assert (ready.ready, ready.version) == (False, None)
    assert "/about: no usable answer" in ready.reason


def test_after_a_disaster_it_may_fail_for_a_while_too(serve: Make, world: Make, reply: Make) -> None:
    there = world(serve(gone_at_first(reply, 4)).url, more=ABOUT, environment=ABOUT_VERSION)
    health = there.contract.endpoints["health"]
    answer, since = recovery._lasting(health, "7", there, 5.0)
    assert answer is not None
    assert since is not None


def test_a_version_that_nobody_expects_keeps_nobody_waiting(serve: Make, world: Make, reply: Make) -> None:
    ready = wait(world(serve(gone_at_first(reply, 1000)).url, more=ABOUT, environment=ABOUT_VERSION))
    assert (ready.ready, ready.version, ready.attempts) == (True, None, 3)


def test_the_endpoint_of_the_version_has_no_more_time_than_is_left(
    serve: Make, world: Make, reply: Make
) -> None:
    system = serve(lambda asked: reply(after=0 if asked.path == "/health" else 5))
    there = world(system.url, more=ABOUT, environment=ABOUT_VERSION, expected_version="7", within="400ms")
    ready = wait(there)
    assert not ready.ready
    assert ready.took < 0.9
    assert "deadline" in ready.reason


def test_a_limit_is_asked_more_slowly(serve: Make, world: Make, reply: Make) -> None:
    left = chain([429], repeat(200))
    system = serve(lambda _: reply(status=next(left), headers={"Retry-After": "1"}))
    ready = wait(world(system.url, within="2s"))
    assert not ready.ready  # three answers a second apart do not fit into two seconds
    gaps = [after.at - before.at for before, after in zip(system.asked, system.asked[1:], strict=False)]
    assert gaps
    assert min(gaps) > 0.9


def test_refused_until_the_deadline(world: Make) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        ready = wait(world(f"http://localhost:{port}"))
    assert not ready.ready
    assert ready.took >= 0.95
    assert ready.attempts > 3
    assert "refused" in ready.reason
    assert ready.last is None


def test_an_address_that_is_not_declared_is_not_asked(serve: Make, world: Make, reply: Make) -> None:
    system = serve(script(reply, []))
    there = world("http://localhost:1", more=f"  front: {{path: /, host: '{system.url}'}}\n")
    endpoints = {**there.contract.endpoints, "health": there.contract.endpoints["front"]}
    contract = there.contract.model_copy(update={"endpoints": endpoints})
    answers = dict(collect((Ready(),), changed(there, contract)))
    assert isinstance(answers[Ready()], Unseen)  # a mistake, not a late system
    assert system.asked == []


def test_a_bad_certificate_is_final(serve: Make, world: Make, reply: Make, authority: Any) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    system = serve(script(reply, []), context)
    ready = wait(world(system.url))  # the usual bundle does not know our authority
    assert not ready.ready
    assert ready.attempts == 1
    assert "certificate" in ready.reason


def test_an_answer_that_takes_too_long(serve: Make, world: Make, reply: Make) -> None:
    system = serve(lambda _: reply(after=5))
    ready = wait(world(system.url))
    assert not ready.ready
    assert "deadline" in ready.reason


def test_the_end_of_waiting_does_not_hide_what_was_answered(serve: Make, world: Make, reply: Make) -> None:
    pauses = chain([0.0], repeat(5.0))
    system = serve(lambda _: reply(status=503, after=next(pauses)))
    ready = wait(world(system.url, within="500ms"))
    assert ready.reason == "last answer 503"
    assert ready.last is not None


def test_without_an_endpoint_nothing_is_seen(world: Make) -> None:
    there = world("http://localhost:1")
    contract = there.contract.model_copy(update={"endpoints": {}})
    answers = dict(collect((Ready(),), changed(there, contract)))
    unseen = answers[Ready()]
    assert isinstance(unseen, Unseen)
    assert "no readiness endpoint" in unseen.reason
