"""The Compose file defines the stated services.

A service that is promised but not defined does not run, and nobody notices until its
work is missed: mails unsent, jobs undone.

Services of what the files ``include`` count as well.

Fix: define the service, or correct the contract.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.compose import ComposeFile
from verify.rules import Finding, Place, Seen, Some, Stated, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The names of the services."""

    services: Some[str]


STATED = Params(services=("web", "worker"))
HOLDS = [
    "services: {web: {image: app:1}, worker: {image: app:1}}\n",
    {
        "compose.yml": "include: [{path: jobs/other.yml}]\nservices: {web: {image: app:1}}\n",
        "jobs/other.yml": "services: {worker: {image: app:1}}\n",
    },
]
FAILS = "services:\n  web: {image: app:1}\n"


@rule(severity="error", refs=["Compose Specification: services"])
def check(files: tuple[ComposeFile, ...], stated: Params) -> Iterator[Finding | Seen]:
    """Look for each stated service in all files together."""
    defined = {service.name for file in files for service in file.services}
    yield Seen(", ".join(sorted(defined)), what="services")
    for name in stated.services:
        if name not in defined:
            yield Finding(Place(files[0].path), f"no service {name}", name, ", ".join(sorted(defined)))
