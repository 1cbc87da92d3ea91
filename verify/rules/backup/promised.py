"""The contract promises of each backup: that it restores, its RTO, its RPO, and how long it is kept.

A plan that says "daily backups" and nothing more has left four questions to the night on which they
matter: does it restore, within what time (RTO), how much is lost (RPO), and from how far back. What
nobody promised nobody checks, and everything that is checked may hold beside it.

Fix: decide it with whoever would lose the data, write it down, and claim it: `backup/restores`,
`backup/rto` or a drill's `recovery/within`, `backup/rpo`, `backup/prune` or `backup/retention`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from verify.facts.promises import Promise, Promises
from verify.rules import BackupName, Finding, Nothing, Seen, Some, Stated, given, rule

#: what is asked of a backup, and the rules that judge it
JUDGED: Mapping[str, frozenset[str]] = {
    "restore": frozenset({"backup/restores", "recovery/within"}),
    "rto": frozenset({"backup/rto", "recovery/within"}),
    "rpo": frozenset({"backup/rpo"}),
    "retention": frozenset({"backup/retention", "backup/prune"}),
}


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup, and which of the four have to be promised."""

    backup: BackupName
    of: Some[Literal["restore", "rto", "rpo", "retention"]] = ("restore", "rto", "rpo", "retention")


STATED = Params(backup="db")
CLAIMS = """backups:
  db: {}  # finding
claims:
  A: {checks: [{rule: backup/restores, with: {backup: db}}, {rule: backup/prune, with: {backup: db}}]}
  B: {rule: recovery/within, with: {drill: lost, within: 15m}}
  C: {rule: backup/rpo, with: {backup: %s, within: 1h}}
drills: {lost: {backup: db}}
"""
HOLDS = [
    given(STATED, {"verify.yaml": CLAIMS % "db"}),
    given(Params(backup="db", of=("rpo",)), {"verify.yaml": CLAIMS % "db"}),
]
FAILS = [
    given(STATED, {"verify.yaml": CLAIMS % "other"}),
    given(STATED, {"verify.yaml": (CLAIMS % "db").replace("C: {", "C: {kind: gap, ")}),
]


def judges(promise: Promise, what: str) -> bool:
    """Tell whether a check is about it, by its rule or by the name of what it states."""
    return promise.rule in JUDGED[what] or what in promise.states


@rule(severity="error")
def check(contract: Promises, stated: Params) -> Iterator[Finding | Nothing | Seen]:
    """Look for a claim of each."""
    if stated.backup not in contract.backups:
        yield Nothing(f"{contract.path} states no backup {stated.backup}")
        return
    made = contract.of(stated.backup)
    found = {what: [each.claim for each in made if judges(each, what)] for what in stated.of}
    yield Seen(", ".join(f"{what} {'/'.join(claims) or 'nowhere'}" for what, claims in found.items()))
    for what, claims in found.items():
        if not claims:
            place = contract.place(stated.backup)
            yield Finding(
                place, f"{stated.backup}: nothing promises its {what}", f"a claim of its {what}", "none"
            )
