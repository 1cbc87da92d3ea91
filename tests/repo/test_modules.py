"""Modules are small, say what they offer, and import only what their layer may."""

import ast
import statistics
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

LONGEST = 320
PURE = ("contract", "facts", "judge", "model", "rules")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> Iterator[str]:
    """Yield the full name of each module that a file imports, wherever it does."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: expected an absolute import"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def assigned(path: Path, name: str) -> ast.expr | None:
    for node in tree(path).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == name for t in node.targets
        ):
            return node.value
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            return node.value
    return None


def code_lines(path: Path) -> int:
    """Count the lines that are neither blank, nor comment, nor docstring (the page), nor import."""
    lines = path.read_text(encoding="utf-8").splitlines()
    left_out: set[int] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            left_out.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            left_out.update(range(node.lineno, (node.end_lineno or 0) + 1))
    numbered = ((number, line.strip()) for number, line in enumerate(lines, start=1))
    return sum(number not in left_out for number, line in numbered if line and not line.startswith("#"))


def as_ruff_sorts(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest: RUF022 does not look into every form of the list."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


def test_all_is_sorted(root: Path, modules: list[Path]) -> None:
    seen = 0
    for path in modules:
        value = assigned(root / path, "__all__")
        if value is None:
            continue
        seen += 1
        offered = ast.literal_eval(value)
        assert list(offered) == sorted(set(offered), key=as_ruff_sorts), (
            f"{path}: expected __all__ sorted, each name once"
        )
    assert seen


def test_files_are_small(root: Path, modules: list[Path]) -> None:
    sizes = {path: len((root / path).read_text(encoding="utf-8").splitlines()) for path in modules}
    assert {path: size for path, size in sizes.items() if size > LONGEST} == {}
    assert statistics.median(size for size in sizes.values() if size > 1) <= 90


def test_a_rule_is_one_short_file_with_its_failing_proof(root: Path, rules: list[Path]) -> None:
    for path in rules:
        assert code_lines(root / path) <= 60, f"{path}: expected at most 60 lines of code"
        fails = assigned(root / path, "FAILS")
        assert fails is not None, f"{path}: expected FAILS, a proof that is violated"
        assert ast.unparse(fails) not in {"[]", "()", "None", "''"}, f"{path}: FAILS is empty"


def test_every_family_says_its_suite(root: Path, rules: list[Path]) -> None:
    for folder in {path.parent for path in rules}:
        suite = assigned(root / folder / "__init__.py", "SUITE")
        assert suite is not None, f"{folder}/__init__.py: expected SUITE"
        name = str(ast.literal_eval(suite))
        assert (root / "suites" / f"{name}.py").exists(), f"{folder}: there is no suite {name}"


def test_the_model_imports_the_standard_library_only(root: Path, modules: list[Path]) -> None:
    allowed = sys.stdlib_module_names | {"verify"}
    model = [path for path in modules if path.parts[1] == "model"]
    assert model
    for path in model:
        assert {name.partition(".")[0] for name in imported(root / path)} <= allowed, path


def test_what_judges_neither_asks_nor_reads(root: Path, modules: list[Path]) -> None:
    """What import-linter cannot see: parts of a package, and ``open``."""
    pure = [path for path in modules if path.parts[1] in PURE]
    assert pure
    for path in pure:
        assert not {"urllib.request", "http.client", "os.system"} & set(imported(root / path)), path
        for node in ast.walk(tree(root / path)):
            opens = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open"
            assert not opens, f"{path}:{getattr(node, 'lineno', 0)}: opens a file"
