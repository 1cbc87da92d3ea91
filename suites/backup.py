"""Can what was promised be restored, completely and in time?"""

from verify.model.need import Effect
from verify.model.suite import Suite

SUITE = Suite(
    name="backup",
    answers=__doc__ or "",
    order=4,
    effects=Effect.DESTROYS,
)
