"""One new rule file is a rule everywhere: nothing else has to be told."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RULE = '''"""No service is called legacy.

A name that says so is kept for years.

Fix: rename the service, or remove it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.compose import ComposeFile
from verify.rules import Finding, Seen, Stated, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The name that no service may have."""

    dropped_in_name: str = "legacy"


STATED = Params()
HOLDS = "services: {web: {image: app:1}}\\n"
FAILS = """
services:
  legacy:  # finding
    image: app:1
"""


@rule(severity="error")
def check(compose: ComposeFile, stated: Params) -> Iterator[Finding | Seen]:
    """Look at the names."""
    for service in compose.services:
        yield Seen(service.name, what="looked at")
        if service.name == stated.dropped_in_name:
            yield Finding(service.place("container_name"), "is still there", "no such service", service.name)
'''
ID = "compose/dropped-in"
CONTRACT = """\
verify: 1
system: shop
document: deployment.md
files: ["compose.yml"]
environments:
  staging: {url: "https://staging.example.com", files: ["compose.yml"]}
claims:
  SHOP-001: {says: no service is called legacy, at: Names, rule: compose/dropped-in}
"""


@pytest.fixture(scope="module")
def tree(copied: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with one file more."""
    target = tmp_path_factory.mktemp("drop-in") / "tree"
    shutil.copytree(copied, target)
    (target / "verify" / "rules" / "compose" / "dropped_in.py").write_text(RULE)
    return target


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project of a user, whose contract claims the rule."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "verify.yaml").write_text(CONTRACT)
    (folder / "deployment.md").write_text("# Names\n")
    (folder / "pytest.ini").write_text("[pytest]\n")
    return folder


def run(tree: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VERIFY_", "PYTEST_", "COV"))
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=kept
        | {"PYTHONPATH": os.pathsep.join((str(tree), str(tree / "entry"))), "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def command(tree: Path, *arguments: str) -> str:
    start = "import sys; from pytest_deploy_verify import main; sys.exit(main())"
    done = run(tree, tree, "-c", start, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_listed_and_proven(tree: Path) -> None:
    (line,) = (line for line in command(tree, "rules", "--prove").splitlines() if line.startswith(f"{ID} "))
    assert "policy" in line
    assert "2 proofs pass" in line
    assert line.endswith("No service is called legacy.")


def test_it_has_a_page(tree: Path, tmp_path: Path) -> None:
    command(tree, "rules", "--write-pages", str(tmp_path))
    page = (tmp_path / f"{ID}.md").read_text(encoding="utf-8")
    assert "A name that says so is kept for years." in page
    assert ID in (tmp_path / "index.md").read_text(encoding="utf-8")
    assert "A name that says so is kept for years." in command(tree, "explain", ID)


def test_the_schema_has_a_branch(tree: Path) -> None:
    schema = command(tree, "schema")
    assert json.loads(schema)
    assert ID in schema
    assert "dropped_in_name" in schema


def test_its_proofs_are_tests(tree: Path, root: Path) -> None:
    shutil.copytree(root / "tests" / "proof", tree / "tests" / "proof", dirs_exist_ok=True)
    done = run(
        tree, tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/proof", "-k", "dropped", "-rA"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ID in done.stdout


@pytest.mark.parametrize(("name", "code"), [("web", 0), ("legacy", 1)])
def test_a_claim_of_it_is_an_item(name: str, code: int, tree: Path, shop: Path) -> None:
    (shop / "compose.yml").write_text(f"services:\n  {name}:\n    image: app:1\n")
    done = run(tree, shop, "-m", "pytest", "--verify-suite=policy", "-v", "-p", "no:randomly")
    assert done.returncode == code, done.stdout + done.stderr
    assert "verify.yaml::policy::SHOP-001" in done.stdout
    assert str(tree) not in done.stdout
