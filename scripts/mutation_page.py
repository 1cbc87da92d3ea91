"""Writes the figures of a mutation run as a page."""

import datetime as dt
import platform
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.mutants import Mutant

ROOT = Path(__file__).resolve().parent.parent
HEAD = """\
# Mutation

A rule that cannot fail looks like one that holds. So the code of every smoke rule, and of the
facts it reads, is changed in small ways, one at a time, and each change must be noticed: by the
rule's own `HOLDS` and `FAILS`, else by the unit tests. Written by
`.venv/bin/python -m scripts.mutate --page docs/reference/mutation.md`.
"""
TAIL = """\
Changed are comparisons, `and`/`or`, `not`, arithmetic, conditions, numbers (by one), texts (by a
suffix), and statements that yield, return, skip or raise, which are left out. Not changed are
imports, annotations, docstrings, decorators, `breaks` (the matrix of faults judges it), the proofs
themselves, and the fields of facts. Left out as well are the texts that only people read, of
findings and of what was seen: no verdict depends on them, and `--texts` counts them apart.
"""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One mutant, where it was, and who noticed it: ``proof``, ``test``, ``deadline`` or ``nobody``."""

    module: str
    mutant: Mutant
    by: str

    @property
    def name(self) -> str:
        """Return the mutant as ``equivalent.yaml`` names it."""
        return f"{self.short} {self.mutant}"

    @property
    def short(self) -> str:
        """Return the module without what all have in common."""
        return self.module.removeprefix("verify.")

    @property
    def family(self) -> str:
        """Return the folder of a rule, ``facts`` of a fact."""
        return self.short.split(".")[1] if self.short.startswith("rules.") else "facts"


def judged(outcomes: Iterable[Outcome]) -> tuple[list[Outcome], list[Outcome]]:
    """Return the mutants that may change a verdict, and those of them that nobody noticed."""
    counted = [one for one in outcomes if not one.mutant.words]
    return counted, [one for one in counted if one.by == "nobody"]


def page(outcomes: list[Outcome], equivalent: Mapping[str, str], began: str) -> Iterator[str]:
    """Yield the lines of the page; ``began`` is the commit at the start of the run."""
    counted, survived = judged(outcomes)
    words = [one for one in outcomes if one.mutant.words]
    today = dt.datetime.now(tz=dt.UTC).date()
    yield HEAD
    ended = commit()
    at = began if ended == began else f"{began}, while the tree changed to {ended}"
    yield f"Run of {today} at {at}, Python {platform.python_version()}: {_share(counted)} noticed."
    yield f"Of the texts {_share(words)}.\n" if words else ""
    for title, key in (("family", "family"), ("module", "short")):
        yield from _table(title, key, outcomes)
        yield ""
    yield TAIL
    yield "## Not noticed, because nothing changes\n"
    for one in survived:
        if one.name in equivalent:
            yield f"- `{one.name}`: {equivalent[one.name]}"
    yield "\n## Not noticed\n"
    for one in survived:
        if one.name not in equivalent:
            yield f"- `{one.name}`"


def _table(title: str, key: str, outcomes: list[Outcome]) -> Iterator[str]:
    yield f"| {title} | noticed | of | share | by proofs | by tests | by deadline |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for name in dict.fromkeys(getattr(one, key) for one in outcomes):
        mine = [one for one in outcomes if getattr(one, key) == name]
        counted, survived = judged(mine)
        by = Counter(one.by for one in counted)
        share = 100 * (1 - len(survived) / len(counted)) if counted else 100.0
        yield (
            f"| {name} | {len(counted) - len(survived)} | {len(counted)} | {share:.0f} % "
            f"| {by['proof']} | {by['test']} | {by['deadline']} |"
        )


def _share(outcomes: list[Outcome]) -> str:
    noticed = sum(one.by != "nobody" for one in outcomes)
    return f"{noticed} of {len(outcomes)} ({100 * noticed / max(1, len(outcomes)):.1f} %)"


def commit() -> str:
    """Return the commit of the tree, and whether what is judged differs from it."""
    git = ("git", "-c", "safe.directory=*")
    asked = [
        subprocess.run([*git, *arguments], cwd=ROOT, check=False, capture_output=True, text=True, timeout=30)
        for arguments in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "verify", "tests/unit"))
    ]
    if asked[0].returncode != 0:
        return "an unknown commit"
    return f"commit {asked[0].stdout.strip()}" + (" with changes not committed" if asked[1].stdout else "")
