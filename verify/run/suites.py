"""Loads the suites, which lie beside the package in a checkout and inside it in a wheel."""

import importlib.util
from functools import cache
from pathlib import Path

from verify.model.suite import Suite


def bundled(name: str) -> Path:
    """Return the folder ``name`` that ships with the package."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"{name}: expected beside or inside {package}: install the package again")


@cache
def all_suites() -> tuple[Suite, ...]:
    """Return every suite in the order of a run."""
    found = [_load(path) for path in bundled("suites").glob("[a-z]*.py")]
    return tuple(sorted(found, key=lambda suite: (suite.order, suite.name)))


def _load(path: Path) -> Suite:
    spec = importlib.util.spec_from_file_location(f"verify.suites.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path}: expected a Python module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    suite = module.SUITE
    if not isinstance(suite, Suite):
        raise TypeError(f"{path}: expected SUITE = Suite(…), got {suite!r}")
    return suite
