"""``deploy-verify rules``: every rule, its proofs, its page."""

import argparse
from pathlib import Path
from typing import Any

from verify.effects.files import atomic_write
from verify.judge.page import page
from verify.judge.proof import prove
from verify.judge.registry import Registry


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("rules", help="list the rules, run their proofs, write their pages")
    parser.add_argument("--suite", help="of this suite only")
    parser.add_argument("--prove", action="store_true", help="run the proofs of each rule")
    parser.add_argument("--write-pages", type=Path, metavar="DIR", help="write one page a rule and an index")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each rule."""
    rules = [rule for rule in Registry().all() if arguments.suite in {None, rule.suite}]
    if arguments.write_pages is not None:
        for path, text in pages(Registry()).items():
            target = arguments.write_pages / path
            target.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(target, text)
        return 0
    for rule in rules:
        proofs = f"{prove(rule)} proofs pass  " if arguments.prove else ""
        print(f"{rule.id:26} {rule.suite:10} {rule.about.severity:8} {proofs}{rule.title}")
    return 0


def pages(registry: Registry) -> dict[str, str]:
    """Return the text of each page by its path: one a rule, and ``index.md``."""
    rules = list(registry.all())
    index = ["# Rules", "", "One file a rule; this page and each rule's are written from those files.", ""]
    index += ["| rule | suite | severity | what holds |", "|---|---|---|---|"]
    index += [
        f"| [{rule.id}]({rule.id}.md) | {rule.suite} | {rule.about.severity} | {rule.title} |"
        for rule in rules
    ]
    return {"index.md": "\n".join(index) + "\n"} | {f"{rule.id}.md": page(rule) for rule in rules}
