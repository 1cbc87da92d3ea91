"""Each stated service has a health check.

Without one a process that hangs counts as running: it gets traffic, and what depends
on it starts too early.

Variables, ``extends``, ``include`` and several files count as compose/restart-policy says.

Fix: add a ``healthcheck:`` with a ``test`` that asks the service itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.compose import ComposeFile, Service, Unresolved
from verify.rules import Finding, Place, Seen, Stated, Unknown, given, rule


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
    "services:\n  web:\n    healthcheck:  # finding\n      test: x\n      disable: 'yes'\n",
    {
        "a/compose.yml": "services:\n  web:  # finding\n    image: app:1\n",
        "b/compose.yml": "services: {web: {image: app:1, healthcheck: {test: x}}}\n",
    },
]


def asks(service: Service) -> bool | Unresolved:
    """Tell whether a ``healthcheck:`` really runs a test."""
    stated = service.value("healthcheck")
    if not isinstance(stated, dict):
        return stated if isinstance(stated, Unresolved) else False
    disabled = service.flag("healthcheck", "disable") if "disable" in stated else False
    if disabled:  # what cannot be told is returned as such
        return disabled if isinstance(disabled, Unresolved) else False
    test = service.value("healthcheck", "test")
    first = test[0] if isinstance(test, list) and test else test
    return first if isinstance(first, Unresolved) else first not in (None, "", "NONE", [])


@rule(severity="error", refs=["Compose Specification: healthcheck"])
def check(files: tuple[ComposeFile, ...], stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Look at the health check of each service."""
    services = [service for file in files for service in file.services]
    names = {service.name for service in services}
    wanted = stated.services or tuple(sorted(names))
    yield Seen(len(wanted), what="services looked at")
    for name in wanted:
        if name not in names:
            yield Finding(Place(files[0].path), f"no service {name}", name, ", ".join(sorted(names)))
    for service in services:
        asked = asks(service)
        if service.name not in wanted or asked is True:
            continue
        if isinstance(asked, Unresolved):
            yield Unknown(service.why(asked, "healthcheck"))
        else:
            place = service.place("healthcheck")
            yield Finding(place, f"{service.name} has no health check", "a test", "none")
