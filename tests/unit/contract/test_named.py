"""Parameters that name something in the contract arrive resolved."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from verify.contract.document import parse
from verify.contract.explain import problems_from
from verify.contract.named import Endpoint, FlowName
from verify.contract.spec import Contract

CONTRACT = Contract.model_validate(
    {
        "verify": 1,
        "system": "x",
        "endpoints": {"health": {"path": "/health"}},
        "flows": {"sale": {"steps": [{"get": "/"}]}},
    }
)


def test_a_name_becomes_what_it_names() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Endpoint)
    assert adapter.validate_python("health", context=CONTRACT) is CONTRACT.endpoints["health"]
    assert adapter.json_schema()["type"] == "string"
    assert TypeAdapter(FlowName).validate_python("sale", context=CONTRACT) == "sale"


@pytest.mark.parametrize(
    ("kind", "value", "context", "told"),
    [
        (Endpoint, "helth", CONTRACT, "no endpoint 'helth' in this contract: did you mean 'health'?"),
        (FlowName, "sail", CONTRACT, "no flow 'sail' in this contract"),
        (FlowName, "sale", None, "no flow 'sale' in this contract"),
        (Endpoint, 5, CONTRACT, "expected the name of an endpoint, got a whole number"),
    ],
)
def test_a_wrong_name_is_told(kind: Any, value: object, context: object, told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value, context=context)
    (problem,) = problems_from(caught.value, parse(b"a: 1\n", "v"))
    assert problem.message.startswith(told)
