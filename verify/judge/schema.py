"""The JSON Schema (draft-07) of the contract for editors: its models plus one branch a rule."""

from typing import Any

from pydantic import TypeAdapter

from verify.contract.spec import Contract
from verify.judge.meaning import about
from verify.judge.registry import Registry
from verify.judge.rule import REFERENCE, Rule, SchemaWriter

DRAFT = "http://json-schema.org/draft-07/schema#"


def contract_schema(registry: Registry) -> dict[str, Any]:
    """Return the schema; each rule adds what ``with:`` may hold beside its name."""
    schema = described()
    definitions = schema.pop("$defs", {})
    branches = []
    for rule in registry.all():
        branch, more = _branch(rule)
        branches.append(branch)
        definitions.update(more)
    for name in ("ClaimSpec", "CheckSpec"):
        definitions[name]["allOf"] = branches
    return {"$schema": DRAFT, **schema, "title": "verify.yaml", "definitions": definitions}


def described() -> dict[str, Any]:
    """Return the schema of the models alone, their definitions under ``$defs``, each key with its meaning."""
    return TypeAdapter(Contract).json_schema(
        by_alias=True, ref_template=REFERENCE, schema_generator=SchemaWriter
    )


def _branch(rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return ``if rule is this one, then with is that``, and the definitions it uses."""
    stated: dict[str, Any] = {"type": "object", "maxProperties": 0}
    more: dict[str, Any] = {}
    if rule.params is not None:
        stated = rule.schema()
        more = stated.pop("$defs", {})
        stated.pop("title", None)
        stated["description"] = f"{rule.title}\n\n{about(rule.params)}"
    then: dict[str, Any] = {"properties": {"with": stated}}
    if stated.get("required"):
        then["required"] = ["with"]
    return {"if": {"properties": {"rule": {"const": rule.id}}, "required": ["rule"]}, "then": then}, more
