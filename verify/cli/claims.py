"""``deploy-verify claims``: what is stated, and what nobody checks."""

import argparse
from typing import Any

from verify.cli.common import add_contract, read_contract
from verify.judge.binding import Claim


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("claims", help="list the claims of a contract")
    add_contract(parser)
    parser.add_argument("--missing", action="store_true", help="only those that nothing checks yet")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each claim, then the count."""
    entries = read_contract(arguments).plan.entries
    claims = {entry.claim.id: entry.claim for entry in entries if not entry.claim.baseline}
    shown = [claim for claim in claims.values() if not arguments.missing or _missing(claim)]
    for claim in shown:
        print(f"{claim.id:10} {_how(claim):34} {claim.says}")
    missing = sum(map(_missing, claims.values()))
    unverifiable = sum(claim.unverifiable is not None for claim in claims.values())
    checked = len(claims) - missing - unverifiable
    print(f"{len(claims)} stated, {checked} with a check, {missing} without, {unverifiable} unverifiable")
    return 0


def _missing(claim: Claim) -> bool:
    return not claim.checks and claim.unverifiable is None


def _how(claim: Claim) -> str:
    if claim.unverifiable is not None:
        return "unverifiable"
    return ", ".join(dict.fromkeys(bound.check.rule.id for bound in claim.checks)) or "without a check"
