"""The OpenAPI 3 document of what is really served."""

from typing import Any

from verify.reference.config import Config

#: a documented path that answers 500, for the fault of that kind
DEAD = "reports/"

_MONEY = {"type": "string", "pattern": r"^\d+\.\d{2}$"}
_SCHEMAS: dict[str, Any] = {
    "Problem": {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}},
    "Product": {
        "type": "object",
        "required": ["id", "name", "price", "stock", "tag"],
        "properties": {
            "id": {"type": "integer"},
            "name": {"type": "string"},
            "price": _MONEY,
            "stock": {"type": "integer"},
            "tag": {"type": "string"},
        },
    },
    "NewProduct": {
        "type": "object",
        "required": ["name", "price"],
        "properties": {
            "name": {"type": "string", "maxLength": 200},
            "price": _MONEY,
            "stock": {"type": "integer", "minimum": 0},
            "tag": {"type": "string", "maxLength": 100},
        },
    },
    "ProductList": {
        "type": "object",
        "required": ["count", "results"],
        "properties": {
            "count": {"type": "integer"},
            "results": {"type": "array", "items": {"$ref": "#/components/schemas/Product"}},
        },
    },
    "Account": {
        "type": "object",
        "required": ["owner", "balance"],
        "properties": {"owner": {"type": "string"}, "balance": _MONEY},
    },
    "Amount": {
        "type": "object",
        "required": ["amount"],
        "properties": {"amount": _MONEY, "tag": {"type": "string", "maxLength": 100}},
    },
    "Booking": {
        "type": "object",
        "required": ["id", "amount", "tag", "created"],
        "properties": {
            "id": {"type": "integer"},
            "amount": _MONEY,
            "tag": {"type": "string"},
            "created": {"type": "string", "format": "date-time"},
        },
    },
    "BookingList": {
        "type": "object",
        "required": ["results"],
        "properties": {"results": {"type": "array", "items": {"$ref": "#/components/schemas/Booking"}}},
    },
    "CanaryText": {"type": "object", "properties": {"text": {"type": "string", "maxLength": 1000}}},
    "CanaryAnswer": {
        "type": "object",
        "required": ["task", "digest", "seconds"],
        "properties": {
            "task": {"type": "string"},
            "digest": {"type": "string"},
            "seconds": {"type": "number"},
        },
    },
}

#: path below the API, method, name, summary, needs a token, request schema, status, answer schema
_OPERATIONS = (
    ("products/", "get", "listProducts", "List products", False, None, 200, "ProductList"),
    ("products/", "post", "addProduct", "Add a product (staff)", True, "NewProduct", 201, "Product"),
    ("products/{id}/", "get", "showProduct", "Show a product", False, None, 200, "Product"),
    ("products/{id}/", "delete", "removeProduct", "Remove a product (staff)", True, None, 204, None),
    ("accounts/me/", "get", "showAccount", "Show the own account", True, None, 200, "Account"),
    ("deposits/", "get", "listDeposits", "List the own deposits", True, None, 200, "BookingList"),
    ("deposits/", "post", "deposit", "Pay in", True, "Amount", 201, "Booking"),
    ("deposits/{id}/", "get", "showDeposit", "Show an own deposit", True, None, 200, "Booking"),
    ("deposits/{id}/", "delete", "cancelDeposit", "Take a deposit back", True, None, 204, None),
    ("withdrawals/", "post", "withdraw", "Pay out", True, "Amount", 201, "Booking"),
    ("withdrawals/{id}/", "delete", "cancelWithdrawal", "Take a withdrawal back", True, None, 204, None),
    ("canary/", "post", "runCanary", "Run a task in the worker", True, "CanaryText", 200, "CanaryAnswer"),
)
_IDENTIFIER = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}


def _content(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def document(config: Config, *, dead: bool = False) -> dict[str, Any]:
    """Return the document; ``dead`` adds an operation that does not work."""
    paths: dict[str, dict[str, Any]] = {}
    for below, method, name, summary, secured, wanted, status, given in _OPERATIONS:
        answers: dict[str, Any] = {
            str(status): {"description": "Done."} | ({"content": _content(given)} if given else {}),
            "default": {"description": "Refused.", "content": _content("Problem")},
        }
        operation: dict[str, Any] = {"operationId": name, "summary": summary, "responses": answers}
        if secured:
            operation["security"] = [{"bearer": []}]
        if wanted:
            operation["requestBody"] = {"required": True, "content": _content(wanted)}
        if "{id}" in below:
            operation["parameters"] = [_IDENTIFIER]
        paths.setdefault(config.api + below, {})[method] = operation
    health = {"operationId": "health", "summary": "Health", "responses": {}}
    health["responses"] = {
        "200": {"description": "Healthy."},
        str(config.unhealthy): {"description": "A dependency is missing."},
    }
    paths[config.health] = {"get": health}
    if dead:
        answers = {"200": {"description": "Done."}}
        paths[config.api + DEAD] = {
            "get": {"operationId": "report", "summary": "Report", "responses": answers}
        }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Reference shop", "version": config.release},
        "paths": paths,
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }
