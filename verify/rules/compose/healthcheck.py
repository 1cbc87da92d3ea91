"""Each stated service has a health check.

Without one a process that hangs counts as running: it gets traffic, and what depends
on it starts too early.

Fix: add a ``healthcheck:`` with a ``test`` that asks the service itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.compose import ComposeFile
from verify.rules import Finding, Place, Seen, Stated, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The services that need one; empty means every service of the files."""

    services: tuple[str, ...] = ()


STATED = Params()
HOLDS = [
    "services: {web: {healthcheck: {test: [CMD, check]}}}\n",
    given(
        Params(services=("web",)), {"compose.yml": "services: {web: {healthcheck: {test: x}}, once: {}}\n"}
    ),
]
FAILS = [
    "services:\n  web:  # finding\n    image: app:1\n",
    "services:\n  web:\n    healthcheck:  # finding\n      disable: true\n",
    "services:\n  web:\n    healthcheck:  # finding\n      test: [NONE]\n",
    given(Params(services=("web", "beat")), {"compose.yml": "services: {web: {healthcheck: {test: x}}}\n"}),
]


def asks(spec: object) -> bool:
    """Tell whether a ``healthcheck:`` really runs a test."""
    if not isinstance(spec, dict) or spec.get("disable") is True:
        return False
    return spec.get("test") not in (None, "", "NONE", ["NONE"], [])


@rule(severity="error", refs=["Compose Specification: healthcheck"])
def check(files: tuple[ComposeFile, ...], stated: Params) -> Iterator[Finding | Seen]:
    """Look at the health check of each service."""
    services = {service.name: service for file in files for service in file.services}
    wanted = stated.services or tuple(services)
    yield Seen(len(wanted), what="services looked at")
    for name in wanted:
        if name not in services:
            yield Finding(Place(files[0].path), f"no service {name}", name, ", ".join(sorted(services)))
        elif not asks(services[name].spec.get("healthcheck")):
            yield Finding(
                services[name].place("healthcheck"), f"{name} has no health check", "a test", "none"
            )
