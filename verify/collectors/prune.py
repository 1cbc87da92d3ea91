"""Replays what prunes a backup: the team's own commands, over simulated days, in a folder of ours."""

from collections.abc import Iterator

from verify.collectors.world import World, in_turn
from verify.drills.prune.replay import Plan, replay
from verify.effects.errors import EffectError
from verify.facts.prune import Prune, Replayed
from verify.facts.schedule import EXTRA, Schedule, ScheduleError
from verify.model.need import Need

DEADLINE = 600.0  # seconds for all days of one replay
_NIGHTLY = "0 2 * * *"


def collect(needs: tuple[Prune, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each replay."""
    yield from in_turn(_see, needs, world)


def _see(need: Prune, world: World) -> Replayed:
    spec = world.contract.backups[need.backup]
    commands = [command for command in (spec.script, spec.prune) if command is not None]
    if not commands:
        raise EffectError(
            f"backups.{need.backup}: nothing of the team's prunes it: state `script:` or `prune:`"
        )
    try:
        schedule = Schedule.parse(spec.schedule or _NIGHTLY, spec.timezone or "UTC")
    except ScheduleError as error:
        raise EffectError(f"backups.{need.backup}.schedule: {error}") from error
    except ImportError as error:
        raise EffectError(f"{error.name} is not installed: {EXTRA}") from error
    plan = Plan(
        backup=need.backup,
        commands=commands,
        cwd=world.root,
        schedule=schedule,
        names=() if spec.script is not None else (f"{need.backup}-%Y%m%dT%H%M%SZ.dump",),
        store=spec.store,
        days=need.days,
    )
    if world.journal is None:
        raise EffectError("nothing records what a replay makes: it belongs to a run")
    with world.journal.workspace("prune") as folder:
        return replay(plan, folder, deadline=DEADLINE, journal=world.journal, stop=world.stopping)
