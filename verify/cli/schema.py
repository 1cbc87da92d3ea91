"""``deploy-verify schema``: the JSON Schema of the contract, for editors, and its page, for people."""

import argparse
import json
from typing import Any

from verify.judge.contract_page import contract_page
from verify.judge.registry import Registry
from verify.judge.schema import contract_schema


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("schema", help="print the JSON Schema (draft-07) of verify.yaml")
    parser.add_argument("--page", action="store_true", help="print the page of each key, as Markdown")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    print(contract_page() if arguments.page else text(), end="")
    return 0


def text() -> str:
    """Return the schema as it is kept in docs/."""
    return json.dumps(contract_schema(Registry()), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
