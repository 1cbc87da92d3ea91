"""Every other claim of a suite holds, in this run and this environment.

"All smoke tests pass after the deployment" is a promise like any other, and somebody reads the page
that it stands on. It is kept when nothing of the suite is violated, all of it could be judged, and
none of it was left out. What is waived, and what is stated for other environments or forbidden by
this one's protection, is told and does not count; nor do a team's own tests, and what `--watch`
sees later. Whether to promote is decided without it: each of its claims has its say already. Of the
reference's faults one is named for all: what violates another claim of the suite violates this one.

Fix: mend what it names. Where claims were left out, run the whole suite: no `-k`, no `--claim`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.gate import Gate, Judged, Told
from verify.model.verdict import Outcome
from verify.rules import Finding, Seen, Stated, SuiteName, Unknown, given, rule

MOST = 5  # claims that one line names


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The suite whose other claims have to hold."""

    suite: SuiteName = "smoke"

    def needs(self) -> dict[str, Judged]:
        """Ask for the verdicts."""
        return {"gate": Judged(suite=self.suite)}


STATED = Params()
GOOD = Gate(
    suite="smoke",
    claims=(Told(claim="A", outcome=Outcome.HOLDS), Told(claim="B", outcome=Outcome.WAIVED)),
    elsewhere=("C",),
)
BAD = Told(claim="D", outcome=Outcome.VIOLATED, why="wrong status, seen 503")
HOLDS = given(STATED, gate=GOOD)
FAILS = [
    given(STATED, gate=replace(GOOD, claims=(*GOOD.claims, BAD))),
    given(STATED, gate=replace(GOOD, claims=(BAD,), left_out=("E",))),
]


@rule(severity="error", faults=["no-hsts"])
def check(gate: Gate, stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Name each claim that does not hold."""
    held = gate.named(Outcome.HOLDS)
    apart = (("waived", gate.named(Outcome.WAIVED)), ("not judged here", gate.elsewhere))
    told = "; ".join(f"{word}: {shown(names)}" for word, names in apart if names)
    yield Seen(len(held), what=f"claims of suite {stated.suite} that hold" + (f" ({told})" if told else ""))
    for each in gate.claims:
        if each.outcome is Outcome.VIOLATED:
            yield Finding(
                f"{stated.suite}::{each.claim}", "a claim of the gate is violated", "holds", each.why
            )
    unclear = [each for each in gate.claims if each.outcome is Outcome.INCONCLUSIVE]
    if unclear:
        names = shown(gate.named(Outcome.INCONCLUSIVE))
        yield Unknown(f"inconclusive in suite {stated.suite}: {names}; the first because: {unclear[0].why}")
    if gate.left_out:
        yield Unknown(f"run the whole suite {stated.suite}: this run leaves out {shown(gate.left_out)}")
    elif not (held or unclear):
        yield Unknown(f"no other claim of suite {stated.suite} was judged and holds")


def shown(names: tuple[str, ...]) -> str:
    """Return the first of ``names``, and how many more there are."""
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more
