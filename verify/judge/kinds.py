"""What may stand at a key, in a few words, from its JSON Schema."""

from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter

from verify.contract.values import OriginUrl, RelativePath, UrlPath

#: how a page writes the name of a definition, with a link where it has one
Link = Callable[[str], str]
_WORDS = {
    TypeAdapter(shape).json_schema()["pattern"]: word
    for shape, word in ((UrlPath, "path"), (OriginUrl, "address"), (RelativePath, "file"))
}


def kind(schema: dict[str, Any], link: Link) -> str:
    """Return what a value may be; that it may be null is said by its default."""
    if alternatives := schema.get("anyOf"):
        return " or ".join(kind(one, link) for one in alternatives if one.get("type") != "null")
    if reference := schema.get("$ref"):
        return link(reference.rpartition("/")[2])
    if schema.get("type") == "array":
        return f"a list: {kind(schema.get('items', {}), link)}"
    if schema.get("type") == "object":
        return _mapping(schema, link)
    return _scalar(schema)


def _mapping(schema: dict[str, Any], link: Link) -> str:
    for named in schema.get("patternProperties", {}).values():
        return f"names, each: {kind(named, link)}"
    each = schema.get("additionalProperties")
    return f"names, each: {kind(each, link)}" if isinstance(each, dict) else "a mapping"


def _scalar(schema: dict[str, Any]) -> str:
    if word := _WORDS.get(schema.get("pattern", "")):
        return word
    if examples := schema.get("examples"):
        return f"such as `{examples[0]}`"
    if choices := schema.get("enum"):
        return "one of " + ", ".join(f"`{choice}`" for choice in choices)
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("pattern"):
        return "a name in the contract"
    return str(schema.get("type", "any value"))


def default(schema: dict[str, Any], *, required: bool) -> str:
    """Return what holds where nothing is stated: ``none`` is nothing, and a section tells its own."""
    if required:
        return "required"
    value = schema.get("default")
    if value is None or value in ([], (), {}):
        return "" if "$ref" in schema else "none"
    return f"`{_plain(value)}`"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_plain, value)) + "]"
    if isinstance(value, dict):
        written = {key: f'"{each}"' if "{" in str(each) else _plain(each) for key, each in value.items()}
        return "{" + ", ".join(f"{key}: {each}" for key, each in written.items()) + "}"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) or '""'
