"""Each service starts again after a failure.

Without a policy a process that crashes at night stays down until somebody looks.

Fix: set ``restart: unless-stopped`` (or ``always``, ``on-failure``).
"""

from collections.abc import Iterator

from verify.facts.compose import ComposeFile
from verify.rules import Finding, Seen, rule

HOLDS = [
    "services: {web: {restart: always}}\n",
    "services: {web: {restart: 'on-failure:3'}}\n",
    "services: {web: {deploy: {restart_policy: {condition: any}}}}\n",
]
FAILS = """
services:
  web:  # finding
    image: app:1
  worker:
    restart: 'no'  # finding
"""
STARTS_AGAIN = frozenset({"always", "unless-stopped", "on-failure"})


@rule(severity="error", refs=["Compose Specification: restart"])
def check(compose: ComposeFile) -> Iterator[Finding | Seen]:
    """Look at ``restart`` and ``deploy.restart_policy`` of each service."""
    for service in compose.services:
        deploy = service.spec.get("deploy")
        policy = deploy.get("restart_policy") if isinstance(deploy, dict) else None
        condition = policy.get("condition", "any") if isinstance(policy, dict) else None
        restart = str(service.spec.get("restart", "")).partition(":")[0]
        yield Seen(restart or condition or "none", what=f"{service.name} restarts")
        if restart not in STARTS_AGAIN and condition not in {"any", "on-failure"}:
            seen = str(service.spec.get("restart", condition or "absent"))
            yield Finding(service.place("restart"), f"{service.name} stays down", "a restart policy", seen)
