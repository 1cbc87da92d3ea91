"""Sixty read-only checks as a team would claim them, over the answers of a dozen addresses."""

from pathlib import Path
from typing import Any

import yaml

CHECKS = 60
PAGES = tuple(f"/api/v1/{name}/" for name in ("products", "orders", "stores", "prices", "offers", "stock"))
NAMES = ("Strict-Transport-Security", "Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options")
MORE = ("X-XSS-Protection", "Referrer-Policy")


def rules() -> list[tuple[dict[str, Any], str]]:
    """Return each check with the path that it asks for."""
    found: list[tuple[dict[str, Any], str]] = []
    for number, page in enumerate(PAGES):
        found.append(({"rule": "endpoint/answers", "with": {"endpoint": f"page{number}"}}, page))
    for within in ("1s", "2s", "3s"):
        health: dict[str, Any] = {"endpoint": "health", "within": within}
        found.append(({"rule": "health/status", "with": health}, "/health/"))
    for name in ("database", "redis", "worker"):
        health = {"endpoint": "health", "dependencies": [name]}
        found.append(({"rule": "health/dependencies", "with": health}, "/health/"))
    for path in ("/health/", "/missing", *PAGES):
        for name in (*NAMES, *MORE):
            stated: dict[str, Any] = {"headers": [name], "on": [path]}
            found.append(({"rule": "headers/present", "with": stated}, path))
    return found[:CHECKS]


def contract(folder: Path, url: str, trust: Path) -> Path:
    """Write a contract that claims them all, one a claim, and return its path."""
    endpoints = {f"page{number}": {"path": page, "within": "2s"} for number, page in enumerate(PAGES)}
    document = {
        "verify": 1,
        "system": "benchmark",
        "document": "benchmarks/README.md",
        "baseline": "none",
        "environments": {
            "bench": {"url": url, "trust": trust.name, "protection": "disposable", "gate": ["smoke"]}
        },
        "endpoints": {"health": {"path": "/health/"}, **endpoints},
        "claims": {
            f"CHECK-{number}": {"says": "one of sixty", "at": "here", **rule}
            for number, (rule, _) in enumerate(rules())
        },
    }
    path = folder / "verify.yaml"
    path.write_text(yaml.safe_dump(document))
    return path
