"""The schema for editors accepts what the program accepts, and the page tells what the file says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from verify.contract.document import parse
from verify.judge.page import page
from verify.judge.registry import Registry
from verify.judge.schema import contract_schema

Make = Callable[..., Registry]
REGISTRY = Registry(("verify.rules",))
ROOT = Path(__file__).parents[3]
CONTRACTS = sorted(ROOT.glob("systems/*/verify.yaml"))
LEATHER = ROOT / "systems" / "leather_api" / "verify.yaml"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return contract_schema(REGISTRY)


@pytest.fixture(scope="module")
def validator(schema: dict[str, Any]) -> Any:
    return jsonschema.Draft7Validator(schema)


def value(path: Path) -> Any:
    return parse(path.read_bytes(), path.name).value


def wrong(validator: Any, claim: dict[str, Any]) -> bool:
    contract = value(LEATHER)
    contract["claims"] = {"C-1": {"says": "s", "at": "a", **claim}}
    return not validator.is_valid(contract)


def test_it_is_a_schema(schema: dict[str, Any]) -> None:
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_every_reference_leads_somewhere(schema: dict[str, Any]) -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [ref for child in node.values() for ref in references(child)]
        return [ref for child in node for ref in references(child)] if isinstance(node, list) else []

    found = set(references(schema))
    assert found
    assert found == {f"#/definitions/{name}" for name in schema["definitions"]} & found


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.parent.name)
def test_our_contracts_are_valid(validator: Any, path: Path) -> None:
    assert [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(value(path))] == []


def test_there_are_contracts() -> None:
    assert LEATHER in CONTRACTS


@pytest.mark.parametrize(
    "claim",
    [
        {"rule": "health/status"},
        {"rule": "health/status", "with": {"endpoint": "health", "witin": "1s"}},
        {"rule": "health/status", "with": {"endpoint": "health", "within": "soon"}},
        {"rule": "health/status", "with": {"within": "1s"}},
        {"rule": "compose/privileged", "with": {"a": 1}},
        {"rule": "tls/floor", "with": {"lowest": "SSLv3"}},
        {"checks": [{"rule": "rate-limit/over", "with": {"endpoint": "products"}}]},
        {"checks": [{"rule": "rate-limit/over", "with": {"endpoint": "p", "rate": "0/s"}}]},
        {"checks": [{"rule": "rate-limit/over", "with": {"endpoint": "p", "rate": "9/s", "burst": -1}}]},
        {"rule": "quota/counted", "with": {"endpoint": "p", "requests": 9, "window": "1h", "pace": "0.0/s"}},
        {"rule": "logs/json", "with": {"endpoint": "p", "fields": {}, "within": "0s"}},
        {"rulle": "health/status"},
    ],
)
def test_what_the_program_refuses_an_editor_marks(validator: Any, claim: dict[str, Any]) -> None:
    assert wrong(validator, claim)


@pytest.mark.parametrize(
    "claim",
    [
        {},
        {"rule": "health/status", "with": {"endpoint": "health", "within": "500ms"}},
        {"rule": "compose/privileged"},
        {"rule": "tls/floor"},
        {"rule": "their/own", "with": {"anything": 1}},
        {"checks": [{"rule": "rate-limit/over", "with": {"endpoint": "p", "rate": "10/s", "burst": 20}}]},
    ],
)
def test_what_the_program_takes_an_editor_does_not_mark(validator: Any, claim: dict[str, Any]) -> None:
    assert not wrong(validator, claim)


@pytest.mark.parametrize("rule_id", REGISTRY.ids)
def test_every_rule_has_its_branch_and_page(schema: dict[str, Any], rule_id: str) -> None:
    branches = schema["definitions"]["CheckSpec"]["allOf"]
    assert [one for one in branches if one["if"]["properties"]["rule"]["const"] == rule_id]
    found = REGISTRY.get(rule_id)
    text = page(found)
    assert text.startswith(f"# {rule_id}\n\n{found.title}\n".replace("``", "`"))
    assert "**Fix.** " in text
    assert f"- severity: {found.about.severity}\n" in text
    assert f"- proofs: {len(found.holds)} hold, {len(found.fails)} fail\n" in text
    assert all(fault in text for fault in found.about.faults)
    assert all(reference in text for reference in found.about.refs)
    assert "``" not in text
    assert ("judged: always" in text) == found.about.baseline
    properties = found.schema()["properties"] if found.params else {}
    assert [line for line in text.splitlines() if line.startswith("| `")] == [
        line for name in properties for line in text.splitlines() if line.startswith(f"| `{name}` |")
    ]
    assert text.count("\n| `") == len(properties)
    assert text.endswith("\n")


PARAMETERS = """
    from typing import Literal
    @dataclass(frozen=True, kw_only=True)
    class Params(Stated):
        path: str
        within: Duration = seconds(90)
        method: Literal["GET", "POST"] = "GET"
        names: tuple[str, ...] = ("a", "b")
        most: int | None = None
        limits: tuple[Duration, ...] = ()
        endpoint: Endpoint = EndpointSpec(path="/")
    HOLDS = "a"
    FAILS = "b"
    @rule(severity="error", refs=["RFC 1"])
    def check(stated: Params) -> Iterator[Seen]:
        yield Seen(1)
"""


def test_parameters_are_told_as_a_contract_writes_them(rules: Make) -> None:
    text = page(rules({"family/rule": PARAMETERS}).get("family/rule"))
    assert "| `path` | string | required |" in text
    assert "| `within` | such as `500ms` | `1m30s` |" in text
    assert "| `method` | one of `GET`, `POST` | `GET` |" in text
    assert "| `names` | a list: string | `[a, b]` |" in text
    assert "| `most` | integer | none |" in text
    assert "| `limits` | a list: such as `500ms` | none |" in text
    assert "a name in the contract" in text
    assert "Parameters" not in text


MEANT = PARAMETERS.replace(
    "        path: str",
    '        """The ``path``, and the keys by name."""\n'
    "        keys: Mapping[str, Key] = field(default_factory=dict)\n"
    "        body: Mapping[str, Any] = field(default_factory=lambda: {'id': '{id}'})\n"
    "        run: Runs | None = None\n"
    "        path: str",
).replace(
    "    @dataclass(frozen=True, kw_only=True)\n    class Params",
    """
    from collections.abc import Mapping
    from dataclasses import field
    from typing import Any
    from verify.contract.backup import Runs
    @dataclass(frozen=True, kw_only=True)
    class Key(Stated):
        '''Where a ``key`` is.'''
        at: str
        prefix: str
    @dataclass(frozen=True, kw_only=True)
    class Params""",
)


def test_a_page_says_what_the_parameters_mean(rules: Make) -> None:
    text = page(rules({"family/rule": MEANT}).get("family/rule"))
    assert "\n\n**Parameters.** The `path`, and the keys by name.\n\n| parameter |" in text
    assert "| `keys` | names, each: key | none |" in text
    assert '| `body` | a mapping | `{id: "{id}"}` |' in text
    assert "| `run` | [command](../../contract.md#command) | none |" in text
    assert text.endswith("\n\nA key holds `at`, `prefix`: Where a `key` is.\n")


def test_a_page_says_which_files_are_looked_at() -> None:
    compose = page(REGISTRY.get("compose/restart-policy"))
    assert "- looks at: what the contract's [`files:`](../../contract.md#contract) match" in compose
    assert "`docker-compose*.yml`" in compose
    assert "- looks at: the contract itself\n" in page(REGISTRY.get("backup/promised"))
    assert "looks at" not in page(REGISTRY.get("health/status"))
