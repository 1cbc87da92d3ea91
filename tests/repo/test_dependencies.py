"""What the package imports, it declares."""

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

OURS = frozenset({"verify", "pytest_deploy_verify"})


def third_party(path: Path) -> set[str]:
    """Return the libraries that a file imports, by their import name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [str(node.module)]
        found |= {name.partition(".")[0] for name in names}
    return found - sys.stdlib_module_names - OURS


def test_each_library_is_a_declared_dependency(root: Path, modules: list[Path]) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [one for extra in project["optional-dependencies"].values() for one in extra]
    declared = {str(canonicalize_name(Requirement(one).name)) for one in (*project["dependencies"], *extras)}
    declared.add("pydantic-core")  # pydantic pins it; its error types are pydantic's own
    provided = packages_distributions()
    for path in modules:
        for name in third_party(root / path):
            known = {canonicalize_name(one) for one in provided.get(name, [name])}
            assert known & declared, f"{path} imports {name}: declare it in pyproject.toml"


def test_outside_the_reference_the_core_is_enough_to_import(root: Path, modules: list[Path]) -> None:
    """An extra's library is imported where it is used, inside a function, never by its module's import.

    But for the reference and the drills: what needs them imports them when it is asked for.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    core = {canonicalize_name(Requirement(one).name) for one in project["dependencies"]} | {"pydantic-core"}
    provided = packages_distributions()
    for path in (one for one in modules if not {"reference", "drills"} & set(one.parts)):
        tree = ast.parse((root / path).read_text(encoding="utf-8"))
        tops = [str(node.module) for node in tree.body if isinstance(node, ast.ImportFrom)]
        tops += [alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names]
        libraries = {top.partition(".")[0] for top in tops} - sys.stdlib_module_names - OURS
        for name in libraries:
            known = {canonicalize_name(one) for one in provided.get(name, [name])}
            assert known & core, f"{path} imports {name} at its top: it belongs to an extra"
