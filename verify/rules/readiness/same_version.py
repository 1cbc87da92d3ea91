"""Every replica answers with the same version.

A roll-out that stopped half-way serves two releases at once: users get either, and what
was tested is only a part of what runs. Several connections are opened, because a load
balancer chooses a replica for each.

Fix: let the roll-out end, or roll back; then look for the replica that kept its release.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.replicas import Sample, Versions
from verify.rules import Finding, Seen, Stated, Times, Unknown, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """How many connections are looked at; enough that every replica is likely to answer."""

    requests: Times = 10

    def needs(self) -> dict[str, Sample]:
        """Ask for the version that often."""
        return {"versions": Sample(count=self.requests)}


STATED = Params(requests=3)
HOLDS = given(STATED, versions=Versions(shown=("1.4.0", "1.4.0", "1.4.0")))
FAILS = given(STATED, versions=Versions(shown=("1.4.0", "1.3.9", "1.4.0")))


@rule(severity="error", faults=["mixed-versions"])
def check(versions: Versions, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Compare the versions with one another."""
    found = Counter(version for version in versions.shown if version is not None)
    silent = stated.requests - found.total()
    listed = ", ".join(f"{version} ({times} times)" for version, times in found.most_common())
    yield Seen(listed or "none", what=f"versions over {stated.requests} connections")
    if len(found) > 1:
        yield Finding(versions.url, "replicas run different versions", "one version", listed)
    elif silent:
        statuses = ", ".join(map(str, sorted(set(versions.statuses))))
        yield Unknown(
            f"{versions.url}: {silent} of {stated.requests} answers ({statuses}) show no version, "
            "so they cannot be compared: see `version:` of the environment"
        )
