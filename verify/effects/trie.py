"""Many words as one pattern, at a cost that hardly grows with their number."""

import re
from collections.abc import Iterable


class _Tree(dict[str, "_Tree"]):
    """The next characters; ``ends`` says whether a word may end before them."""

    ends = False


def trie(words: Iterable[str]) -> str:
    """Return a pattern that matches any of ``words``, the longest where several begin alike."""
    root = _Tree()
    for word in words:
        node = root
        for character in word:
            node = node.setdefault(character, _Tree())
        node.ends = True
    # The outermost alternatives stay bare: only then does re skip ahead by their first characters.
    return "|".join(re.escape(character) + _pattern(child) for character, child in root.items())


def _pattern(node: _Tree) -> str:
    prefix = []
    while len(node) == 1 and not node.ends:
        ((character, node),) = node.items()
        prefix.append(re.escape(character))
    if not node:
        return "".join(prefix)
    branches = "|".join(re.escape(character) + _pattern(child) for character, child in node.items())
    return f"{''.join(prefix)}(?:{branches}){'?' if node.ends else ''}"
