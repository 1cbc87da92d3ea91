"""Each service starts again after a failure.

Without a policy a process that crashes at night stays down until somebody looks.

It is judged what Compose makes of the files, in the order in which ``files:`` name them: variables at
their defaults, ``extends``, ``include``, and a file without ``image`` and ``build`` laid over the one of
its folder that has them. What depends on a variable without default, on a file that is not among
``files:``, or on which files are merged, is inconclusive. As in Compose, ``deploy.restart_policy`` wins.

Fix: set ``restart: unless-stopped`` (or ``always``, ``on-failure``).
"""

from collections.abc import Iterator
from typing import Any

from verify.facts.compose import BLANK, ComposeFile, Service, Unresolved
from verify.rules import Finding, Seen, Unknown, rule

HOLDS = [
    "services: {web: {restart: always}}\n",
    "services: {web: {restart: 'on-failure:3'}}\n",
    "services: {web: {deploy: {restart_policy: {condition: any}}}}\n",
    "services: {base: {restart: always}, web: {extends: base}, api: {extends: {service: web}}}\n",
    "services: {web: {image: app:1, restart: '${R:-always}'}, api: {restart: 'on-failure:${N}'}}\n",
    {
        "docker-compose.yml": "services: {web: {image: app:1}}\n",
        "docker-compose.prod.yml": "services: {web: {restart: always}}\n",
    },
]
FAILS = [
    """
services:
  web:  # finding
    image: app:1
  worker:
    restart: 'no'  # finding
""",
    "services:\n  web:\n    restart: ${R:-no}  # finding\n",
    """
services:
  web:
    restart: always
    deploy:
      restart_policy:
        condition: none  # finding
""",
    {
        "compose.yml": "include: [other.yml]\nservices: {web: {restart: always}}\n",
        "other.yml": "services:\n  worker:  # finding\n    image: app:1\n",
    },
]
STARTS_AGAIN = frozenset({"always", "unless-stopped", "on-failure", "any"})
CONDITION = ("deploy", "restart_policy", "condition")


def policy(service: Service) -> tuple[Any, tuple[str, ...]]:
    """Return what is stated about starting again, and where: as in Compose, the one of ``deploy`` wins."""
    if isinstance(service.value("deploy", "restart_policy"), dict):
        condition = service.value(*CONDITION)
        return ("any" if condition is None else condition), CONDITION
    return service.value("restart"), ("restart",)


@rule(severity="error", refs=["Compose Specification: restart"])
def check(compose: ComposeFile) -> Iterator[Finding | Seen | Unknown]:
    """Look at ``restart`` and ``deploy.restart_policy`` of each service."""
    for service in compose.services:
        stated, path = policy(service)
        known = stated.text if isinstance(stated, Unresolved) else str(stated or "none")
        kind = known.partition(":")[0]
        if BLANK in kind:
            yield Unknown(service.why(stated, *path))
            continue
        yield Seen(kind, what=f"{service.name} restarts")
        if kind not in STARTS_AGAIN:
            seen = str(stated or "absent")
            yield Finding(service.place(*path), f"{service.name} stays down", "a restart policy", seen)
