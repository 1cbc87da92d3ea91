"""``deploy-verify reference``: runs the reference system until Ctrl-C."""

import argparse
import secrets
import threading
from contextlib import ExitStack
from typing import Any

from verify.cli.common import add_contract, read_contract
from verify.contract.reference import ReferenceSpec
from verify.effects.journal import journal_of
from verify.effects.signals import held
from verify.run.options import UsageError


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("reference", help="run the embedded reference system until Ctrl-C")
    add_contract(parser)
    parser.add_argument("--env", help="take the shape of this environment of the contract")
    parser.add_argument("--fault", action="append", default=[], help="break one promise (repeatable)")
    parser.add_argument("--faults", action="store_true", help="list the faults and stop")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Start it, say where it is, wait."""
    from verify.reference.faults import FAULTS

    if arguments.faults:
        for name, fault in sorted(FAULTS.items()):
            print(f"{name:28} {fault.summary}")
        return 0
    from verify.reference.system import Reference

    with ExitStack() as closing:
        with held():  # an interrupt must not find a journal that nobody closes
            journal = closing.enter_context(journal_of(f"reference-{secrets.token_hex(4)}"))
        running = closing.enter_context(
            Reference.start(_spec(arguments), journal=journal, faults=arguments.fault)
        )
        print(f"url      {running.url}\nplain    {running.plain_url}\nca file  {running.ca_file}")
        if running.monitoring:
            print(f"watched  {running.monitoring}")
        for name, token in running.accounts.items():
            print(f"account  {name}: Authorization: Bearer {token}")
        print(f"faults   {', '.join(sorted(running.faults)) or 'none'}")
        # whoever starts it in a pipe waits for this line
        print("Ctrl-C stops it and removes everything.", flush=True)
        threading.Event().wait()
    return 0


def _spec(arguments: argparse.Namespace) -> ReferenceSpec:
    if arguments.contract is None and arguments.env is None:
        return ReferenceSpec()
    environments = read_contract(arguments).loaded.contract.environments
    name = arguments.env or "reference"
    if name not in environments or environments[name].reference is None:
        raise UsageError(f"environment {name!r}: expected one with `reference:` in the contract")
    return environments[name].reference or ReferenceSpec()
