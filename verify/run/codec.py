"""Writes frozen dataclasses as JSON and reads them back, by their annotations.

Bytes are text where they are UTF-8, else ``{"$base64": …}``; a float that JSON has no
word for is ``{"$float": "inf"}``; quantities are numbers in their base unit. Reading is
strict: a field too many or too few is an error, never a default.
"""

import base64
import binascii
import collections.abc
import dataclasses
import functools
import math
import types
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from verify.model.text import OMITTED

BINARY = "$base64"
#: the members of an encoded ``Part``
_PART = frozenset({"read", "why"})
FLOAT = "$float"
_FLOATS = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}
_NONE = type(None)


def encode(value: Any) -> Any:
    """Return ``value`` as plain JSON data; raise ``TypeError`` for what could not be read back."""
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if dataclasses.is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {_key(key): encode(child) for key, child in value.items()}
    if isinstance(value, tuple | list):
        return [encode(child) for child in value]
    if isinstance(value, frozenset):
        return sorted((encode(child) for child in value), key=repr)
    return _encode_scalar(value)


def _encode_scalar(value: Any) -> Any:
    if isinstance(value, Enum):
        return _encode_scalar(value.value)
    if isinstance(value, bytes):
        return _encode_bytes(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {FLOAT: str(float(value))}
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"{type(value).__name__} is not a value that facts may hold")


def _encode_bytes(value: bytes) -> Any:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {BINARY: base64.b64encode(value).decode("ascii")}


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the key {key!r} is not a text")
    return key


def decode(kind: Any, data: Any) -> Any:
    """Return the value of type ``kind`` that ``data`` was written from; raise ``ValueError``."""
    try:
        return _decode(kind, data)
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"expected {getattr(kind, '__name__', kind)}: {error}") from error


def _decode(kind: Any, data: Any) -> Any:
    if kind is Any or kind is object:
        return _decode_plain(data)
    if typing.get_origin(kind) is not None:
        return _decode_generic(typing.get_origin(kind), kind, data)
    if not isinstance(kind, type):
        raise TypeError(f"cannot read {kind}")
    if dataclasses.is_dataclass(kind):
        return _decode_fields(kind, data)
    return _decode_class(kind, data)


def _decode_class(kind: type, data: Any) -> Any:
    if issubclass(kind, bytes):
        return _decode_bytes(data)
    if issubclass(kind, Enum):
        return kind(data)
    if issubclass(kind, float):
        return kind(_decode_float(data))
    if kind is tuple or kind is list:
        return kind(_decode_plain(child) for child in _listed(data))
    if not isinstance(data, kind) or (isinstance(data, bool) and kind is int):
        raise TypeError(f"{kind.__name__} expected, got {_shown(data)}")
    return data


def _decode_generic(origin: Any, kind: Any, data: Any) -> Any:
    arguments = typing.get_args(kind)
    if origin is tuple:
        return _decode_tuple(arguments, _listed(data))
    if origin in {typing.Union, types.UnionType}:
        return _decode_union(arguments, data)
    if origin is typing.Literal:
        return _decode_literal(arguments, data)
    if origin in {list, frozenset}:
        return origin(_decode(arguments[0], child) for child in _listed(data))
    if origin in {dict, collections.abc.Mapping}:
        return {key: _decode(arguments[1], child) for key, child in _object(data).items()}
    raise TypeError(f"cannot read {kind}")


def _decode_literal(arguments: tuple[Any, ...], data: Any) -> Any:
    if not any(data == each and type(data) is type(each) for each in arguments):
        raise TypeError(f"one of {arguments} expected, got {_shown(data)}")
    return data


def _decode_fields(kind: Any, data: Any) -> Any:
    hints = _hints(kind)
    given = _object(data)
    names = [field.name for field in dataclasses.fields(kind)]
    if differing := set(names) ^ given.keys():
        raise TypeError(f"{kind.__name__} has other fields: {', '.join(sorted(differing))}")
    return kind(**{name: _decode(hints[name], given[name]) for name in names})


def _decode_bytes(data: Any) -> bytes:
    if isinstance(data, str):
        return data.encode()
    try:
        return base64.b64decode(_object(data)[BINARY], validate=True)
    except binascii.Error as error:
        raise TypeError(f"base64 expected: {error}") from error


def _decode_float(data: Any) -> float:
    if isinstance(data, dict):
        return _FLOATS[data[FLOAT]]
    if isinstance(data, bool) or not isinstance(data, int | float):
        raise TypeError(f"a number expected, got {_shown(data)}")
    try:
        return float(data)
    except OverflowError as error:
        raise TypeError(f"a number expected, got one that is too large: {_shown(data)}") from error


def _decode_plain(data: Any) -> Any:
    """Read a value without a type as JSON has it; lists become tuples, as frozen facts hold them."""
    if isinstance(data, list):
        return tuple(map(_decode_plain, data))
    if isinstance(data, dict):
        if data.keys() == {FLOAT}:
            return _decode_float(data)
        if data.keys() == {BINARY}:
            return _decode_bytes(data)
        return {key: _decode_plain(child) for key, child in data.items()}
    return data


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decode_tuple(arguments: tuple[Any, ...], data: list[Any]) -> tuple[Any, ...]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:  # noqa: PLR2004 - tuple[X, ...]
        return tuple(_decode(arguments[0], child) for child in data)
    if len(arguments) != len(data):
        raise TypeError(f"{len(arguments)} values expected, got {len(data)}")
    return tuple(_decode(kind, child) for kind, child in zip(arguments, data, strict=True))


def _decode_union(arguments: tuple[Any, ...], data: Any) -> Any:
    if data is None and _NONE in arguments:
        return None
    for kind in arguments:
        try:
            return _decode(kind, data)
        except (TypeError, KeyError, ValueError):
            continue
    raise TypeError(f"none of {arguments} fits {_shown(data)}")


def _listed(data: Any) -> list[Any]:
    return typing.cast("list[Any]", _of(list, data))


def _object(data: Any) -> dict[str, Any]:
    return typing.cast("dict[str, Any]", _of(dict, data))


def _of(kind: type, data: Any) -> Any:
    if not isinstance(data, kind):
        raise TypeError(f"{kind.__name__} expected, got {_shown(data)}")
    return data


def _shown(data: Any, most: int = 80) -> str:
    return repr(data)[:most]


Redact = Callable[[bytes], bytes]


def mapped_bytes(data: Any, change: Redact) -> Any:
    """Return encoded ``data`` with the bytes behind each base64 changed."""
    if isinstance(data, list):
        return [mapped_bytes(child, change) for child in data]
    if not isinstance(data, dict):
        return data
    if data.keys() == {BINARY}:
        return _encode_bytes(change(_decode_bytes(data)))
    return {key: mapped_bytes(child, change) for key, child in data.items()}


def mapped_ends(data: Any, change: Redact) -> Any:
    """Return encoded ``data`` with each body changed that was not read to its end, with a mark there."""
    if isinstance(data, list):
        return [mapped_ends(child, change) for child in data]
    if not isinstance(data, dict):
        return data
    mapped = {key: mapped_ends(child, change) for key, child in data.items()}
    if mapped.keys() == _PART:
        mark = OMITTED.encode()
        mapped["read"] = _encode_bytes(change(_decode_bytes(mapped["read"]) + mark).removesuffix(mark))
    return mapped
