"""The page of a rule, written from its own file."""

import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields

from verify.judge.kinds import default, kind
from verify.judge.meaning import about
from verify.judge.rule import Rule
from verify.judge.sections import SECTIONS, link
from verify.model.rule import Stated

#: the page of the contract, from the page of a rule
_CONTRACT = "../../contract.md"


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
    if files := _looks_at(rule):
        yield f"- looks at: {files}"
    if rule.about.faults:
        yield f"- faults of the reference that break it: {', '.join(rule.about.faults)}"
    if rule.about.refs:
        yield f"- references: {'; '.join(rule.about.refs)}"
    yield f"- proofs: {len(rule.holds)} hold, {len(rule.fails)} fail"
    if rule.params is not None:
        yield from _parameters(rule, rule.params)


def _judged(rule: Rule) -> str:
    if rule.about.baseline:
        return "always, unless the contract says `baseline: none`"
    return "where a claim names it"


def _looks_at(rule: Rule) -> str | None:
    """Return which files are judged, for rules of files."""
    fact = next((each.type for each in rule.arguments if each.source in {"file", "files"}), None)
    if fact is None:
        return None
    if fact.contract:
        return "the contract itself"
    names = ", ".join(f"`{pattern}`" for pattern in fact.patterns)
    return f"what the contract's [`files:`]({_CONTRACT}#contract) match, files named {names}"


def _parameters(rule: Rule, params: type[Stated]) -> Iterator[str]:
    schema = rule.schema()
    if not schema.get("properties"):
        return
    yield ""
    if said := about(params):
        yield from (f"**Parameters.** {said}", "")
    yield "| parameter | value | default |"
    yield "|---|---|---|"
    made = {each.name: each.default_factory for each in fields(params) if each.default_factory is not MISSING}  # type: ignore[arg-type]  # every Stated is a dataclass
    for name, value in schema["properties"].items():
        if name in made:
            value["default"] = made[name]()
        usual = default(value, required=name in schema.get("required", ()))
        yield f"| `{name}` | {kind(value, _link)} | {usual} |"
    for name, part in schema.get("$defs", {}).items():
        if name not in SECTIONS:
            keys = ", ".join(f"`{key}`" for key in part["properties"])
            yield ""
            # not every release of pydantic describes a dataclass
            yield f"A {name.lower()} holds {keys}: {about(getattr(sys.modules[params.__module__], name))}"


def _link(name: str) -> str:
    return link(name, _CONTRACT) if name in SECTIONS else name.lower()
