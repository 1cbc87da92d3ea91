"""Wrong files and wrong words end with one clear message, before anything is asked."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Shop, Site

USAGE = pytest.ExitCode.USAGE_ERROR
HEAD = "verify: 1\nsystem: shop\n"
BOMB = (
    HEAD
    + "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
)

#: file bytes, and what the message has to say
FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "verify.yaml"),
    "blank": (b" \n\n", "verify.yaml"),
    "tabs": (b"verify: 1\n\tsystem: shop\n", "verify.yaml:2:1"),
    "duplicate key": (b"verify: 1\nsystem: shop\nsystem: other\n", "verify.yaml:3:1"),
    "unknown key": (b"verify: 1\nsystem: shop\nclaim: {}\n", "did you mean 'claims'?"),
    "NUL": (b"verify: 1\nsystem: sh\x00op\n", "verify.yaml:2:"),
    "latin-1": ("verify: 1\nsystem: café\n".encode("latin-1"), "UTF-8"),
    "UTF-16": ("verify: 1\nsystem: shop\n".encode("utf-16"), "UTF-8"),
    "nested": (HEAD.encode() + b"x: " + b"[" * 20_000 + b"]" * 20_000, "verify.yaml:3:"),
    "nested mappings": (HEAD.encode() + b"x: " + b"{a: " * 20_000 + b"}" * 20_000, "verify.yaml:3:"),
    "alias bomb": (BOMB.encode(), "verify.yaml:"),
    "two documents": (b"verify: 1\nsystem: shop\n---\nverify: 1\n", "verify.yaml:"),
    "a list": (b"- verify\n", "expected a mapping"),
    "a number of digits": (b"verify: " + b"1" * 6000 + b"\nsystem: shop\n", "verify.yaml:1:"),
    "binary": (bytes(range(256)) * 8, "verify.yaml"),
    "too large": (HEAD.encode() + b"# x\n" * 1_400_000, "verify.yaml"),
}
RULE = "claims: {A-1: {says: x, at: y, rule: %s}}\n"
#: further lines of a contract that is right so far, and what the message has to say
PARTS = {
    "rule": (RULE % "helth/status", "unknown rule 'helth/status': did you mean 'health/status'?"),
    "parameter": (RULE % "tls/days-left, with: {atleast: 30d}", "did you mean 'at_least'?"),
    "unit": (RULE % "tls/days-left, with: {at_least: 30days}", "did you mean 'd'?"),
    "no unit": (RULE % "tls/days-left, with: {at_least: 30}", "write the unit"),
    "endpoint": (RULE % "health/status, with: {endpoint: helth}", "did you mean 'health'?"),
    "missing parameter": (RULE % "health/status", "endpoint"),
    "waiver": ("waivers: [{claim: B-1, until: 2999-01-01, owner: o, reason: r}]\n", "unknown claim 'B-1'"),
    "waiver's day": (
        "waivers: [{claim: A-1, until: soon, owner: o, reason: r}]\n",
        "expected a date such as",
    ),
    "gate": ("environments: {x: {url: 'https://x.example', gate: [smok]}}\n", "did you mean 'smoke'?"),
    "password": ("accounts: {a: {bearer: hunter2hunter2}}\n", "a secret never stands in a contract"),
}


def refused(shop: "Shop", told: str, *arguments: str) -> str:
    """Run both doors on the contract that is there: each says ``told`` and asks nothing."""
    ran = shop.pytest_here("--env=staging", *arguments)
    assert ran.code == USAGE, ran.text
    assert told in ran.err, ran.err
    assert "Traceback" not in ran.text
    assert "INTERNALERROR" not in ran.text
    assert shop.site.count() == 0
    assert not (shop.path / "reports").exists()
    return ran.err


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_contract(shop: "Shop", name: str) -> None:
    data, told = FILES[name]
    (shop.path / "verify.yaml").write_bytes(data)
    refused(shop, told)
    for command in (("claims",), ("explain", "A-1"), ("reference", "--env=x")):
        ran = shop.cli_here(*command)
        assert ran.code == 2, ran.text
        assert told in ran.err
        assert len(ran.text) < 20_000, "a hostile file does not flood the terminal"


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_does_not_fit(shop: "Shop", name: str) -> None:
    text, told = PARTS[name]
    if "claims:" not in text:
        text += RULE % "health/status, with: {endpoint: health}"
    shop.write("verify.yaml", f"{HEAD}baseline: none\nendpoints: {{health: {{path: /health}}}}\n{text}")
    error = refused(shop, told)
    assert "verify.yaml:" in error, "file, line and column"
    assert "hunter2" not in error
    ran = shop.cli_here("claims", "--missing")
    assert (ran.code, told in ran.err) == (2, True), ran.text


def test_everything_wrong_is_told_at_once(shop: "Shop", claim_of: Callable[..., Any]) -> None:
    shop.contract({"A-1": claim_of("no/rule"), "A-2": claim_of("health/status", endpoint="nowhere")})
    error = refused(shop, "2 problems in the contract")
    assert "no/rule" in error
    assert "nowhere" in error
    shop.contract({"A-1": {}}, waivers=[{"claim": "A-9"}])
    error = refused(shop, "problems in the contract")
    assert all(word in error for word in ("'says'", "'at'", "'owner'", "A-9"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--env=stagin",), "unknown environment 'stagin': did you mean 'staging'?"),
        (("--suite=smok",), "unknown suite 'smok': did you mean 'smoke'?"),
        (("--claim=SHOP-9",), "unknown claim 'SHOP-9': did you mean 'SHOP-"),
        (("--inconclusive=maybe",), "--inconclusive=maybe: expected one of fail, skip"),
        (("--allow-destructive=live",), "must repeat the name given to --env"),
        (("--env=live", "--allow-destructive=live"), "not `protection: disposable`"),
        (("--contract=nowhere.yaml",), "nowhere.yaml"),
        (("--contract=empty",), "no contract"),
        (("--fault=no-hsts",), "is not the reference: only that has faults"),
        (("verify.yaml::smoke::SHOP-9",), "SHOP-9"),
        (("verify.yaml::smok",), "smok"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_words_that_name_nothing(shop: "Shop", arguments: tuple[str, ...], told: str) -> None:
    (shop.path / "empty").mkdir()
    refused(shop, told, *arguments)


def test_an_unknown_fault_of_the_reference(shop: "Shop") -> None:
    shop.contract(environments={"local": {"reference": {}, "gate": ["smoke"]}})
    refused(shop, "unknown fault 'no-hst': did you mean 'no-hsts'?", "--env=local", "--fault=no-hst")
    for command in (("demo", "--system=nowhere"), ("reference", "--fault=no-hst")):
        ran = shop.cli_here(*command)
        assert (ran.code, "unknown" in ran.err) == (2, True), ran.text


def test_every_secret_that_is_missing_is_named_at_once(shop: "Shop") -> None:
    accounts = {
        "alice": {"bearer": "$SHOP_ALICE"},
        "bob": {"basic": {"user": "bob", "password": "$SHOP_BOB"}},
        "carol": {"header": {"name": "X-Key", "value": "$SHOP_CAROL"}},
    }
    endpoints = {name: {"path": "/products", "account": name} for name in accounts}
    shop.contract(accounts=accounts, endpoints=endpoints)
    error = refused(shop, "SHOP_ALICE")
    assert "SHOP_BOB" in error
    assert "SHOP_CAROL" in error


def test_no_contract_or_several(shop: "Shop") -> None:
    (shop.path / "verify.yaml").rename(shop.path / "kept")
    refused(shop, "no contract: expected verify.yaml in")
    assert shop.cli_here("claims").code == 2
    for folder in ("a", "b"):
        shop.contract(name=f"{folder}/verify.yaml")
    error = refused(shop, "several contracts and none chosen")
    assert "--contract=" in error
    ran = shop.cli_here("claims")
    assert (ran.code, "several contracts" in ran.err) == (2, True)
    chosen = shop.pytest("--env=staging", "--contract=a")
    assert (chosen.code, "3 passed" in chosen.out) == (0, True), "a folder that holds one is fine"


def test_a_contract_that_is_no_regular_file(shop: "Shop", site: "Site") -> None:
    (shop.path / "verify.yaml").unlink()
    os.mkfifo(shop.path / "verify.yaml")
    ran = shop.pytest("--env=staging")
    assert (ran.code, "found a FIFO" in ran.err) == (USAGE, True), ran.text
    told = shop.cli("claims")
    assert (told.code, "found a FIFO" in told.err) == (2, True), told.text
    (shop.path / "verify.yaml").unlink()
    (shop.path / "verify.yaml").mkdir()
    refused(shop, "found a directory")
    (shop.path / "verify.yaml").rmdir()
    (shop.path / "verify.yaml").symlink_to("verify.yaml")
    ran = shop.pytest("--env=staging")
    assert (ran.code, "Traceback" in ran.text) == (USAGE, False), ran.text
    assert site.count() == 0


@pytest.mark.parametrize("name", ["verdict.json", "summary.md"])
def test_a_folder_in_place_of_a_report(shop: "Shop", site: "Site", name: str) -> None:
    shop.contract({"A-1": {"says": "s", "at": "d", "rule": "health/status", "with": {"endpoint": "health"}}})
    (shop.path / "reports" / name).mkdir(parents=True)
    ran = shop.pytest_here("--env=staging")
    assert ran.code == USAGE, ran.text
    assert f"reports/{name}: expected a report that can be removed, found a directory" in ran.text
    assert "INTERNALERROR" not in ran.text
    assert site.count() == 0


def test_reports_that_cannot_be_written_are_no_green_run(shop: "Shop") -> None:
    blocked = shop.write("reports", "a file where a folder is expected")
    ran = shop.pytest("--env=staging")
    assert ran.code == pytest.ExitCode.INTERNAL_ERROR, ran.text
    assert "reports could not be written" in ran.out
    assert "Traceback" not in ran.text
    assert Path(blocked).read_text().startswith("a file")
