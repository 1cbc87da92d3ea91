"""Do the files that describe the deployment say what is promised?"""

from verify.model.need import Effect
from verify.model.suite import Suite

SUITE = Suite(
    name="policy",
    answers=__doc__ or "",
    order=0,
    effects=Effect.READS,
)
