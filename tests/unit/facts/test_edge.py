"""Whose marks an answer carries, and what an origin's words mean."""

import pytest

from verify.contract.reference import ReferenceSpec
from verify.facts.edge import MARKS, Try, in_front
from verify.facts.http import Exchange
from verify.reference.server.cdn import marked

RAY = ("CF-Ray", "9ab9830f8f01234f-LHR")
VIA = ("Via", "1.1 0a1b2c.cloudfront.net (CloudFront)")


@pytest.mark.parametrize(
    ("headers", "providers"),
    [
        ((), ()),
        ((("server", "cloudflare"), RAY), ("cloudflare",)),
        ((("Server", "Cloudflare"), ("cf-ray", "9ab9830f8f01234f")), ("cloudflare",)),
        ((("Server", "cloudflare"),), ()),
        ((("Server", "nginx"), RAY), ()),
        ((("Server", "cloudflare"), ("CF-Ray", "me")), ()),
        ((VIA, ("X-Amz-Cf-Id", "rEZ41zHijm_-==")), ("cloudfront",)),
        ((("Via", f"1.1 varnish, {VIA[1]}"), ("X-Amz-Cf-Id", "a")), ("cloudfront",)),
        ((("Via", "1.1 varnish"), VIA, ("X-Amz-Cf-Id", "a")), ("cloudfront",)),
        ((VIA,), ()),
        ((("Via", "1.1 proxy (squid)"), ("X-Amz-Cf-Id", "a")), ()),
        ((("X-Served-By", "cache-sjc1000133-SJC"),), ("fastly",)),
        ((("X-Served-By", "cache-lga21984-LGA, cache-pdx12345-PDX"),), ("fastly",)),
        ((("X-Served-By", "web-1"),), ()),
        ((("Server", "cloudflare"), RAY, VIA, ("X-Amz-Cf-Id", "a")), ("cloudflare", "cloudfront")),
    ],
)
def test_marks(headers: tuple[tuple[str, str], ...], providers: tuple[str, ...]) -> None:
    assert in_front(Exchange(status=200, headers=headers)) == providers


@pytest.mark.parametrize("provider", MARKS)
def test_the_reference_carries_the_marks_of_each_provider(provider: str) -> None:
    assert ReferenceSpec.model_validate({"cdn": provider}).cdn == provider
    before = [("server", "nginx/1.18.0"), ("X-Served-By", "web-1"), ("Via", "me"), ("ETag", "a")]
    headers = marked(before, provider)
    assert in_front(Exchange(status=200, headers=tuple(headers))) == (provider,)
    assert ("ETag", "a") in headers
    assert len({name.lower() for name, _ in headers}) == len(headers)
    assert marked(before, provider) != headers or provider == "fastly"  # each answer has an id of its own


@pytest.mark.parametrize("status", [200, 204, 301, 302, 401, 404, 405, 410])
def test_an_origin_that_lets_in(status: int) -> None:
    one = Try(host="a", status=status)
    assert (one.let_in, one.shut_out, one.unheard) == (True, False, False)


@pytest.mark.parametrize("status", [400, 403, 421, 500, 502, 503, 520])
def test_a_guard_that_refuses(status: int) -> None:
    one = Try(host="a", status=status)
    assert (one.let_in, one.shut_out, one.unheard) == (False, True, False)
    assert str(one) == f"{status} as a"


def test_a_limit_shows_nothing() -> None:
    one = Try(host="a", status=429)
    assert (one.let_in, one.shut_out, one.unheard) == (False, False, False)


@pytest.mark.parametrize(
    ("reason", "shut", "unheard"),
    [
        ("connection refused", True, True),
        ("no route to host", True, True),
        ("connection reset", True, False),
        ("connection closed without an answer", True, False),
        ("deadline of 5s passed while connecting", True, True),
        ("broken protocol: TLS: TLSV13_ALERT_CERTIFICATE_REQUIRED", True, False),
        ("broken protocol: TLS: EOF occurred in violation of protocol (_ssl.c:1)", True, False),
        ("deadline of 5s passed while looking up the name", False, True),
        ("name not found", False, True),
        ("network is unreachable", False, False),  # ours, perhaps
        ("deadline of 5s passed while waiting for the answer", False, False),
        ("deadline of 5s passed while waiting for its turn", False, False),
        ("certificate: wrong host", False, False),
        ("broken protocol: TLS: WRONG_VERSION_NUMBER", False, False),
    ],
)
def test_nothing_came_back(reason: str, shut: bool, unheard: bool) -> None:  # noqa: FBT001 - what is expected
    one = Try(host="a", reason=reason)
    assert (one.let_in, one.shut_out, one.unheard) == (False, shut, unheard)
    assert str(one) == f"{reason} as a"
