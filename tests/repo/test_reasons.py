"""Whatever silences a check says why, on its own line."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

SILENCES = re.compile(
    r"#\s*(?:noqa(?::\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?"
    r"|type:\s*ignore(?:\[[\w, -]+\])?"
    r"|pragma:\s*no (?:cover|branch))"
)
REASON = re.compile(r"\s*(?:-|—|#|:)+\s*\w.{3,}")
LEAVES_OUT = frozenset({"skip", "skipif", "xfail"})


def unexplained(text: str) -> Iterator[int]:
    """Yield the lines of comments that silence something and give no reason after it."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        found = list(SILENCES.finditer(token.string)) if token.type == tokenize.COMMENT else []
        if found and not REASON.match(token.string[found[-1].end() :]):
            yield token.start[0]


def unexplained_skips(text: str) -> Iterator[int]:
    """Yield the lines that leave a test out without ``reason=`` or a text."""
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEAVES_OUT
        ):
            of_pytest = ast.unparse(node.func).startswith(("pytest.", "mark."))
            named = any(keyword.arg in {"reason", "msg"} for keyword in node.keywords)
            text_given = node.func.attr in {"skip", "xfail"} and bool(node.args)
            if of_pytest and not named and not text_given:
                yield node.lineno


def test_each_has_its_reason(root: Path, tracked: list[Path]) -> None:
    found = []
    for path in (one for one in tracked if one.suffix == ".py"):
        text = (root / path).read_text(encoding="utf-8")
        found += [f"{path}:{line}" for line in (*unexplained(text), *unexplained_skips(text))]
    assert found == [], "expected a reason on the same line"


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("x = 1  # noqa: S101 - a stated reason", []),
        ("x = 1  # type: ignore[misc]  # a stated reason", []),
        ("x = 1  # noqa" + ": S101", [1]),
        ("x = 1  # type" + ": ignore[misc]", [1]),
        ("x = 1  # pragma" + ": no cover", [1]),
        ("x = '# noqa" + ": S101'", []),
    ],
)
def test_a_silence_without_reason_is_found(line: str, lines: list[int]) -> None:
    assert list(unexplained(line + "\n")) == lines


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("pytest.skip('needs docker')", []),
        ("pytest.mark.skipif(True, reason='x')", []),
        ("pytest.mark.skipif(True)", [1]),
        ("pytest.skip()", [1]),
    ],
)
def test_a_skip_without_reason_is_found(line: str, lines: list[int]) -> None:
    assert list(unexplained_skips(line)) == lines
