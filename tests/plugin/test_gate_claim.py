"""A claim about the gate itself: judged last, among all the others of its suite or not at all."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Shop, Site

Claims = Callable[..., dict[str, Any]]
NAME = "smoke::SHOP-9"


@pytest.fixture(autouse=True)
def claimed(shop: "Shop", claim_of: Claims) -> None:
    shop.contract({"SHOP-9": claim_of("gate/green")})


@pytest.mark.parametrize("more", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_whole_gate_is_green(shop: "Shop", more: tuple[str, ...]) -> None:
    ran = shop.pytest("--env=staging", *more)
    assert ran.code == 0, ran.text
    assert shop.outcomes()[NAME] == "holds"
    assert shop.verdict()["decision"] == "promote"


@pytest.mark.parametrize("more", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_red_one_names_what_is_violated_and_decides_nothing(
    shop: "Shop", claim_of: Claims, more: tuple[str, ...]
) -> None:
    shop.contract(
        {
            "SHOP-4": claim_of("endpoint/answers", endpoint="broken"),
            "SHOP-9": {**claim_of("gate/green"), "severity": "blocker"},
        }
    )
    ran = shop.pytest("--env=staging", *more)
    assert ran.code == 1
    assert shop.outcomes()[NAME] == "violated"
    assert "smoke::SHOP-4: a claim of the gate is violated" in ran.text
    assert "decision: hold: 1 violated" in ran.text  # no roll back: SHOP-4 is no blocker
    assert "again: pytest --env=staging --suite=smoke\n" in ran.text


@pytest.mark.parametrize(
    "part",
    [
        "-kSHOP-1 or SHOP-9",
        "--claim=SHOP-9",
        "verify.yaml::smoke::SHOP-9",
        "--deselect=verify.yaml::smoke::SHOP-2",
    ],
)
def test_a_part_of_the_gate_shows_nothing(shop: "Shop", part: str) -> None:
    ran = shop.pytest("--env=staging", part)
    assert ran.code == 1
    assert shop.outcomes()[NAME] == "inconclusive"
    assert "run the whole suite smoke: this run leaves out SHOP-" in ran.text
    assert shop.verdict()["decision"] == "hold"


def test_it_is_green_before_it_is_watched(shop: "Shop", site: "Site") -> None:
    ran = shop.pytest("--env=staging", "--watch=300ms", "--watch-interval=100ms")
    assert ran.code == 0, ran.text
    assert {name: shop.outcomes()[name] for name in (NAME, "smoke::watch")} == {
        NAME: "holds", "smoke::watch": "holds",
    }  # fmt: skip
    assert site.count("/health") >= 4


def test_it_is_judged_again_on_evidence(shop: "Shop") -> None:
    shop.pytest("--env=staging")
    ran = shop.pytest("--env=staging", "--evidence=reports/run.json")
    assert ran.code == 0, ran.text
    assert shop.outcomes()[NAME] == "holds"
