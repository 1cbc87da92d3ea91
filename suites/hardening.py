"""Are the running containers and hosts as closed as promised?"""

from verify.model.need import Effect
from verify.model.suite import Suite

SUITE = Suite(
    name="hardening",
    answers=__doc__ or "",
    order=2,
    effects=Effect.CONSUMES,
)
