"""A migration goes backwards, and forwards again to the same schema.

A release that is rolled back leaves its migrations behind, unless they can be undone. Whether they can
is usually found out when they must: an operation without its reverse, an index that comes back without
its condition. The newest backup is restored into a place of its own, the stated commands are run on
it, and the schema is compared, fact by fact.

Fix: give every operation its reverse (in Django `reverse_code`, `reverse_sql`), and let the pipeline
run both ways; what cannot be undone needs a backup before it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.contract.backup import Command as CommandSpec
from verify.contract.backup import Runs
from verify.facts.equality import Difference
from verify.facts.reversal import Program, Reversal, Reverse, Way
from verify.rules import BackupName, Finding, ReferenceSpec, Seen, Stated, given, rule

MOST = 20  # differences that are shown


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The backup to try it on, and the commands, in which `{target}` is the copy's address."""

    backup: BackupName
    back: Runs
    forth: Runs

    def needs(self) -> dict[str, Reverse]:
        """Ask for both ways."""
        back, forth = (
            Program(run=each.run, env=tuple(each.env.items()), within=each.within)
            for each in (self.back, self.forth)
        )
        return {"reversal": Reverse(backup=self.backup, back=back, forth=forth)}


STATED = Params(
    backup="database",
    back=CommandSpec(run=("manage", "migrate", "app", "0006")),
    forth=CommandSpec(run=("manage", "migrate", "app")),
)
WELL = Way(returncode=0)
GOOD = Reversal(backup="database", artefact="a.dump", back=WELL, forth=WELL, changed=True, facts=90)
LOST = Difference(what="index app_name_idx", source="btree (name)", copy="absent")
HOLDS = given(STATED, reversal=GOOD)
FAILS = [
    given(STATED, reversal=replace(GOOD, back=Way(returncode=1, words="IrreversibleError"), forth=None)),
    given(STATED, reversal=replace(GOOD, forth=Way(returncode=None))),
    given(STATED, reversal=replace(GOOD, differences=(LOST,))),
    given(STATED, reversal=replace(GOOD, changed=False)),
]


def hides(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as every rule has it
    """Tell whether no backup comes to be restored."""
    return fault in {"backup-empty", "backup-not-uploaded", "backup-truncated"}


@rule(severity="error", faults=["migration-one-way"])
def check(reversal: Reversal, stated: Params) -> Iterator[Finding | Seen]:
    """Judge how both ways ended, and what they left."""
    yield Seen(reversal.facts, what="facts of the schema compared")
    for name, command, way in (("back", stated.back, reversal.back), ("forth", stated.forth, reversal.forth)):
        if way is not None and way.returncode != 0:
            how = "it had not ended" if way.returncode is None else f"{way.returncode}: {way.words}"
            yield Finding(f"{name}: {' '.join(command.run)}", f"the way {name} fails", "0", how)
            return
    if not reversal.changed:
        place = f"back: {' '.join(stated.back.run)}"
        yield Finding(place, "the way back changes nothing", "an earlier schema", "the same database")
    for each in reversal.differences[:MOST]:
        yield Finding(f"{stated.backup}: {each.what}", "not as it was before", each.source, each.copy)
