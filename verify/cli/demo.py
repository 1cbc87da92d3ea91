"""``deploy-verify demo``: boots the reference, judges a real contract on it, writes the reports."""

import argparse
import os
from pathlib import Path
from typing import Any

from verify.effects.state import left_as_found
from verify.run.options import UsageError
from verify.run.suites import bundled

SYSTEM = "leather_api"


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("demo", help="judge a real contract on the embedded reference system")
    parser.add_argument("--system", default=SYSTEM, help=f"which of the systems that ship ({SYSTEM})")
    parser.add_argument("--fault", action="append", default=[], help="break one promise (repeatable)")
    parser.add_argument("--suite", action="append", default=[], help="judge this suite only (repeatable)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run pytest on the contract as a user would; return its exit code."""
    import pytest  # the other subcommands do without

    systems = bundled("systems")
    contract = systems / arguments.system / "verify.yaml"
    if not contract.exists():
        known = ", ".join(sorted(path.parent.name for path in systems.glob("*/verify.yaml")))
        raise UsageError(f"unknown system {arguments.system!r}: expected one of {known}")
    chosen = [f"--verify-fault={fault}" for fault in arguments.fault]
    chosen += [f"--verify-suite={suite}" for suite in arguments.suite]
    # no configuration of the folder we happen to be in: the demo is the same everywhere
    quiet = [
        "-q",
        "--no-header",
        "--tb=no",
        f"-c{os.devnull}",
        f"--rootdir={Path.cwd()}",
        "--noconftest",
        "-pno:cacheprovider",
    ]
    with left_as_found():  # a first look leaves nothing in the home folder but a cache
        code = pytest.main([*quiet, "--verify-env=reference", f"--verify-contract={contract}", *chosen])
    if code <= pytest.ExitCode.TESTS_FAILED and not arguments.fault:
        print("\nBreak a promise and look again:  deploy-verify demo --fault no-hsts")
    return int(code)
