"""The tree of a document: plain values, each with its position."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]
Position = tuple[int, int]


@dataclass(slots=True)
class Node:
    """One value: ``at`` is its line and column from 1.

    ``size`` counts the values in it, itself included, aliases expanded; ``height`` the
    levels; ``broken`` says that a problem was told here, so that nobody tells another;
    ``tag`` is one that a lenient reading passed over.
    """

    at: Position
    value: Any
    keys: dict[str, Position] = field(default_factory=dict)
    children: dict[str | int, "Node"] = field(default_factory=dict)
    size: int = 1
    height: int = 1
    broken: bool = False
    tag: str | None = None

    def take(self, key: str | int, child: "Node") -> None:
        """Put ``child`` into this mapping or list."""
        if isinstance(self.value, list):
            self.value.append(child.value)
        else:
            self.value[key] = child.value
        self.children[key] = child

    def merge(self, key: str) -> None:
        """Take in the mapping, or the list of mappings, under ``key``: what is written here wins."""
        merged = self.children.pop(key)
        del self.value[key], self.keys[key]
        sources = [merged] if isinstance(merged.value, dict) else list(merged.children.values())
        for source in sources:
            for name, child in source.children.items():
                if name not in self.children:
                    self.take(name, child)
                    self.keys[str(name)] = source.keys.get(str(name), child.at)

    def seen_from(self, at: Position) -> "Node":
        """Return the same value as an alias at ``at`` shows it."""
        return Node(at, self.value, self.keys, self.children, self.size, self.height, self.broken, self.tag)


def descend(root: Node, path: Iterable[str | int]) -> list[Node]:
    """Return the nodes along ``path``, ending where the document does; the root is first."""
    nodes = [root]
    for segment in path:
        child = nodes[-1].children.get(segment)
        if child is None:
            break
        nodes.append(child)
    return nodes
