"""What README and the how-to pages show works as it is shown."""

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_deploy_verify import NO_TWIN, OPTIONS

if TYPE_CHECKING:
    from tests.plugin.conftest import Shop, Site

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
OWN_TESTS = ROOT / "docs" / "how-to" / "own-tests.md"
BESIDE = ROOT / "docs" / "how-to" / "with-your-tests.md"
OWN_ENV = """
import pytest

def pytest_addoption(parser):
    parser.addoption("--env", default="local")

@pytest.fixture
def env(request):
    return request.config.getoption("--env")
"""
UNIT = "def test_unit(env):\n    assert env in ('dev', 'local')\n"


def blocks(page: Path, kind: str) -> list[str]:
    """Return the blocks of a kind, in order."""
    return re.findall(rf"^```{kind}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(("restart", "outcome"), [("restart: always", "holds"), ("init: true", "violated")])
def test_the_contract_of_the_readme(shop: "Shop", restart: str, outcome: str) -> None:
    (contract,) = blocks(README, "yaml")
    shop.write("verify.yaml", contract)
    shop.write("docker-compose.yml", f"services:\n  web:\n    image: shop:1\n    {restart}\n")
    ran = shop.pytest("--suite=policy")
    assert shop.outcomes()["policy::LEA-009"] == outcome, ran.text
    assert ran.code == (outcome != "holds"), ran.text


def test_the_checks_of_own_tests(shop: "Shop", site: "Site", monkeypatch: pytest.MonkeyPatch) -> None:
    code, calls = blocks(OWN_TESTS, "python")
    (settings,) = blocks(OWN_TESTS, "ini")
    stated, *_ = blocks(OWN_TESTS, "yaml")
    assert "tests: [checks/]" in stated
    monkeypatch.setenv("ALICE_TOKEN", "a-token-of-alice")
    shop.contract(
        {"LEA-090": {"says": "the product list is never empty", "at": "C 62"}},
        tests=["checks/"],
        accounts={"alice": {"bearer": "$ALICE_TOKEN"}},
        staging={"account": "alice"},
    )
    shop.write("pytest.ini", settings)
    shop.write("tests/test_unit.py", "def test_unit():\n    pass\n")
    shop.write(
        "checks/test_products.py",
        f'{code}\n\n@pytest.mark.claim("LEA-090")\ndef test_calls(http):\n{textwrap.indent(calls, "    ")}',
    )
    bare = shop.pytest()
    assert (bare.code, "1 passed" in bare.out) == (0, True), bare.text
    assert site.count() == 0
    gate = shop.pytest("--env=staging", "--allow-destructive=staging")
    assert gate.code == 0, gate.text
    assert shop.outcomes()["tests::LEA-090"] == "holds"
    by_path = {one.path: one for one in site.asked}
    assert by_path["/orders/?page=2"].headers["Authorization"] == "Bearer a-token-of-alice"
    assert by_path["/orders/"].method == "POST"
    assert "/api/v1/products/" in by_path


def test_the_page_names_every_option() -> None:
    rows = re.findall(r"^\| `--verify-(\S+)`, `--(\S+)` \|(.*?)\|(.*?)\|", BESIDE.read_text(), re.MULTILINE)
    assert [name for name, *_ in rows] == [name for name, *_ in OPTIONS]
    for name, short, variable, setting in rows:
        twin = "" if name in NO_TWIN else f"verify_{name.replace('-', '_')}"
        assert short == name
        assert (variable.strip(" `"), setting.strip(" `")) == (twin.upper(), twin)


def test_settings_that_keep_checks_out_of_bare_runs(shop: "Shop", site: "Site") -> None:
    shop.contract({"OWN-1": {"says": "s", "at": "d"}}, tests=["checks"])
    shop.write("tests/test_unit.py", "def test_unit():\n    pass\n")
    marked = '@pytest.mark.claim("OWN-1")\ndef test_own(http):\n    assert http.get("/").status == 200\n'
    shop.write("checks/test_own.py", f"import pytest\n\n{marked}")
    settings = blocks(BESIDE, "ini")
    assert len(settings) == 2
    for one in settings:
        shop.write("pytest.ini", one)
        bare = shop.pytest()
        assert (bare.code, "1 passed" in bare.out) == (0, True), bare.text
        assert site.count() == 0
        gate = shop.pytest("--env=staging")
        assert (gate.code, shop.outcomes()["tests::OWN-1"]) == (0, "holds"), gate.text
        site.reset()


def test_what_makes_a_gate(shop: "Shop", site: "Site", monkeypatch: pytest.MonkeyPatch) -> None:
    shop.write("tests/test_unit.py", "def test_unit():\n    raise AssertionError('not asked for')\n")
    shop.write("pytest.ini", "[pytest]\nverify_env = staging\n")
    assert "not asked for" in shop.pytest().out, "a setting asks for nothing"
    assert site.count() == 0
    assert shop.pytest("--suite=smoke").code == 0
    monkeypatch.setenv("VERIFY_ENV", "staging")
    bare = shop.pytest()
    assert (bare.code, "3 passed" in bare.out) == (0, True), bare.text
    monkeypatch.setenv("VERIFY_ENV", "")
    assert "not asked for" in shop.pytest().out


def test_a_contract_that_is_not_looked_for_leaves_their_env_alone(shop: "Shop", site: "Site") -> None:
    place = re.search(r"such as `(\S+)/verify.yaml`", BESIDE.read_text())
    assert place is not None
    (shop.path / "verify.yaml").unlink()
    shop.contract(name=f"{place[1]}/verify.yaml")
    shop.write("conftest.py", OWN_ENV)
    shop.write("tests/test_unit.py", UNIT)
    theirs = shop.pytest("--env=dev")
    assert (theirs.code, "1 passed" in theirs.out) == (0, True), theirs.text
    assert site.count() == 0
    gate = shop.pytest("--verify-env=staging", f"--contract={place[1]}")
    assert (gate.code, "3 passed" in gate.out) == (0, True), gate.text
