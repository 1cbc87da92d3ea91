"""The release that answers is the one that was deployed.

A gate that judges the old release passes a broken deployment. Which one is
expected stands on the command line, ``--expect-version``; the environment's ``version:`` says where the
running one is read. The reference expects its own ``release:``.

Fix: wait for the roll-out to end, or look for a replica that still runs the old release.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.http import SHOWS_NOTHING
from verify.facts.readiness import Readiness, Ready
from verify.rules import Finding, Nothing, Seen, Stated, Unknown, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """Nothing is stated: the expected version belongs to the run."""

    def needs(self) -> dict[str, Ready]:
        """Ask for the readiness that the environment defines."""
        return {"readiness": Ready()}


STATED = Params()
GOOD = Readiness(ready=True, version="1.4.0", expected="1.4.0")
HOLDS = given(STATED, readiness=GOOD)
FAILS = given(STATED, readiness=replace(GOOD, version="1.3.9"))


@rule(severity="blocker", baseline=True, faults=["wrong-version"], telling=SHOWS_NOTHING)
def check(readiness: Readiness, stated: Params) -> Iterator[Finding | Unknown | Nothing | Seen]:  # noqa: ARG001 - a rule names its parameters even where they hold nothing
    """Compare the version that answered with the expected one."""
    if readiness.expected is None:
        yield Nothing("no version is expected: give --expect-version")
    elif readiness.version is None:
        yield Unknown(
            f"{readiness.url} shows no version: {readiness.reason or 'see `version:` in the contract'}"
        )
    else:
        yield Seen(readiness.version, what="version")
        if readiness.version != readiness.expected:
            yield Finding(readiness.url, "another version answers", readiness.expected, readiness.version)
