"""Compares answers with the OpenAPI document that describes them; needs ``jsonschema``."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from verify.facts.http import Exchange
from verify.facts.openapi import Described
from verify.model.text import abridged

INSTALL = 'pip install "pytest-deploy-verify[openapi]"'
_HERE = "urn:openapi"
_MOST = 3  # differences named of one answer
_NAMES = frozenset({"properties", "patternProperties", "definitions", "$defs", "schemas"})
_LITERAL = frozenset({"example", "examples", "default", "enum", "const"})


class UnjudgeableError(Exception):
    """What keeps an answer from being compared, and what to do."""


def deviations(described: Described) -> Iterator[tuple[Exchange, str, str, str]]:
    """Yield (answer, message, stated, seen) where an answer is not as documented.

    Raise ``UnjudgeableError`` where ``jsonschema`` is missing, or a schema refers elsewhere.
    """
    document = described.document.json()
    if not isinstance(document, dict):
        return
    validate = _validator(document)
    for answer in described.operations:
        path = urlsplit(answer.url).path
        responses = document["paths"][path]["get"].get("responses", {})
        key = next(
            (k for k in (str(answer.status), f"{answer.status // 100}XX", "default") if k in responses), None
        )
        if key is None:
            documented = " or ".join(map(str, responses)) or "none"
            yield answer, "the status is not documented", documented, str(answer.status)
            continue
        at, response = _resolved(document, ("paths", path, "get", "responses", key), responses[key])
        yield from _of_body(answer, at, response, validate)


def _of_body(
    answer: Exchange, at: tuple[str, ...], response: Mapping[str, Any], validate: Any
) -> Iterator[tuple[Exchange, str, str, str]]:
    contents = response.get("content") or {}
    kind = (answer.header("Content-Type") or "").partition(";")[0].strip().lower()
    if not contents or not isinstance(contents, Mapping):
        return
    wanted = next((each for each in contents if _fits(each, kind)), None)
    if wanted is None:
        yield answer, "the type is not documented", " or ".join(contents), kind or "none"
        return
    if "json" not in kind or "schema" not in contents[wanted]:
        return
    try:
        body = answer.json()
    except ValueError as error:
        yield answer, "the answer is not JSON", wanted, str(error)
        return
    for where, message in validate((*at, "content", wanted, "schema"), body):
        yield answer, f"{where or 'the answer'} does not conform", "its documented schema", message


def _fits(documented: str, kind: str) -> bool:
    wanted = documented.partition(";")[0].strip().lower()
    return wanted in {"*/*", kind} or (wanted.endswith("/*") and kind.startswith(wanted[:-1]))


def _resolved(document: Any, at: tuple[str, ...], value: Any) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    """Follow references to responses inside of the document."""
    for _ in range(10):
        reference = value.get("$ref") if isinstance(value, Mapping) else None
        if not isinstance(reference, str):
            break
        if not reference.startswith("#/"):
            raise UnjudgeableError(f"{reference} leads out of the document: write the document in one file")
        at = tuple(part.replace("~1", "/").replace("~0", "~") for part in reference[2:].split("/"))
        value = document
        for part in at:
            value = value.get(part, {}) if isinstance(value, Mapping) else {}
    return at, value if isinstance(value, Mapping) else {}


def _validator(document: dict[str, Any]) -> Any:
    """Return what yields where and how a value differs from the schema at a path of the document."""
    try:
        import jsonschema  # type: ignore[import-untyped] # it ships no types
        import referencing.exceptions
        import referencing.jsonschema
    except ImportError:
        raise UnjudgeableError(f"the package jsonschema is not installed: {INSTALL}") from None
    old = str(document.get("openapi", "")).startswith("3.0")
    kind = jsonschema.Draft4Validator if old else jsonschema.Draft202012Validator
    dialect = referencing.jsonschema.DRAFT4 if old else referencing.jsonschema.DRAFT202012
    contents = _nullable(document) if old else document
    # a registry of its own, so that nothing is ever fetched
    resource = dialect.create_resource(contents)
    registry: Any = referencing.Registry().with_resource(_HERE, resource)

    def validate(at: tuple[str, ...], value: object) -> Iterator[tuple[str, str]]:
        pointer = "/".join(
            part.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D") for part in at
        )
        checker: Any = kind({"$ref": f"{_HERE}#/{pointer}"}, registry=registry)
        try:
            for number, error in enumerate(checker.iter_errors(value)):
                if number == _MOST:
                    return
                yield ".".join(map(str, error.absolute_path)), abridged(error.message, 160)
        except (referencing.exceptions.Unresolvable, RecursionError) as error:
            raise UnjudgeableError(f"a schema cannot be followed inside of the document: {error}") from error
        except jsonschema.exceptions.SchemaError as error:
            raise UnjudgeableError(f"a schema is not valid: {error.message}") from error

    return validate


def _nullable(value: Any, *, names: bool = False) -> Any:
    """Return a document of version 3.0 with ``nullable: true`` in the words of JSON Schema."""
    if isinstance(value, list):
        return [_nullable(each) for each in value]
    if not isinstance(value, dict):
        return value
    made = {
        key: child if key in _LITERAL and not names else _nullable(child, names=key in _NAMES and not names)
        for key, child in value.items()
    }
    if names or made.get("nullable") is not True:
        return made
    del made["nullable"]
    return {"anyOf": [{"type": "null"}, made]}
