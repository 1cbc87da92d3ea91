"""What was asked for, whoever asked: the plugin, the command, a test."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

from verify.model.units import Duration, seconds


class UsageError(Exception):
    """Something was asked for that cannot be done; nothing was sent. The message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Selection and switches of one run; empty means no restriction."""

    environment: str | None = None
    suites: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    expect_version: str | None = None
    allow_destructive: str | None = None
    waivers: bool = True
    evidence: Path | None = None
    faults: tuple[str, ...] = ()
    today: dt.date = field(default_factory=lambda: dt.datetime.now(dt.UTC).date())
    deadline: Duration = field(default=seconds(10))
    #: how long the blockers are repeated after a green gate, None for not at all
    watch: Duration | None = None
    watch_interval: Duration | None = None

    @property
    def repeated(self) -> tuple[str, ...]:
        """Return what has to be given again, as on a command line, for the same verdict."""
        return (
            *([f"--expect-version={self.expect_version}"] if self.expect_version else ()),
            *([f"--allow-destructive={self.allow_destructive}"] if self.allow_destructive else ()),
            *([] if self.waivers else ("--no-waivers",)),
            *([f"--watch={self.watch}"] if self.watch else ()),
            *([f"--watch-interval={self.watch_interval}"] if self.watch_interval else ()),
            *(f"--fault={fault}" for fault in self.faults),
        )
