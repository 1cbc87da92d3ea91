"""Checks across a contract's sections, on plain data: each is told whatever else is wrong."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from verify.contract.document import Document
from verify.contract.errors import MOST, Problem, unlisted
from verify.contract.nodes import Path
from verify.contract.part import Misfit, Part, Refers
from verify.contract.shapes import branches, inside
from verify.contract.spec import Contract
from verify.contract.words import offer, shown
from verify.model.place import Place


def check(document: Document) -> list[Problem]:
    """Return names that nothing declares, and keys that do not go together."""
    told: list[Problem] = []
    more = 0
    for problem in _problems(document):
        if len(told) < MOST:
            told.append(problem())
        else:
            more += 1
    return [*told, *unlisted(Place(document.name), more, "problems across sections")]


def _problems(document: Document) -> Iterator[Callable[[], Problem]]:
    """Yield each problem to be put into words: to look for the nearest of many names takes its time."""
    raw = document.value
    for kind, refers, value, path in _walk(Contract, raw, ()):
        if document.broken(path):
            continue
        full = kind.in_full(value) if kind is not None else None
        if kind is not None and isinstance(full, Mapping):
            for misfit in kind.misfits(full):
                yield partial(_misfit, document, path, misfit)
        if refers is not None and isinstance(value, str) and value not in _declared(document, refers):
            yield partial(_unknown, document, path, refers, value)


def _walk(
    annotation: Any, value: Any, path: Path
) -> Iterator[tuple[type[Part] | None, Refers | None, Any, Path]]:
    """Yield each section and each name in ``value``, with its path; the models bound the depth."""
    for kind, metadata in branches(annotation):
        if isinstance(kind, type) and issubclass(kind, Part):
            yield kind, None, value, path
        for refers in metadata:
            if isinstance(refers, Refers):
                yield None, refers, value, path
    if isinstance(value, Mapping):
        entries: Iterator[tuple[str | int, Any]] = iter(value.items())
    elif isinstance(value, list):
        entries = iter(enumerate(value))
    else:
        return
    for segment, child in entries:
        for deeper in inside(annotation, segment):
            yield from _walk(deeper, child, (*path, segment))


def _declared(document: Document, refers: Refers) -> Mapping[str, Any]:
    declared = document.value.get(refers.section)
    return declared if isinstance(declared, Mapping) else {}


def _unknown(document: Document, path: Path, refers: Refers, name: str) -> Problem:
    message = f"unknown {refers.what} {shown(name)}" + (f", {refers.because}" if refers.because else "")
    hint = offer(name, _declared(document, refers)) or f"declare it under `{refers.section}:`"
    return Problem(document.place(path), message, hint)


def _misfit(document: Document, path: Path, misfit: Misfit) -> Problem:
    message = misfit.message
    if misfit.first is not None:
        message += f", first in line {document.place((*path, *misfit.first), key=True).line}"
    return Problem(document.place((*path, *misfit.path), key=True), message, misfit.hint)
