"""The page of the contract names each key with its meaning, and shows examples that can be read."""

import re
from typing import Any

import pytest

from verify.contract.endpoint import Endpoint
from verify.contract.spec import Contract
from verify.facts.body import KINDS
from verify.facts.logs import is_timestamp
from verify.judge.binding import read
from verify.judge.contract_page import contract_page
from verify.judge.kinds import default, kind
from verify.judge.meaning import about, example, meanings
from verify.judge.registry import Registry
from verify.judge.schema import contract_schema, described
from verify.judge.sections import SECTIONS, link, title

REGISTRY = Registry(("verify.rules",))
PAGE = contract_page()


@pytest.mark.parametrize("name", SECTIONS)
def test_every_key_has_a_meaning(name: str) -> None:
    model = SECTIONS[name]
    keys = {field.alias or key for key, field in model.model_fields.items()}
    said = meanings(model)
    assert keys == said.keys(), f"{name}: expected a text below each key"
    assert [text for text in (*said.values(), about(model)) if not text.endswith(".") or "``" in text] == []


@pytest.mark.parametrize("name", SECTIONS)
def test_every_section_stands_on_the_page(name: str) -> None:
    section = PAGE.partition(f"\n## {title(name)}\n")[2].partition("\n## ")[0]
    keys = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert keys == [field.alias or key for key, field in SECTIONS[name].model_fields.items()]
    assert ("At `" in section) == (name != "Contract")


def test_every_link_on_the_page_leads_somewhere() -> None:
    headings = {
        line.removeprefix("## ").lower().replace(" ", "-") for line in PAGE.splitlines() if line[:3] == "## "
    }
    links = set(re.findall(r"\]\(#([^)]*)\)", PAGE))
    assert links <= headings
    assert len(links) > len(SECTIONS) - 2


@pytest.mark.parametrize("name", [name for name, model in SECTIONS.items() if example(model)])
def test_the_examples_can_be_read(name: str) -> None:
    shown = example(SECTIONS[name])
    assert f"```yaml\n{shown}\n```" in PAGE
    head = "" if shown.startswith("verify:") else "verify: 1\nsystem: shop\n"
    loaded, _ = read(f"{head}{shown}\n".encode(), f"example of {name}", REGISTRY)
    assert any(getattr(loaded.contract, key) for key in shown.split(":")[:1]) or "claims" in shown


def test_the_kinds_that_the_page_lists_are_those_there_are() -> None:
    table = PAGE.partition("| word |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [*KINDS, "timestamp", "level"]
    assert is_timestamp("2026-01-01T10:00:00.123Z")


def test_the_schema_says_the_same() -> None:
    schema = contract_schema(REGISTRY)
    for name in SECTIONS:
        described_part = schema if name == "Contract" else schema["definitions"][name]
        part = next((one for one in described_part.get("anyOf", ()) if "properties" in one), described_part)
        said = {key: value.get("description") for key, value in part["properties"].items()}
        assert said == meanings(SECTIONS[name])
        assert part["description"] == about(SECTIONS[name])
    assert "Example" not in str(described())
    branches = schema["definitions"]["CheckSpec"]["allOf"]
    stated = {one["if"]["properties"]["rule"]["const"]: one["then"]["properties"]["with"] for one in branches}
    assert stated["rate-limit/over"]["description"].startswith(f"{REGISTRY.get('rate-limit/over').title}\n\n")
    assert "burst" in stated["rate-limit/over"]["description"]


def test_what_is_written_of_keys_that_exclude_each_other() -> None:
    assert about(SECTIONS["Account"]).endswith("Exactly one of `bearer`, `basic` or `header` is written.")
    assert about(SECTIONS["ClaimSpec"]).endswith(
        "At most one of `rule`, `checks` or `unverifiable` is written."
    )
    assert "one of" not in about(Endpoint)


def test_without_the_source_there_are_no_meanings(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: type) -> str:
        raise OSError("could not get source code")

    monkeypatch.setattr("inspect.getsource", gone)
    assert meanings(Endpoint) == {}
    assert "description" not in described()["properties"]["files"]
    assert "| `files` | a list: such as `docker-compose*.yml` | none |  |" in contract_page()


def test_headings_are_words() -> None:
    assert (title("SecretHeader"), link("ClaimSpec", "p.md")) == ("Secret header", "[claim](p.md#claim)")
    assert set(SECTIONS) >= {Contract.__name__, "Readiness", "ReferenceSpec", "Command"}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "string"),
        ({}, "any value"),
        ({"const": 1}, "`1`"),
        ({"enum": ["a", "b"]}, "one of `a`, `b`"),
        ({"type": "string", "pattern": "^x$"}, "a name in the contract"),
        ({"type": "string", "pattern": "^x$", "examples": ["1s"]}, "such as `1s`"),
        ({"type": "array"}, "a list: any value"),
        (
            {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"const": 2}}]},
            "integer or a list: `2`",
        ),
        ({"anyOf": [{"$ref": "#/definitions/Flow"}, {"type": "null"}]}, "<Flow>"),
        ({"type": "object", "additionalProperties": True}, "a mapping"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "names, each: string"),
        ({"type": "object", "patternProperties": {"^x$": {"const": 3}}}, "names, each: `3`"),
    ],
)
def test_kinds_in_words(schema: dict[str, Any], words: str) -> None:
    assert kind(schema, lambda name: f"<{name}>") == words


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({}, "none"),
        ({"default": None}, "none"),
        ({"default": []}, "none"),
        ({"$ref": "#/definitions/Readiness"}, ""),
        ({"default": ""}, '`""`'),
        ({"default": False}, "`false`"),
        ({"default": 0}, "`0`"),
        ({"default": ["a", 1]}, "`[a, 1]`"),
        ({"default": {"id": "{id}", "n": 1, "m": None}}, '`{id: "{id}", n: 1, m: null}`'),
    ],
)
def test_defaults_in_words(schema: dict[str, Any], words: str) -> None:
    assert default(schema, required=False) == words
    assert default(schema, required=True) == "required"
