"""Builds the tree of a document from YAML events, without recursion and within bounds."""

from collections.abc import Iterable
from dataclasses import dataclass

import yaml

from verify.contract.errors import MOST, Problem
from verify.contract.nodes import Node, Position
from verify.contract.scalars import ScalarError, resolve
from verify.contract.words import shown
from verify.model.place import Place

MOST_VALUES = 200_000
MOST_LEVELS = 100

_QUOTE = "quote a text that begins with "
# YAML 1.1 reads a merge out of this key; the word stays reserved
_MERGE = "<<"


class Stop(Exception):  # noqa: N818  # not an error of its own: it ends the reading after a problem
    """Reading cannot go on; the problem is already noted."""


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is still open."""

    node: Node
    anchor: str | None
    key: str | None = None
    #: True between a key and its value
    keyed: bool = False

    @property
    def wants_key(self) -> bool:
        return isinstance(self.node.value, dict) and not self.keyed


class Builder:
    """Takes events, keeps the root and what was wrong."""

    def __init__(self, name: str, *, lenient: bool = False) -> None:
        """Begin a document called ``name`` in messages.

        ``lenient`` reads what neighbours of the contract hold: merge keys, tags (which are
        only noted) and keys that are not text (which become text).
        """
        self._lenient = lenient
        self.root: Node | None = None
        self.problems: list[Problem] = []
        #: how many problems there are besides
        self.more = 0
        self._name = name
        self._frames: list[_Frame] = []
        self._anchors: dict[str, Node | None] = {}
        self._values = 0
        self._documents = 0

    def build(self, events: Iterable[yaml.Event]) -> None:
        """Take every event; stop at a problem that nothing sensible can follow."""
        try:
            for event in events:
                self._take(event)
        except Stop:
            self.root = None

    def _take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._stop(event, "a second document begins here", "a contract is one document")
            case _:
                pass

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        node = Node(_at(event), event.value)
        self._count(event, 1)
        plain = bool(event.implicit[0])
        if event.tag is not None:
            self._tagged(event, node, event.tag)
        elif self._wants_key:
            self._check_key(event, node, plain=plain)
        elif plain:
            try:
                node.value = resolve(event.value)
            except ScalarError as error:
                self._note(event, str(error), "write it in quotes if it is text")
                node.broken = True
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        self._add(node)

    def _check_key(self, event: yaml.ScalarEvent, node: Node, *, plain: bool) -> None:
        if not plain or self._lenient:
            return
        if event.value == _MERGE:
            self._note(event, "merge keys `<<` are not used here", "write the keys out")
            node.broken = True
            return
        try:
            is_text = isinstance(resolve(event.value), str)
        except ScalarError:
            is_text = False
        if not is_text:
            hint = "write it in quotes" if event.value else "write a key before the ':'"
            self._note(event, "a key must be text", hint)
            node.broken = True

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        self._count(event, 1)
        if len(self._frames) >= MOST_LEVELS:
            self._too_deep(event)
        node = Node(_at(event), {} if isinstance(event, yaml.MappingStartEvent) else [])
        if self._wants_key:
            self._note(
                event, "a key must be text, not a mapping or a list", "write it in quotes if it is text"
            )
            node.broken = True
        if event.tag is not None:
            self._tagged(event, node, event.tag)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._frames.append(_Frame(node, event.anchor))

    def _close(self) -> None:
        frame = self._frames.pop()
        if self._lenient and _MERGE in frame.node.children:
            frame.node.merge(_MERGE)
        children = frame.node.children.values()
        frame.node.size += sum(child.size for child in children)
        frame.node.height += max((child.height for child in children), default=0)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = frame.node
        self._add(frame.node)

    def _alias(self, event: yaml.AliasEvent) -> None:
        hint = f"{_QUOTE}'*'"
        if self._wants_key:
            self._note(event, "an alias cannot be a key", hint)
            self._add(Node(_at(event), None, broken=True))
        elif event.anchor not in self._anchors:
            self._note(event, "this alias has no anchor before it", hint)
            self._add(Node(_at(event), None, broken=True))
        else:
            target = self._anchors[event.anchor]
            if target is None:
                self._note(event, "this alias stands inside its own anchor", "write the value out")
                self._add(Node(_at(event), None, broken=True))
                return
            self._count(event, target.size)
            if len(self._frames) + target.height > MOST_LEVELS:
                self._too_deep(event)
            self._add(target.seen_from(_at(event)))

    def _add(self, node: Node) -> None:
        """Put a finished node where it belongs: root, list, key or value."""
        if not self._frames:
            self.root = node
            return
        frame = self._frames[-1]
        if isinstance(frame.node.value, list):
            frame.node.take(len(frame.node.children), node)
        elif frame.keyed:
            if frame.key is not None:
                frame.node.take(frame.key, node)
            frame.keyed = False
        else:
            frame.key = self._new_key(frame, node)
            frame.keyed = True

    def _new_key(self, frame: _Frame, node: Node) -> str | None:
        """Return the key that ``node`` is, None when its value is to be dropped."""
        if node.broken:
            return None
        key = str(node.value)
        first = frame.node.keys.setdefault(key, node.at)
        if first is node.at:
            return key
        self._tell(node.at, f"key {shown(key)} stands twice, first in line {first[0]}", "keep one of them")
        return None

    @property
    def _wants_key(self) -> bool:
        return bool(self._frames) and self._frames[-1].wants_key

    def _tagged(self, event: yaml.Event, node: Node, tag: str) -> None:
        if self._lenient:
            node.tag = tag
            return
        self._note(event, "tags are not used here", f"{_QUOTE}'!'")
        node.broken = True

    def _count(self, event: yaml.Event, values: int) -> None:
        self._values += values
        if self._values > MOST_VALUES:
            message = f"more than {MOST_VALUES:,} values, counting what aliases repeat"
            self._stop(event, message, "write fewer or shorter aliases")

    def _too_deep(self, event: yaml.Event) -> None:
        self._stop(event, f"nested more than {MOST_LEVELS} levels deep", "flatten it")

    def _note(self, event: yaml.Event, message: str, hint: str) -> None:
        self._tell(_at(event), message, hint)

    def _tell(self, at: Position, message: str, hint: str) -> None:
        if len(self.problems) < MOST:
            self.problems.append(Problem(Place(self._name, *at), message, hint))
        else:
            self.more += 1

    def _stop(self, event: yaml.Event, message: str, hint: str) -> None:
        self._note(event, message, hint)
        raise Stop


def _at(event: yaml.Event) -> Position:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)  # parsers always set it
