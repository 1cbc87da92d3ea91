"""A contract that is right: values, defaults, places, the schema for editors."""

import dataclasses
import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from verify.contract.document import parse
from verify.contract.endpoint import Account
from verify.contract.environment import Environment
from verify.contract.explain import problems_from
from verify.contract.load import Loaded, load
from verify.contract.origins import plain_of, read_origin
from verify.contract.shapes import inside
from verify.contract.spec import Contract, Endpoint, Flow, Waiver
from verify.contract.values import Day, Duration, Rate, Size, variable_of
from verify.model.place import Place
from verify.model.units import seconds

TEXT = (Path(__file__).parent / "valid.yaml").read_bytes()


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load(TEXT, "verify.yaml")


@pytest.fixture(scope="module")
def contract(loaded: Loaded) -> Contract:
    return loaded.contract


def test_environments(contract: Contract) -> None:
    production, staging = contract.environments["production"], contract.environments["staging"]
    assert (production.protection, production.budget, production.rate) == (
        "production",
        200,
        Rate.parse("5/s"),
    )
    assert (staging.protection, staging.budget, staging.rate) == ("disposable", None, None)
    assert production.plain_url == "http://api.example.com"
    assert staging.readiness.within == seconds(180)
    assert staging.version is not None
    assert staging.version.header == "X-Release"
    assert production.version is not None
    assert (production.version.endpoint, production.version.json_) == ("health", "version")
    assert contract.files_of("staging") == ("docker-compose.prod.yml",)
    assert contract.files_of("production") == contract.files_of(None) == contract.files
    assert contract.readiness_endpoint("staging") == contract.readiness_endpoint("production") == "health"


def test_the_reference_is_disposable_and_complete_by_default(contract: Contract) -> None:
    assert contract.environments["reference"].protection == "disposable"
    assert contract.environments["reference"].plain_url is None
    spec = Environment(reference={}).reference  # type: ignore[arg-type]  # as YAML gives it
    assert spec is not None
    assert spec.dependencies == {"database": "database", "redis": "redis", "worker": "worker"}
    assert spec.quotas.anonymous == Rate.parse("100/h")
    assert spec.edge is None
    assert "Strict-Transport-Security" in spec.headers


def test_a_null_budget_is_no_way_around_protection() -> None:
    environment = Environment.model_validate({"url": "https://a.example", "budget": None, "rate": None})
    assert (environment.budget, str(environment.rate)) == (200, "5/s")
    stated = Environment.model_validate({"url": "https://a.example", "budget": 7, "rate": "1/s"})
    assert (stated.budget, str(stated.rate)) == (7, "1/s")


def test_endpoints_and_accounts(contract: Contract) -> None:
    assert contract.endpoints["health"].expect == (200,)
    assert contract.endpoints["products"].expect == (200, 401)
    assert contract.endpoints["products"].expected == "200 or 401"
    assert contract.endpoints["health"].json_ == {"status": "healthy"}
    assert {name: variable_of(account.secret) for name, account in contract.accounts.items()} == {
        "tester": "STAGING_TOKEN",
        "admin": "ADMIN_PASSWORD",
        "robot": "ROBOT_KEY",
    }


def test_flows(contract: Contract) -> None:
    post, get, delete = contract.flows["product"].steps
    assert (post.method, post.path, post.save) == ("POST", "/api/v1/products/", {"id": "$.id"})
    assert (get.method, get.answer) == ("GET", {"title": "smoke {run_id}"})
    assert (delete.method, delete.path, delete.always) == ("DELETE", "/api/v1/products/{id}/", True)


def test_claims_and_their_checks(loaded: Loaded) -> None:
    contract, document = loaded.contract, loaded.document
    checks = {name: claim.stated_checks for name, claim in contract.claims.items()}
    assert [(path, check.rule) for path, check in checks["LEA-007"]] == [
        (("checks", 0), "dockerfile/non-root"),
        (("checks", 1), "container/non-root"),
    ]
    ((path, check),) = checks["LEA-063"]
    assert path == ()
    assert check.with_ == {"backup": "database", "within": "15m", "at_size": "5GiB"}
    assert checks["LEA-088"] == checks["LEA-090"] == ()
    line = 1 + TEXT.decode().splitlines().index(
        "  LEA-047: {says: plain HTTP is redirected to HTTPS, at: Chunk G TLS/SSL, rule: redirect/https}"
    )
    assert document.place(("claims", "LEA-047"), key=True) == Place("verify.yaml", line, 3)


def test_waivers(contract: Contract) -> None:
    assert contract.waivers[0].until == dt.date(2027, 1, 31)
    again = Waiver.model_validate(contract.waivers[0].model_dump())
    assert again == contract.waivers[0]
    assert Waiver(claim="A", until=dt.date(2027, 1, 31), owner="o", reason="r").until == again.until
    assert TypeAdapter(Day).dump_python(dt.date(2027, 1, 31), mode="json") == "2027-01-31"


def test_parts_are_hashable_and_immutable(contract: Contract) -> None:
    again = load(TEXT, "verify.yaml").contract
    assert again == contract
    assert hash(again) == hash(contract)
    assert len({*contract.endpoints.values(), *again.endpoints.values()}) == 2
    with pytest.raises(ValidationError):
        setattr(contract, "system", "other")  # noqa: B010  # an assignment that mypy would refuse


def test_parts_built_in_code_are_checked_too() -> None:
    with pytest.raises(ValidationError, match="exactly one of"):
        Account(bearer="$A", basic={"user": "x", "password": "$B"})  # type: ignore[arg-type]  # as YAML
    with pytest.raises(ValidationError) as caught:
        Account(bearer="hunter2")
    assert "hunter2" not in str(caught.value)
    account = Account(bearer="$A")
    assert Account.model_validate(account) is account
    assert Endpoint(path="/", json={"a": "b"}).json_ == {"a": "b"}
    assert Flow.model_validate({"steps": ({"get": "/{run_id}"},)}).steps[0].path == "/{run_id}"


@pytest.mark.parametrize(
    ("text", "origin", "plain"),
    [
        ("HTTPS://API.Example.com/", "https://api.example.com", "http://api.example.com"),
        ("https://a:443", "https://a", "http://a"),
        ("https://a:8443", "https://a:8443", "http://a"),
        ("https://[::1]:444", "https://[::1]:444", "http://[::1]"),
        ("http://a:80", "http://a", None),
    ],
)
def test_origins_are_written_in_one_way(text: str, origin: str, plain: str | None) -> None:
    assert read_origin(text) == origin
    assert read_origin(origin) == origin
    assert plain_of(text) == plain


def test_no_plain_origin_of_what_is_none() -> None:
    assert plain_of("https://a:b") is None


def test_the_schema_for_editors_is_plain(contract: Contract) -> None:
    schema = Contract.model_json_schema()
    definitions = schema["$defs"]
    assert definitions["Readiness"]["properties"]["within"]["default"] == "3m"
    assert definitions["Account"]["properties"]["bearer"]["anyOf"][0]["pattern"].startswith("^\\$")
    assert definitions["Waiver"]["properties"]["until"]["format"] == "date"
    assert schema["required"] == ["verify", "system"]
    assert set(_keywords(schema)).isdisjoint({"prefixItems", "unevaluatedProperties", "dependentRequired"})
    pattern = definitions["Readiness"]["properties"]["within"]["pattern"]
    assert re.fullmatch(pattern, str(contract.environments["staging"].readiness.within))


def _keywords(schema: Any) -> list[str]:
    if isinstance(schema, dict):
        return [*schema, *(word for child in schema.values() for word in _keywords(child))]
    return [word for child in schema for word in _keywords(child)] if isinstance(schema, list) else []


@dataclasses.dataclass(frozen=True, kw_only=True)
class Params:
    """Parameters as a rule states them."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  # pydantic's way to configure a dataclass

    size: Size
    within: Duration | None = None
    names: tuple[str, ...] = ()
    share: float = 0.5
    mode: int | Duration = 3
    more: "Params | None" = None


RULE = b"""\
claims:
  A-1:
    with:
      within: 5 sec
      names: [1, x]
      nams: []
      share: x
      mode: []
      more: {size: 1kB, sice: 3, 7: 1}
"""


def test_a_rules_parameters_are_explained_the_same_way() -> None:
    document = parse(RULE.replace(b"7:", b"'7':"), "v")
    base = ("claims", "A-1", "with")
    raw = document.value["claims"]["A-1"]["with"]
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Params).validate_python(raw)
    told = sorted(str(problem) for problem in problems_from(caught.value, document, base, Params))
    assert told == [
        "v:3:5: key 'size' is missing: add it",
        "v:4:15: unknown unit 'sec' in '5 sec' for a duration: did you mean 's'?",
        "v:5:15: expected text, got a whole number: write it in quotes",
        "v:6:7: unknown key 'nams': did you mean 'names'?",
        "v:7:14: expected a number, got text",
        "v:8:7: expected a duration such as 500ms, got a list: write the unit, one of us, ms, s, m, h, d, w",
        "v:8:7: expected a whole number, got a list",
        "v:9:25: unknown key 'sice': did you mean 'size'?",
        "v:9:34: unknown key '7': expected one of mode, more, names, share, size, within",
    ]


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        (dict[str, int], [], "expected a mapping (`key: value`), got a list"),
        (Params, 5, "expected a mapping (`key: value`), got a whole number"),
        (frozenset[int], 5, "expected a list, got a whole number"),
        (bytes, 5, "expected a valid bytes"),
        (dt.date, "x", "expected a valid date or datetime, input is too short"),
    ],
)
def test_other_types_are_explained_without_jargon(kind: Any, value: object, told: str) -> None:
    document = parse(b"a: 1\n", "v")
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    (problem,) = problems_from(caught.value, document)
    assert (problem.message, problem.hint) == (told, "")


def test_an_unknown_key_without_a_model_has_no_offer() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Params).validate_python({"size": "1B", "x": 1})
    (problem,) = problems_from(caught.value, parse(b"x: 1\n", "v"))
    assert str(problem) == "v:1:1: unknown key 'x'"


def test_types_that_hold_nothing_lead_nowhere() -> None:
    assert inside(int, "x") == inside(list, 0) == inside(type[int], "x") == inside(type(None), "x") == []
    assert inside(list[int] | None, 0) == [int]
    assert inside(type[int] | dict[str, bool], "x") == [bool]
