"""``--watch``: after a green gate its blockers are repeated, and that is an item like any other."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Shop, Site

WATCH = ("--env=staging", "--watch=1s", "--watch-interval=100ms")


@pytest.mark.parametrize("more", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_green_gate_is_watched(shop: "Shop", site: "Site", more: tuple[str, ...]) -> None:
    ran = shop.pytest(*WATCH, *more)
    assert ran.code == 0, ran.text
    assert shop.outcomes()["smoke::watch"] == "holds"
    assert site.count("/health") >= 11  # one for readiness, then one a round
    assert site.count("/products") == 1  # no blocker
    assert "0 of 11 checks failed" in ran.text
    assert shop.verdict()["decision"] == "promote"


def test_a_red_gate_is_not(shop: "Shop", site: "Site", claim_of: Callable[..., dict[str, Any]]) -> None:
    shop.contract({"SHOP-4": claim_of("endpoint/answers", endpoint="broken")})
    ran = shop.pytest(*WATCH)
    assert ran.code == 1
    assert shop.outcomes()["smoke::watch"] == "inconclusive"
    assert "the gate is not green (smoke::SHOP-4)" in ran.text
    assert site.count("/health") == 1


def test_a_claim_wants_all_of_its_time(shop: "Shop", claim_of: Callable[..., dict[str, Any]]) -> None:
    shop.contract({"SHOP-4": claim_of("watch/error-budget", **{"for": "15m"})})
    ran = shop.pytest("--env=staging")
    assert ran.code == 0, ran.text
    assert "smoke::SHOP-4" not in shop.outcomes()
    short = shop.pytest(*WATCH)
    assert short.code == 1
    assert shop.outcomes()["smoke::SHOP-4"] == "inconclusive"
    assert "give --watch=15m" in short.text


def test_it_keeps_within_the_requests_of_its_environment(shop: "Shop", site: "Site") -> None:
    contract = shop.contract()
    contract.write_text(contract.read_text().replace("rate: 1000/s", "rate: 1000/s\n    budget: 8"))
    ran = shop.pytest("--env=live", *WATCH[1:])
    assert shop.outcomes()["smoke::watch"] == "inconclusive"
    assert "budget of 8 requests is used up" in ran.text
    assert site.count() == 8


@pytest.mark.parametrize(
    ("given", "words"),
    [("--watch=soon", "expected a duration"), ("--watch=0s", "above zero"), ("--watch=1", "write the unit")],
)
def test_what_is_no_time_is_a_usage_error(shop: "Shop", site: "Site", given: str, words: str) -> None:
    ran = shop.pytest_here("--env=staging", given)
    assert ran.code == 4
    assert words in ran.text
    assert site.count() == 0
