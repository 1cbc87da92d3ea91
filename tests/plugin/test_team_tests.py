"""A team's own tests: they run, they judge, and protection holds for them too."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Shop, Site

OWN = {"OWN-1": {"says": "carts work", "at": "docs"}, "OWN-2": {"says": "carts are fast", "at": "docs"}}
CHECKS = """
import pytest

@pytest.mark.claim("OWN-1")
def test_cart(http, environment, claims):
    answer = http.get("/products", headers=(("X-From", environment.run_id),))
    assert answer.status == 200
    assert answer.json()["count"] == 3
    assert environment.url.startswith("http://127.0.0.1:")
    assert claims["OWN-1"].says == "carts work"

@pytest.mark.claim("OWN-1", "OWN-2")
def test_both(http):
    assert http.get("/missing").status == 404

@pytest.mark.claim("OWN-2")
@pytest.mark.parametrize("limit", [1, 5])
def test_limits(http, limit):
    assert http.get("/products").json()["count"] <= limit, "carts are slow"

def test_unmarked():
    raise AssertionError("nobody asked for this")
"""
BOTH = pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "workers"])


@BOTH
def test_they_judge_their_claims(shop: "Shop", site: "Site", arguments: tuple[str, ...]) -> None:
    shop.contract(OWN, tests=["checks"])
    shop.write("checks/test_cart.py", CHECKS)
    shop.write("tests/test_unit.py", "def test_unit():\n    raise AssertionError('not asked for')\n")
    ran = shop.pytest("--env=staging", "--junitxml=j.xml", *arguments)
    assert ran.code == 1, ran.text
    assert "1 failed, 6 passed" in ran.out
    assert "nobody asked" not in ran.out
    outcomes = shop.outcomes()
    assert (outcomes["tests::OWN-1"], outcomes["tests::OWN-2"]) == ("holds", "violated")
    assert "carts are slow" in str(shop.verdict()["claims"])
    assert "OWN-2 carts are fast" in ran.out, "the table names it"
    assert shop.verdict()["coverage"]["without_check"] == 0
    assert site.count("/products") == 1 + 1 + 2, "the need, and each test's own request"
    assert 'name="deploy_verify_claim" value="OWN-2"' in (shop.path / "j.xml").read_text()

    site.reset()
    one = shop.pytest("--env=staging", "--claim=OWN-1", *arguments)
    assert "2 passed" in one.out, one.text
    assert shop.outcomes() == {"tests::OWN-1": "holds", "tests::OWN-2": "holds"}
    suite = shop.pytest("--env=staging", "--suite=smoke", *arguments)
    assert set(shop.outcomes()) == {"smoke::SHOP-1", "smoke::SHOP-2", "smoke::SHOP-3"}, suite.text


def test_one_test_by_its_path(shop: "Shop", site: "Site") -> None:
    shop.contract(OWN, tests=["checks"])
    shop.write("checks/test_cart.py", CHECKS)
    ran = shop.pytest("--env=staging", "checks/test_cart.py::test_cart")
    assert (ran.code, shop.outcomes()) == (0, {"tests::OWN-1": "holds"}), ran.text
    assert site.count() == 1, "only what the test asks"


@BOTH
def test_what_was_not_finished_is_inconclusive(shop: "Shop", arguments: tuple[str, ...]) -> None:
    shop.contract(
        {
            name: {"says": name, "at": "docs"}
            for name in ("T-SKIP", "T-SETUP", "T-DOWN", "T-XFAIL", "T-FLAKY")
        },
        tests=["checks/test_states.py"],
    )
    shop.write(
        "checks/test_states.py",
        """
import pytest

@pytest.fixture
def bad():
    raise RuntimeError("no setup")

@pytest.fixture
def down():
    yield
    raise RuntimeError("no teardown")

@pytest.mark.claim("T-SKIP")
def test_skip():
    pytest.skip("not today")

@pytest.mark.claim("T-SETUP")
def test_setup(bad): ...

@pytest.mark.claim("T-DOWN")
def test_down(down): ...

@pytest.mark.claim("T-XFAIL")
@pytest.mark.xfail(reason="known")
def test_known():
    assert False

SEEN = []

@pytest.mark.claim("T-FLAKY")
@pytest.mark.flaky(reruns=1)
def test_flaky():
    SEEN.append(1)
    assert len(SEEN) > 1
""",
    )
    ran = shop.pytest("--env=staging", *arguments)
    assert ran.code == 1, ran.text
    own = {name[7:]: outcome for name, outcome in shop.outcomes().items() if name.startswith("tests::")}
    unsure = dict.fromkeys(("T-SKIP", "T-SETUP", "T-DOWN", "T-XFAIL"), "inconclusive")
    assert own == {**unsure, "T-FLAKY": "holds"}
    assert "no teardown" in str(shop.verdict()["claims"])


def test_what_never_ran_is_inconclusive(shop: "Shop") -> None:
    shop.contract(OWN, tests=["checks"])
    shop.write(
        "checks/test_a.py", "import pytest\n@pytest.mark.claim('OWN-1')\ndef test_a():\n    assert False\n"
    )
    shop.write("checks/test_b.py", "import pytest\n@pytest.mark.claim('OWN-2')\ndef test_b(): ...\n")
    ran = shop.pytest("--env=staging", "-x")
    assert ran.code == 1, ran.text
    assert shop.outcomes()["tests::OWN-2"] == "inconclusive"


@BOTH
def test_a_mark_that_names_no_claim_is_refused(
    shop: "Shop", site: "Site", arguments: tuple[str, ...]
) -> None:
    shop.contract(OWN, tests=["checks"])
    shop.write(
        "checks/test_typo.py",
        "import pytest\n@pytest.mark.claim('OWN-3')\ndef test_typo(): ...\n"
        "@pytest.mark.claim()\ndef test_empty(): ...\n",
    )
    ran = shop.pytest("--env=staging", *arguments)
    assert ran.code == pytest.ExitCode.USAGE_ERROR, ran.text
    assert "unknown claim 'OWN-3': did you mean 'OWN-" in ran.text
    assert "the claim mark names nothing" in ran.text
    assert "Traceback" not in ran.text
    assert "INTERNALERROR" not in ran.text
    assert site.count() == 0


def test_tests_that_are_not_there_are_refused(shop: "Shop", site: "Site") -> None:
    shop.contract(OWN, tests=["checks"])
    ran = shop.pytest("--env=staging")
    assert (ran.code, "`tests:` names what is not there" in ran.err) == (4, True), ran.text
    assert site.count() == 0


@BOTH
def test_production_is_only_read_and_its_budget_is_shared(
    shop: "Shop", site: "Site", arguments: tuple[str, ...]
) -> None:
    shop.contract(
        OWN,
        tests=["checks"],
        environments={
            "live": {
                "url": site.url,
                "gate": ["smoke"],
                "budget": 13,
                "rate": "1000/s",
                "readiness": {"consecutive": 1},
            }
        },
    )
    shop.write(
        "checks/test_harm.py",
        """
import pytest
from verify.effects.errors import Refused

@pytest.mark.claim("OWN-1")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_writes_are_refused(http, method):
    with pytest.raises(Refused, match="read-only"):
        http.request(method, "/products", body=b"{}")

@pytest.mark.claim("OWN-2")
@pytest.mark.parametrize("turn", range(6))
def test_budget(http, turn):
    for _ in range(20):
        try:
            http.get("/budget")
        except Refused as refused:
            assert "budget" in str(refused)
            return
    raise AssertionError("the budget was never used up")
""",
    )
    ran = shop.pytest("--env=live", *arguments)
    assert ran.code == 0, ran.text
    assert {one.method for one in site.asked} == {"GET"}
    assert site.count() <= 13
    assert site.count("/budget") >= 8, "what is left is divided, not lost"


def test_disposable_may_be_written_to(shop: "Shop", site: "Site") -> None:
    shop.contract(OWN, tests=["checks"])
    shop.write(
        "checks/test_write.py",
        "import pytest\n@pytest.mark.claim('OWN-1')\ndef test_write(http):\n"
        "    assert http.request('POST', '/products', body=b'{}').status == 200\n",
    )
    ran = shop.pytest("--env=staging")
    assert (ran.code, site.count("/products", "POST")) == (1, 0), ran.text
    ran = shop.pytest("--env=staging", "--allow-destructive=staging")
    assert (ran.code, site.count("/products", "POST")) == (0, 1), ran.text


def test_on_files_alone_there_is_no_environment(
    shop: "Shop", site: "Site", claim_of: Callable[..., Any]
) -> None:
    shop.contract({**OWN, "SHOP-4": claim_of("compose/restart-policy")}, tests=["checks"], files=["c*.yml"])
    shop.write("compose.yml", "services: {web: {image: 'app:1', restart: always}}\n")
    shop.write("checks/test_cart.py", CHECKS)
    ran = shop.pytest("--suite=policy")
    assert (ran.code, shop.outcomes()) == (0, {"policy::SHOP-4": "holds"}), ran.text
    named = shop.pytest("--suite=policy", "checks/test_cart.py::test_cart", "-rs")
    assert "no environment is judged: give --env" in named.out
    assert named.code == 1, "a claim that was to be judged and was not"
    assert site.count() == 0


@pytest.mark.parametrize("on", [False, True], ids=["stop", "continue"])
@BOTH
def test_a_file_that_cannot_be_imported_never_promotes(
    shop: "Shop", site: "Site", arguments: tuple[str, ...], *, on: bool
) -> None:
    shop.contract(OWN, tests=["checks"])
    shop.write("checks/test_bad.py", "import nowhere_to_be_found\n")
    more = ("--continue-on-collection-errors",) if on else ()
    ran = shop.pytest("--env=staging", *arguments, *more)
    if on:
        assert ran.code == 1, ran.text
        assert shop.verdict()["decision"] == "hold"
        assert shop.outcomes()["smoke::SHOP-1"] == "holds"
    else:
        assert ran.code == pytest.ExitCode.INTERRUPTED, ran.text
        assert site.count() == 0
        assert not (shop.path / "reports").exists()
