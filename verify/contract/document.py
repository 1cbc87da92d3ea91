"""Strict YAML with positions: every problem of a file at once, and never another exception."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from verify.contract.builder import Builder
from verify.contract.errors import ContractError, Problem, unlisted
from verify.contract.nodes import Node, Path, descend
from verify.contract.source import read_text
from verify.model.place import Place

_WORDS = re.compile(r"'[^' ]{3,}'")


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read; values that aliases share are shared here too: do not change them."""

    name: str
    root: Node

    @property
    def value(self) -> Any:
        """Return the plain data: dict, list, str, int, float, bool, None."""
        return self.root.value

    def place(self, path: Path = (), *, key: bool = False) -> Place:
        """Return where the value at ``path`` stands, or its key.

        Where the document ends before ``path`` does, that is the key of the last mapping
        or list on the way, or the scalar that stands in its place.
        """
        nodes = descend(self.root, path)
        found = len(nodes) - 1
        last = nodes[-1]
        if found and (key or (found < len(path) and isinstance(last.value, dict | list))):
            return Place(self.name, *nodes[-2].keys.get(str(path[found - 1]), last.at))
        return Place(self.name, *last.at)

    def broken(self, path: Path) -> bool:
        """Tell whether a problem was already told at ``path`` or above it."""
        return any(node.broken for node in descend(self.root, path))


def parse(data: bytes, name: str, *, lenient: bool = False) -> Document:
    """Read a YAML file called ``name``; raise ``ContractError`` with every problem.

    ``lenient`` is for the contract's neighbours, see ``Builder``.
    """
    document, problems = read(data, name, lenient=lenient)
    if problems or document is None:
        raise ContractError(problems)
    return document


def read(
    data: bytes, name: str, *, pure: bool = False, lenient: bool = False
) -> tuple[Document | None, list[Problem]]:
    """Return what could be read beside what was wrong; ``pure`` avoids the C parser.

    Raises ``ContractError`` where the bytes are no text at all.
    """
    text = read_text(data, name)
    builder = Builder(name, lenient=lenient)
    syntax: list[Problem] = []
    try:
        builder.build(_events(text, pure=pure))
    except yaml.YAMLError as error:
        syntax = [_syntax(error, name, text)]
    problems = [*builder.problems, *syntax, *unlisted(Place(name), builder.more, "problems of the YAML")]
    if syntax:
        return None, problems
    if builder.root is None or (builder.root.value is None and not builder.root.broken):
        empty = Problem(Place(name), "is empty", "a contract begins with `verify: 1`")
        return None, problems or [empty]
    return Document(name, builder.root), problems


def _events(text: str, *, pure: bool) -> Iterator[yaml.Event]:
    if pure or not yaml.__with_libyaml__:
        return yaml.parse(text, Loader=yaml.SafeLoader)
    return yaml.parse(text, Loader=yaml.CSafeLoader)


def _syntax(error: yaml.YAMLError, name: str, text: str) -> Problem:
    """Return a parser's complaint in our words; it repeats no text of the file."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return Problem(Place(name), "is not YAML", "")
    lines = re.split("\r\n|\n|\r", text)
    line = lines[mark.line] if mark.line < len(lines) else ""
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent and mark.column <= len(indent):
        return Problem(
            Place(name, mark.line + 1, indent.index("\t") + 1), "a tab cannot indent", "use spaces"
        )
    problem = _WORDS.sub("…", str(getattr(error, "problem", "") or "the text ends too early"))
    context = str(getattr(error, "context", "") or "")
    start = getattr(error, "context_mark", None)
    if context and start is not None and start.line != mark.line:
        problem += f" ({_WORDS.sub('…', context)} that begins in line {start.line + 1})"
    return Problem(Place(name, mark.line + 1, mark.column + 1), f"not YAML: {problem}", _advice(problem))


def _advice(problem: str) -> str:
    for part, advice in _ADVICE.items():
        if part in problem:
            return advice
    return "check indentation, brackets and quotes from here upwards"


_ADVICE = {
    "mapping values are not allowed": "write a text that contains ': ' in quotes",
    "cannot start any token": "write a text that begins with '@', '`' or '%' in quotes",
    "escape": "use single quotes, or double the backslash",
}
