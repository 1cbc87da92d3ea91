"""``deploy-verify explain``: the page of a rule, or a claim with what judges it."""

import argparse
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from verify.cli.common import add_contract, prepare_at, read_contract
from verify.contract.errors import ContractError
from verify.contract.load import Loaded, load
from verify.contract.words import offer
from verify.effects.files import read_regular
from verify.judge.binding import Claim
from verify.judge.page import page
from verify.judge.registry import Registry
from verify.model.verdict import Standing
from verify.run.locate import candidates, choose, shown
from verify.run.options import UsageError
from verify.run.session import Prepared


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
    prepared = _contract_of(arguments)
    claims = {entry.claim.id: entry for entry in prepared.plan.entries}
    entry = claims.get(arguments.what)
    if entry is None:
        raise UsageError(
            f"unknown rule or claim {arguments.what!r}: {offer(arguments.what, [*claims, *registry.ids])}"
        )
    for line in _claim(entry.claim, entry.standing):
        print(line)
    return 0


def _contract_of(arguments: argparse.Namespace) -> Prepared:
    """Return the contract that is chosen, or the only one here; of several, the one with this claim."""
    here = Path.cwd()
    found = candidates((here,)) if arguments.contract is None else []
    if len(found) <= 1:
        return read_contract(arguments)
    readable: dict[Path, Loaded] = {}
    problems: list[ContractError] = []
    for path in found:
        try:
            readable[path] = load(read_regular(path), shown(path, here))
        except ContractError as error:  # it hides no claim of the others
            problems.append(error)
    having = [path for path, loaded in readable.items() if arguments.what in loaded.contract.claims]
    if len(having) == 1:
        return prepare_at(having[0])
    if having:
        raise UsageError(f"{arguments.what} is a claim of several contracts; {choose(having, here)}")
    if problems:
        raise problems[0]
    ids = [claim for loaded in readable.values() for claim in loaded.contract.claims]
    raise UsageError(
        f"unknown rule or claim {arguments.what!r}: {offer(arguments.what, [*ids, *Registry().ids])}"
    )


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
