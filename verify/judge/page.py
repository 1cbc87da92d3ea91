"""The page of a rule, written from its own file."""

from collections.abc import Iterator
from typing import Any

from verify.judge.rule import Rule


def page(rule: Rule) -> str:
    """Return the page as Markdown."""
    return "\n".join(_lines(rule)) + "\n"


def _lines(rule: Rule) -> Iterator[str]:
    yield f"# {rule.id}"
    yield ""
    yield from rule.page.strip().replace("\nFix: ", "\n**Fix.** ").replace("``", "`").splitlines()
    yield ""
    yield f"- suite: {rule.suite}"
    yield f"- severity: {rule.about.severity}"
    yield f"- judged: {_judged(rule)}"
    if rule.about.faults:
        yield f"- faults of the reference that break it: {', '.join(rule.about.faults)}"
    if rule.about.refs:
        yield f"- references: {'; '.join(rule.about.refs)}"
    yield f"- proofs: {len(rule.holds)} hold, {len(rule.fails)} fail"
    parameters = _parameters(rule)
    if parameters:
        yield ""
        yield "| parameter | value | default |"
        yield "|---|---|---|"
        yield from parameters


def _judged(rule: Rule) -> str:
    if rule.about.baseline:
        return "always, unless the contract says `baseline: none`"
    return "where a claim names it"


def _parameters(rule: Rule) -> list[str]:
    if rule.params is None:
        return []
    schema = rule.schema()
    required = schema.get("required", ())
    rows = []
    for name, property_ in schema.get("properties", {}).items():
        default = "required" if name in required else f"`{_plain(property_.get('default'))}`"
        rows.append(f"| `{name}` | {_kind(property_)} | {default} |")
    return rows


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_plain, value)) + "]"
    return "none" if value is None else str(value) or '""'


def _kind(schema: dict[str, Any]) -> str:
    if examples := schema.get("examples"):
        return f"such as `{examples[0]}`"
    if choices := schema.get("enum"):
        return "one of " + ", ".join(f"`{choice}`" for choice in choices)
    if schema.get("type") == "array":
        return f"a list: {_kind(schema.get('items', {}))}"
    if alternatives := schema.get("anyOf"):
        return " or ".join(_kind(one) for one in alternatives)
    if schema.get("pattern"):
        return "a name in the contract"
    model = str(schema.get("$ref", "")).rpartition("/")[2].lower()
    return f"a {model}" if model else str(schema.get("type", "any value"))
