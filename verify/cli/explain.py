"""``deploy-verify explain``: the page of a rule, or a claim with what judges it."""

import argparse
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from verify.cli.common import add_contract, read_contract
from verify.contract.words import offer
from verify.judge.binding import Claim
from verify.judge.page import page
from verify.judge.registry import Registry
from verify.model.verdict import Standing
from verify.run.options import UsageError


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("explain", help="show the page of a rule, or a claim and what judges it")
    parser.add_argument("what", metavar="RULE|CLAIM", help="such as redirect/https, or LEA-047")
    add_contract(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    registry = Registry()
    if arguments.what in registry.ids:
        print(page(registry.get(arguments.what)))
        return 0
    if "/" in arguments.what:
        registry.get(arguments.what)  # raises with the nearest name
    prepared = read_contract(arguments)
    claims = {entry.claim.id: entry for entry in prepared.plan.entries}
    entry = claims.get(arguments.what)
    if entry is None:
        raise UsageError(
            f"unknown rule or claim {arguments.what!r}: {offer(arguments.what, [*claims, *registry.ids])}"
        )
    for line in _claim(entry.claim, entry.standing):
        print(line)
    return 0


def _claim(claim: Claim, standing: Standing) -> Iterator[str]:
    yield f"{claim.id} {claim.says}"
    yield f"  stated at   {claim.at}"
    yield f"  contract    {claim.place}"
    if claim.unverifiable is not None:
        yield f"  unverifiable: {claim.unverifiable}"
    elif not claim.checks:
        yield f"  {standing}"
    for bound in claim.checks:
        rule, stated = bound.check.rule, bound.check.stated
        yield f"  judged by   {rule.id} (suite {rule.suite}, {rule.about.severity}): {rule.title}"
        for field in fields(stated) if stated is not None else ():  # type: ignore[arg-type]  # every Stated is a dataclass
            yield f"    {field.name} = {getattr(stated, field.name)}"
        if bound.environments is not None:
            yield f"    only in {', '.join(bound.environments)}"
