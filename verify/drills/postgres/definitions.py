"""Definitions that the server spells otherwise after they were read back, in one form.

``x in ('a', 'b')`` on a varchar column is kept as an array of varchar that is cast to text[] as a whole;
read back from a dump, as an array of elements that are cast each. Both mean the same.
"""

import re

_TOKEN = re.compile(
    r"""
      '(?:[^']|'')*'           # a literal
    | "(?:[^"]|"")*"           # a quoted identifier
    | [()\[\],]
    | [^'"()\[\],]+
    """,
    re.VERBOSE,
)
_CAST = re.compile(r"::([a-z_][\w .]*?(?:\(\d+(?:,\d+)?\))?)\[\]")


def canonical(definition: str) -> str:
    """Return ``definition`` with casts of whole ``ARRAY[...]`` moved to their elements."""
    if "ARRAY[" not in definition:
        return definition
    start = 0
    while (found := _array(definition, start)) is not None:
        end = _closing(definition, found)
        inner = definition[found + 1 : end]
        cast = _CAST.match(definition, end + 1)
        if cast is None or _closing(definition, found + 6) != end - 1:
            start = found + 1
            continue
        elements = ", ".join(f"({each.strip()})::{cast[1]}" for each in _elements(inner[6:-1]))
        definition = f"{definition[:found]}ARRAY[{elements}]{definition[cast.end() :]}"
        start = found
    return definition


def _array(text: str, start: int) -> int | None:
    """Return where the next array in brackets begins, outside of quotes."""
    for token in _TOKEN.finditer(text):
        if token.start() >= start and token[0] == "(" and text.startswith("(ARRAY[", token.start()):
            return token.start()
    return None


def _closing(text: str, opening: int) -> int:
    """Return where the bracket at ``opening`` closes, the end of the text where it does not."""
    depth = 0
    for token in _TOKEN.finditer(text, opening):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token[0], 0)
        if depth == 0:
            return token.start()
    return len(text)


def _elements(text: str) -> list[str]:
    """Split at the commas that are in no bracket and in no quotes."""
    found, depth = [""], 0
    for token in _TOKEN.finditer(text):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token[0], 0)
        if token[0] == "," and depth == 0:
            found.append("")
        else:
            found[-1] += token[0]
    return found
