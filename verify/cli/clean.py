"""``deploy-verify clean``: removes what runs left behind that were killed."""

import argparse
from typing import Any

from verify.effects.journal import clean
from verify.run import leftovers


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("clean", help="remove what killed runs left behind")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - every subcommand is called alike
    """Print a line for each thing found; return 1 where something could not be removed."""
    leftovers.register()
    found = clean()
    for reaped in found:
        print(reaped)
    if not found:
        print("nothing was left behind")
    return 0 if all(reaped.done for reaped in found) else 1
