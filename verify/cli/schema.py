"""``deploy-verify schema``: the JSON Schema of the contract, for editors."""

import argparse
import json
from typing import Any

from verify.judge.registry import Registry
from verify.judge.schema import contract_schema


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("schema", help="print the JSON Schema (draft-07) of verify.yaml")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - every subcommand is called alike
    """Print it."""
    print(text(), end="")
    return 0


def text() -> str:
    """Return the schema as it is kept in docs/."""
    return json.dumps(contract_schema(Registry()), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
