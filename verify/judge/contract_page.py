"""The page of the contract: each section and key, from what the models say of themselves."""

from collections.abc import Iterator, Mapping
from typing import Any

from verify.contract.spec import Contract
from verify.facts.body import KINDS
from verify.facts.logs import LEVEL, TIMESTAMP
from verify.judge.kinds import default, kind
from verify.judge.meaning import about, example
from verify.judge.schema import described
from verify.judge.sections import SECTIONS, link, title
from verify.model.units import Duration, Rate, Ratio, Size

_HEAD = """\
# The contract

Every key of `verify.yaml`, written from the models that read it; `deploy-verify schema` prints the same for
an editor. A key that is not listed is an error, and every mistake is told at once, with line and column. A
dot leads to the key below: `environments.NAME.url`, where NAME and ID are yours to choose. What `with:` may
hold, the page of each [rule](rules/index.md) says. How [values](#values) are written stands at the end, and
what stated [members of an answer](#members-and-kinds) may be.
"""
_VALUES = """\
## Values

| value | written | such as |
|---|---|---|
"""
_MORE = """\
| secret | `$` and the name of an environment variable, never the value itself | `$STAGING_TOKEN` |
| file | below the contract's folder; `files:` take `*`, `?`, `[…]` and `**` too | `deploy/**/*.yml` |
| path | of the system: from one `/` on, without `#` | `/api/v1/healthcheck/` |
| address | scheme and host, with a port where it is another, without a path | `https://staging.example.com` |
| day | year, month, day | `2027-01-31` |

## Members and kinds

`json:` of an endpoint, `answer:` of a step and `done:` of `worker/canary` state members of a JSON answer;
`fields:`, `where:`, `common:` and `events:` of `logs/json` and `logs/events` state fields of a line of the
log. Members that are not named may be anything. For each that is named stands one of

- the value itself: `ok`, `200`, `true`, a list;
- a mapping of members, which is looked into in the same way;
- one of these words, for any value of that kind:

| word | what is asked for |
|---|---|
"""
_TAIL = """
No other word is a kind: `status: int` asks for the text `int`, and 200 violates it. A member that is the text
`string` itself cannot be asked for.

```yaml
json: {status: ok, version: string, uptime: number, checks: {database: ok}}
fields: {timestamp: timestamp, level: level, status: integer, user: string}
```
"""
_WORDS = {
    "array": "a list",
    "boolean": "`true` or `false`",
    "integer": "a whole number",
    "null": "`null`",
    "number": "a number, whole or not",
    "object": "an object, whatever it holds",
    "string": "a text",
}
_LOGGED = {
    TIMESTAMP: "of a line of the log only: a time in UTC, ISO 8601 with at least milliseconds",
    LEVEL: "of a line of the log only: a level such as `info`",
}


def contract_page() -> str:
    """Return the page as Markdown."""
    schema = described()
    definitions = {**schema.pop("$defs"), Contract.__name__: schema}
    # one that may be written as a text too is described twice
    sections = {
        name: next((one for one in section.get("anyOf", ()) if "properties" in one), section)
        for name, section in definitions.items()
    }
    texts = ["\n".join(_section(name, sections[name], at)) for name, at in _places(sections).items()]
    return "\n".join([_HEAD, *texts, _values()])


def _places(sections: Mapping[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Return where each section stands, from the outside inwards."""
    places: dict[str, list[str]] = {Contract.__name__: []}
    waiting = list(places)
    for name in waiting:  # which grows meanwhile
        above = f"{places[name][0]}." if places[name] else ""
        for key, value in sections[name]["properties"].items():
            for below, suffix in _references(value):
                if below not in places:
                    waiting.append(below)
                    places[below] = []
                places[below].append(f"{above}{key}{suffix}")
    return places


def _section(name: str, schema: dict[str, Any], places: list[str]) -> Iterator[str]:
    model = SECTIONS[name]
    yield f"## {title(name)}"
    yield ""
    if places:
        yield "At " + ", ".join(f"`{place}`" for place in places) + "."
        yield ""
    yield about(model)
    yield ""
    if shown := example(model):
        yield from ("```yaml", shown, "```", "")
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    required = schema.get("required", ())
    for key, value in schema["properties"].items():
        usual = default(value, required=key in required)
        yield f"| `{key}` | {kind(value, link)} | {usual} | {value.get('description', '')} |"
    yield ""


def _references(schema: dict[str, Any], suffix: str = "") -> Iterator[tuple[str, str]]:
    """Yield each definition that a key leads to, and the path below the key."""
    if reference := schema.get("$ref"):
        yield reference.rpartition("/")[2], suffix
    for one in schema.get("anyOf", ()):
        yield from _references(one, suffix)
    for one in schema.get("patternProperties", {}).values():
        yield from _references(one, ".ID" if "A-Z" in next(iter(schema["patternProperties"])) else ".NAME")
    if schema.get("type") == "array":
        yield from _references(schema.get("items", {}), f"{suffix}[]")


def _values() -> str:
    text = _VALUES
    for quantity in (Duration, Rate, Ratio, Size):
        units = ", ".join(f"`{unit}`" for unit in quantity.units)
        text += f"| {quantity.__name__.lower()} | a number and one of {units} | `{quantity.example}` |\n"
    words = {**{name: _WORDS[name] for name in KINDS}, **_LOGGED}
    return text + _MORE + "".join(f"| `{word}` | {said} |\n" for word, said in words.items()) + _TAIL
