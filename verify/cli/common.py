"""What several subcommands share."""

import argparse
from pathlib import Path

from verify.run.locate import locate, shown
from verify.run.options import Options
from verify.run.session import Prepared, prepare


def add_contract(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the contract."""
    parser.add_argument("--contract", type=Path, metavar="FILE", help="by default the verify.yaml found here")


def read_contract(arguments: argparse.Namespace, options: Options | None = None) -> Prepared:
    """Return the contract that the options name, or the one found here."""
    return prepare_at(locate(arguments.contract, (Path.cwd(),)), options)


def prepare_at(path: Path, options: Options | None = None) -> Prepared:
    """Return the contract at ``path``, named as it could be typed here."""
    return prepare(path.absolute(), options or Options(), name=shown(path, Path.cwd()))
