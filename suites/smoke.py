"""Does the deployed system answer as promised?"""

from verify.model.need import Effect
from verify.model.suite import Suite

SUITE = Suite(
    name="smoke",
    answers=__doc__ or "",
    order=1,
    effects=Effect.DESTROYS,
)
