"""The command ``deploy-verify``: one file a subcommand, each with ``add`` and ``run``."""

import argparse
import io
import os
import sys
from collections.abc import Sequence

from verify import __version__
from verify.cli import claims, clean, decision, demo, explain, reference, rules, schema
from verify.contract.errors import ContractError
from verify.effects.errors import EffectError
from verify.effects.signals import graceful
from verify.judge.proof import ProofError
from verify.judge.registry import UnknownRuleError
from verify.judge.rule import RuleError
from verify.reference.errors import ReferenceSystemError
from verify.run.options import UsageError

COMMANDS = (demo, decision, reference, explain, rules, claims, schema, clean)
VIOLATED, USAGE = 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; return 0, 1 where something does not hold, 2 for wrong use."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # what a terminal or a pipe has no character for is shown as its number
        sys.stdout.reconfigure(errors="backslashreplace")
    parser = argparse.ArgumentParser(prog="deploy-verify", description=__doc__.partition(":")[0] + ".")
    parser.add_argument("--version", action="version", version=f"deploy-verify {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    arguments = parser.parse_args(argv)
    try:
        return _run(arguments)
    except BrokenPipeError:
        # whoever read our output has seen enough; what is still buffered has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(arguments: argparse.Namespace) -> int:
    try:
        with graceful() as interruption:
            try:
                code: int = arguments.run(arguments)
            except KeyboardInterrupt:
                code = interruption.exit_code or 130
    except ProofError as error:
        return _fail(error, VIOLATED)
    except (
        ContractError,
        EffectError,
        ReferenceSystemError,
        RuleError,
        UnknownRuleError,
        UsageError,
    ) as error:
        return _fail(error, USAGE)
    sys.stdout.flush()
    return code


def _fail(error: Exception, code: int) -> int:
    print(f"deploy-verify: {error}", file=sys.stderr)
    return code
