"""``deploy-verify decision``: what the last run decided, for a pipeline to branch on."""

import argparse
import json
from pathlib import Path
from typing import Any

from verify.effects.files import read_regular
from verify.model.verdict import Decision
from verify.run.options import UsageError

#: not 1 to 5, which are pytest's
CODES = {Decision.PROMOTE: 0, Decision.HOLD: 10, Decision.ROLL_BACK: 20}
_LIMIT = 64 * 1024 * 1024


def add(commands: Any) -> None:
    """Add the subcommand."""
    codes = ", ".join(f"{code} {decision}" for decision, code in CODES.items())
    parser = commands.add_parser("decision", help=f"print what a run decided; exit with {codes}")
    parser.add_argument(
        "file", nargs="?", type=Path, default=Path("reports/verdict.json"), help="by default %(default)s"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the decision; raise ``UsageError`` for a file that holds none."""
    try:
        document = json.loads(read_regular(arguments.file, limit=_LIMIT))
        decision = Decision(document["decision"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"{arguments.file}: expected the verdict.json of a run: {error!r}") from error
    print(decision)
    return CODES[decision]
