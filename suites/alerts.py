"""Would the alerts fire when they should, and stay silent otherwise?"""

from verify.model.need import Effect
from verify.model.suite import Suite

SUITE = Suite(
    name="alerts",
    answers=__doc__ or "",
    order=3,
    effects=Effect.READS,
)
