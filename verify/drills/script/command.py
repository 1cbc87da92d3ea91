"""A team's own program: its placeholders filled, run as it is, without a shell."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from verify.drills.clock import Clock
from verify.drills.postgres.address import Address
from verify.drills.script.shims import Shims
from verify.effects.process import Finished, clean_environment

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program and its arguments, variables of its own, and its deadline in seconds.

    Words and values may hold placeholders such as ``{source}``; ``cwd`` is the folder it runs in.
    """

    run: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    within: float = 900.0

    def names(self, placeholder: str) -> bool:
        """Say whether ``placeholder`` stands anywhere in it."""
        return any(placeholder in _PLACEHOLDER.findall(text) for text in (*self.run, *self.env.values()))


def address_values(name: str, address: Address | None) -> dict[str, str]:
    """Return the values of ``{name}``, ``{name_host}``, ``_port``, ``_user``, ``_password``, ``_name``."""
    if address is None:
        return {}
    at = address.parameters
    return {
        name: address.url,
        f"{name}_host": at.get("host", ""),
        f"{name}_port": at.get("port", "5432"),
        f"{name}_user": at.get("user", ""),
        f"{name}_password": address.password,
        f"{name}_name": address.database,
    }


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return ``text`` with the placeholders that ``values`` has; others stay as they are."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def execute(
    stage: str,
    command: Command,
    values: Mapping[str, str],
    clock: Clock,
    shims: Shims,
    *,
    environment: Mapping[str, str],
) -> Finished:
    """Run ``command`` with the stand-ins of ``shims`` first on its PATH; note it and all it called.

    It gets ``environment`` and its own variables. What is noted of it has no placeholder filled.
    """
    own = {name: fill(text, values) for name, text in command.env.items()}
    env = {**clean_environment(), **environment, **own}
    env["PATH"] = shims.on(env.get("PATH", ""))
    before = len(shims.calls())
    done = clock.run(
        stage,
        [fill(word, values) for word in command.run],
        env=env,
        cwd=command.cwd,
        deadline=command.within,
        shown=command.run,
    )
    clock.add(*(call.step(restoring=stage != "take") for call in shims.calls()[before:]))
    return done
