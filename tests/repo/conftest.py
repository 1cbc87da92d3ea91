"""The repository as its own subject."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say of each test that asks git for the files that it needs git: a fixture can carry no mark."""
    for item in items:
        if "tracked" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.needs("git"))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Every file that git tracks, or would after `git add`, relative to the root."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    names = sorted(set(listed.stdout.decode().split("\0")) - {""})
    found = [Path(name) for name in names if (ROOT / name).is_file()]
    assert Path("pyproject.toml") in found
    return found


@pytest.fixture(scope="session")
def modules(tracked: list[Path]) -> list[Path]:
    """Every Python file of the package."""
    return [path for path in tracked if path.suffix == ".py" and path.parts[0] == "verify"]


@pytest.fixture(scope="session")
def rules(modules: list[Path]) -> list[Path]:
    """Every rule's file."""
    found = [path for path in modules if path.parts[1] == "rules" and len(path.parts) == 4]
    found = [path for path in found if path.name != "__init__.py"]
    assert found
    return found


@pytest.fixture(scope="session")
def copied(tracked: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what ships and of the proofs, for tests that change it."""
    target = tmp_path_factory.mktemp("copy")
    for path in tracked:
        if path.parts[0] in {"verify", "entry", "suites", "locustfiles", "systems"} or len(path.parts) == 1:
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes((ROOT / path).read_bytes())
    return target
