"""What is generated below docs/ is what the code says now."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from verify.cli import main, schema
from verify.cli.rules import pages
from verify.judge.binding import read
from verify.judge.contract_page import contract_page
from verify.judge.registry import Registry

PAGES = Path("docs/reference/rules")
CONTRACT = Path("docs/reference/contract.md")
SCHEMA = Path("docs/reference/verify.schema.json")


def test_the_pages_of_the_rules(root: Path) -> None:
    expected = pages(Registry())
    kept = {
        path.relative_to(root / PAGES).as_posix(): path.read_text(encoding="utf-8")
        for path in (root / PAGES).rglob("*.md")
    }
    hint = f"run: deploy-verify rules --write-pages {PAGES}"
    assert sorted(kept.keys() - expected.keys()) == [], "pages of rules that are gone: remove them"
    assert sorted(expected.keys() - kept.keys()) == [], hint
    assert [name for name in expected if kept[name] != expected[name]] == [], hint


def test_the_schema(root: Path) -> None:
    assert (root / SCHEMA).read_text(encoding="utf-8") == schema.text(), (
        f"run: deploy-verify schema > {SCHEMA}"
    )


def test_the_page_of_the_contract(root: Path) -> None:
    assert (root / CONTRACT).read_text(encoding="utf-8") == contract_page(), (
        f"run: deploy-verify schema --page > {CONTRACT}"
    )


def test_the_command_prints_the_schema() -> None:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert main(["schema"]) == 0
    assert said.getvalue() == schema.text()


def test_the_command_prints_the_page() -> None:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert main(["schema", "--page"]) == 0
    assert said.getvalue() == contract_page()


def test_the_sources_that_a_page_shows_can_be_stated(root: Path) -> None:
    text = (root / "docs" / "how-to" / "monitoring.md").read_text(encoding="utf-8")
    shown = re.search(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert shown is not None
    head = "verify: 1\nsystem: shop\ndocument: d.md\nendpoints: {health: {path: /health}}\n"
    more = "".join(f"  {name}: {{bearer: $TOKEN}}\n" for name in ("loki", "elk", "sentry"))
    loaded, claims = read((head + shown[1].replace("  # …\n", more)).encode(), "monitoring.md", Registry())
    assert len(loaded.contract.environments["production"].monitoring) == 7
    asked = {bound.check.rule.id for claim in claims for bound in claim.checks if not claim.baseline}
    assert asked == {rule.id for rule in Registry().all() if rule.family == "monitoring"}


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/index.md", "changelog.d/README.md"])
def test_what_a_page_tells_to_run_is_there(page: str, root: Path) -> None:
    text = (root / page).read_text(encoding="utf-8")
    told = {word for word in text.replace("`", " ").split() if word.startswith(("scripts/", ".ci/"))}
    assert {word for word in told if not (root / word.rstrip(".,;:)")).exists()} == set()
