"""Does the system bear the promised load at the promised latency?"""

from verify.model.need import Effect
from verify.model.suite import Suite

SUITE = Suite(
    name="load",
    answers=__doc__ or "",
    order=5,
    effects=Effect.CONSUMES,
)
