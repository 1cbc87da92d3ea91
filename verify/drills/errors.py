"""What can go wrong with a drill.

DrillError            we could not see: inconclusive
└── NotRestorable     the backup is at fault: violated
"""

from verify.effects.errors import EffectError
from verify.facts.backup import STAGES, Step


class DrillError(EffectError):
    """A drill ended before it could tell, for a reason that is not the backup's.

    ``stage`` is one of ``verify.facts.backup.STAGES``; ``reason`` names what was attempted, what was
    expected, and what to do, without secrets; ``steps`` are those taken until then.
    """

    def __init__(self, stage: str, reason: str, *, steps: tuple[Step, ...] = ()) -> None:
        """Keep the parts beside the message; raise ``ValueError`` for a stage that does not exist."""
        if stage not in STAGES:
            raise ValueError(f"{stage!r} is no stage of a drill: one of {', '.join(STAGES)}")
        super().__init__(f"{stage}: {reason}")
        self.stage = stage
        self.reason = reason
        self.steps = steps


class NotRestorable(DrillError):  # noqa: N818 - it is something seen, not a mistake of the program
    """The backup cannot be restored, whoever tries: ``stage`` says where it ends."""
