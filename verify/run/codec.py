"""Writes frozen dataclasses as JSON and reads them back, by their annotations.

Bytes are text where they are UTF-8, else ``{"$base64": …}``; quantities are numbers in
their base unit.
"""

import base64
import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any

from verify.model.units import Quantity

_BINARY = "$base64"


def encode(value: Any) -> Any:
    """Return ``value`` as plain JSON data."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {_BINARY: base64.b64encode(value).decode("ascii")}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Quantity):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): encode(child) for key, child in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [encode(child) for child in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def decode(kind: Any, data: Any) -> Any:
    """Return the value of type ``kind`` that ``data`` was written from; raise ``ValueError``."""
    try:
        return _decode(kind, data)
    except (TypeError, KeyError) as error:
        raise ValueError(f"expected {getattr(kind, '__name__', kind)}: {error}") from error


def _decode(kind: Any, data: Any) -> Any:
    origin = typing.get_origin(kind)
    if origin is tuple:
        return _decode_tuple(typing.get_args(kind), data)
    if origin in {typing.Union, types.UnionType}:
        return _decode_union(typing.get_args(kind), data)
    if origin is typing.Literal or kind is Any or kind is object:
        return tuple(data) if isinstance(data, list) else data
    if not isinstance(kind, type):
        raise TypeError(f"cannot read {kind}")
    if dataclasses.is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _decode(hints[name], child) for name, child in dict(data).items()})
    if issubclass(kind, bytes):
        return base64.b64decode(data[_BINARY]) if isinstance(data, dict) else data.encode()
    if issubclass(kind, Enum | Quantity):
        return kind(data)
    if issubclass(kind, float) and isinstance(data, int):
        return float(data)
    if not isinstance(data, kind) or (isinstance(data, bool) and kind is int):
        raise TypeError(f"{kind.__name__} expected, got {data!r}")
    return data


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decode_tuple(arguments: tuple[Any, ...], data: Any) -> tuple[Any, ...]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:  # noqa: PLR2004 - tuple[X, ...]
        return tuple(_decode(arguments[0], child) for child in data)
    return tuple(_decode(kind, child) for kind, child in zip(arguments, data, strict=True))


def _decode_union(arguments: tuple[Any, ...], data: Any) -> Any:
    if data is None and types.NoneType in arguments:
        return None
    for kind in arguments:
        if kind is types.NoneType:
            continue
        try:
            return _decode(kind, data)
        except (TypeError, KeyError, ValueError):
            continue
    raise TypeError(f"none of {arguments} fits {data!r}")
