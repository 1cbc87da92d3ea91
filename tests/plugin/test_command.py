"""The command ``deploy-verify``, from an empty folder as well."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Shop, Site

DEADLINE = 90.0
ROOT = Path(__file__).parents[2]


def empty(shop: "Shop") -> Path:
    """Return a folder without anything."""
    folder = shop.path / "empty"
    folder.mkdir()
    return folder


def test_what_needs_no_contract_works_from_an_empty_folder(shop: "Shop", site: "Site") -> None:
    folder = empty(shop)
    rules = shop.cli("rules", cwd=folder)
    assert rules.code == 0, rules.text
    ids = [line.split()[0] for line in rules.out.splitlines()]
    assert "redirect/https" in ids
    assert ids == sorted(ids)

    proved = shop.cli_here("rules", "--prove", "--suite=smoke", cwd=folder)
    assert proved.code == 0, proved.text
    assert all("proofs pass" in line for line in proved.out.splitlines())
    assert 0 < len(proved.out.splitlines()) < len(ids)

    pages = shop.cli_here("rules", "--write-pages", "pages", cwd=folder)
    assert pages.code == 0, pages.text
    written = {path.relative_to(folder / "pages").as_posix() for path in folder.glob("pages/**/*.md")}
    assert written == {"index.md", *(f"{one}.md" for one in ids)}

    page = shop.cli_here("explain", "redirect/https", cwd=folder)
    assert (page.code, "**Fix.**" in page.out) == (0, True), page.text
    near = shop.cli_here("explain", "redirect/http", cwd=folder)
    assert (near.code, "did you mean 'redirect/https'?" in near.err) == (2, True), near.text

    schema = shop.cli_here("schema", cwd=folder)
    assert schema.code == 0, schema.text
    assert json.loads(schema.out)["$schema"].startswith("http://json-schema.org/draft-07/")

    faults = shop.cli_here("reference", "--faults", cwd=folder)
    assert (faults.code, "redis-down" in faults.out) == (0, True), faults.text
    clean = shop.cli_here("clean", cwd=folder)
    assert (clean.code, "nothing was left behind" in clean.out) == (0, True), clean.text

    for words, told in ((("claims",), "no contract"), (("explain", "SHOP-1"), "no contract")):
        refused = shop.cli_here(*words, cwd=folder)
        assert (refused.code, told in refused.err) == (2, True), refused.text
    assert shop.cli_here("no-such-command", cwd=folder).code == 2
    assert site.count() == 0


def test_claims_and_explain_of_a_contract(shop: "Shop", site: "Site") -> None:
    shop.contract(
        {
            "OWN-1": {"says": "nobody looks", "at": "docs"},
            "OWN-2": {"says": "people answer", "at": "docs", "unverifiable": "people"},
            "OWN-3": {
                "says": "limited",
                "at": "docs",
                "rule": "rate-limit/over",
                "with": {"endpoint": "products", "rate": "300/h", "burst": 10},
            },
        }
    )
    claims = shop.cli_here("claims", "--contract", ".")
    assert claims.code == 0, claims.text
    assert "6 stated, 4 with a check, 1 without" in claims.out
    missing = shop.cli_here("claims", "--missing")
    assert [line.split()[0] for line in missing.out.splitlines()[:-1]] == ["OWN-1"]
    told = shop.cli_here("explain", "SHOP-1")
    assert "judged by   health/status (suite smoke, blocker)" in told.out, told.text
    assert "without a check" in shop.cli_here("explain", "OWN-1").out
    assert "people" in shop.cli_here("explain", "OWN-2").out
    assert "rate = 300/h\n" in shop.cli_here("explain", "OWN-3").out, "as it was stated, not 5/m"
    near = shop.cli_here("explain", "SHOP-7")
    assert (near.code, "did you mean 'SHOP-" in near.err) == (2, True), near.text
    assert site.count() == 0


def test_several_contracts(shop: "Shop", site: "Site") -> None:
    """What is to be chosen is said as it can be typed; the id of a claim chooses by itself."""
    (shop.path / "verify.yaml").unlink()
    for name in ("a", "b"):
        own = {"says": f"only in {name}", "at": "docs", "unverifiable": "people"}
        shop.contract({f"OWN-{name.upper()}": own}, name=f"systems/{name}/verify.yaml")
    both = "".join(f"\n  --contract=systems/{name}/verify.yaml" for name in "ab")

    refused = shop.cli_here("claims", "--missing")
    assert (refused.code, refused.err.endswith(f"choose one:{both}\n")) == (2, True), refused.text
    assert both in shop.pytest_here("--env=staging").err
    assert shop.cli_here("claims", "--contract=systems/a").code == 0

    told = shop.cli_here("explain", "OWN-B")
    assert (told.code, "only in b" in told.out) == (0, True), told.text
    assert "contract    systems/b/verify.yaml:" in told.out
    ambiguous = shop.cli_here("explain", "SHOP-1")
    assert (
        ambiguous.code,
        f"SHOP-1 is a claim of several contracts; choose one:{both}" in ambiguous.err,
    ) == (2, True)
    near = shop.cli_here("explain", "OWN-C")
    assert (near.code, "unknown rule or claim 'OWN-C': did you mean 'OWN-" in near.err) == (2, True), (
        near.text
    )
    shop.write("systems/b/verify.yaml", "verify: 2")
    hidden = shop.cli_here("explain", "OWN-B")
    assert (hidden.code, "systems/b/verify.yaml:1:9: expected `verify: 1`" in hidden.err) == (2, True), (
        hidden.text
    )
    assert shop.cli_here("explain", "OWN-A").code == 0, "another contract that is broken hides nothing"
    assert site.count() == 0


def test_what_the_readme_tells_to_type_in_a_checkout(shop: "Shop") -> None:
    words = re.findall(
        r"^\$ \.venv/bin/deploy-verify ([^#\n]+)", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    assert len(words) == 2
    for each in words:
        ran = shop.cli_here(*each.split(), cwd=ROOT)
        assert ran.code == 0, ran.text


def test_a_closed_pipe_is_no_traceback(shop: "Shop") -> None:
    start = "import sys; from pytest_deploy_verify import main; sys.exit(main())"
    ran = shop.command("sh", "-c", f"{sys.executable} -c '{start}' schema | head -c 1")
    assert "Traceback" not in ran.text


def test_the_reference_runs_until_it_is_told_to_stop(shop: "Shop") -> None:
    start = "import sys; from pytest_deploy_verify import main; sys.exit(main())"
    words = [sys.executable, "-c", start, "reference", "--fault", "no-hsts"]
    with subprocess.Popen(words, cwd=empty(shop), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                if line.startswith("Ctrl-C"):
                    break
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE) == 128 + signal.SIGTERM
        finally:
            process.kill()
    shown = "".join(lines)
    assert "url      https://localhost:" in shown
    assert "faults   no-hsts" in shown
    assert shop.cli("clean").out.strip() == "nothing was left behind"


def test_the_demo_judges_a_real_contract(shop: "Shop") -> None:
    folder = empty(shop)
    good = shop.cli("demo", "--suite=policy", cwd=folder)
    assert "stated claims" in good.out, good.text
    assert "leather_api" in good.out
    assert "Traceback" not in good.text
    document = json.loads((folder / "reports" / "verdict.json").read_text())
    assert document["system"] == "leather_api"
    assert sorted(path.name for path in folder.iterdir()) == ["reports"]


@pytest.mark.nightly
def test_the_demo_shows_a_broken_promise(shop: "Shop") -> None:
    folder = empty(shop)
    assert shop.cli("demo", "--suite=smoke", cwd=folder).code == 0
    assert not (Path.home() / ".local").exists(), "a first look leaves nothing in the home folder"
    broken = shop.cli("demo", "--suite=smoke", "--fault=no-hsts", cwd=folder)
    assert (broken.code, "Strict-Transport-Security" in broken.out) == (1, True), broken.text


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "ascii:strict"])
def test_what_an_output_has_no_character_for_is_escaped(
    shop: "Shop", monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    shop.contract({"A-1": {"says": "95 of 100 answer in \u2264 300 ms", "at": "d"}})
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    for words in (["claims"], ["explain", "A-1"]):
        told = shop.cli(*words)
        assert told.code == 0, told.text
        assert r"95 of 100 answer in \u2264 300 ms" in told.out
        assert told.err == ""
