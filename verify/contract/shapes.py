"""Looks into annotated types: what may stand at a key of a model, dataclass, mapping or list."""

import dataclasses
import types
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

Segment = str | int


def branches(annotation: Any) -> list[tuple[Any, tuple[Any, ...]]]:
    """Return the types that ``annotation`` allows, each with its metadata; None is left out."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *metadata = get_args(annotation)
        return [(kind, (*more, *metadata)) for kind, more in branches(inner)]
    if origin is Union or origin is types.UnionType:
        return [branch for member in get_args(annotation) for branch in branches(member)]
    return [] if annotation is types.NoneType else [(annotation, ())]


def members(kind: Any) -> Mapping[str, Any]:
    """Return the keys of a model or dataclass as they are written, each with its annotation."""
    return _members(kind) if isinstance(kind, type) else {}


@lru_cache(maxsize=512)
def _members(kind: type) -> Mapping[str, Any]:
    if issubclass(kind, BaseModel):
        hints = get_type_hints(kind, include_extras=True)
        return {field.alias or name: hints[name] for name, field in kind.model_fields.items()}
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        return {field.name: hints[field.name] for field in dataclasses.fields(kind) if field.init}
    return {}


def inside(annotation: Any, segment: Segment) -> list[Any]:
    """Return the annotations of what may stand at ``segment`` of ``annotation``."""
    found = []
    for kind, _ in branches(annotation):
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is None:
            member = members(kind).get(str(segment))
            found += [] if member is None else [member]
        elif not isinstance(origin, type) or not arguments:
            continue
        elif issubclass(origin, Mapping):
            found.append(arguments[-1])
        elif issubclass(origin, Sequence | frozenset | set):
            found.append(arguments[0])
    return found
