"""The deployment is ready within the stated time.

Nothing else can be judged of a system that does not answer yet. The environment's
readiness endpoint is polled until it gave the stated number of good answers in a row.
Where no time is stated with the rule, it is the one that the environment states:
`readiness: {within: …}`.

Fix: look at the last answer in the finding; start what it names, or state the time the
system really needs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.broken import GONE, unhealthy
from verify.facts.http import SHOWS_NOTHING, Exchange
from verify.facts.readiness import Readiness, Ready
from verify.rules import Duration, Finding, ReferenceSpec, Seen, Stated, Unknown, given, rule, seconds


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The longest time to wait, by default what the environment states."""

    within: Duration | None = None

    def needs(self) -> dict[str, Ready]:
        """Ask for the readiness that the environment defines."""
        return {"readiness": Ready()}


STATED = Params(within=seconds(30))
GOOD = Readiness(ready=True, took=seconds(3), last=Exchange(status=200))
HOLDS = [
    given(STATED, readiness=GOOD),
    given(Params(), readiness=replace(GOOD, took=seconds(200), within=seconds(300))),
]
FAILS = [
    given(STATED, readiness=replace(GOOD, took=seconds(31))),
    given(Params(), readiness=replace(GOOD, took=seconds(31), within=seconds(30))),
    given(STATED, readiness=Readiness(ready=False, last=Exchange(status=503), reason="last answer 503")),
]

STARTING = seconds(3)  # what slow-start takes


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether the health endpoint, which readiness asks, keeps it waiting too long."""
    if fault == "slow-start":  # an environment's own wait is longer than that
        return stated.within is not None and stated.within < STARTING
    if fault in GONE:
        return unhealthy(fault, reference)
    return True


@rule(
    severity="blocker",
    baseline=True,
    faults=[
        "never-ready",
        "slow-start",
        "health-wrong-status",
        "health-login",
        "wrong-version",
        "redis-down",
        "redis-hang",
        "database-down",
        "worker-down",
        "storage-down",
        "cert-expired",
        "cert-wrong-name",
        "cert-untrusted",
    ],
    telling=SHOWS_NOTHING,
)
def check(readiness: Readiness, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Compare the time to ready with the stated one."""
    within = readiness.within if stated.within is None else stated.within
    yield Seen(readiness.took, limit=within, what="ready after")
    if not readiness.ready:
        # nobody waited as long as the claim states: say where the wait is made longer
        short = f"the environment waits {readiness.within}: state `readiness: {{within: {within}}}` there"
        fix = short if readiness.within < within else ""
        yield Finding(readiness.url, "not ready", f"ready within {within}", readiness.reason, fix)
    elif readiness.took > within:
        yield Finding(readiness.url, "ready too late", stated=str(within), seen=readiness.took.beside(within))
