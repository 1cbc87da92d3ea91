"""No service runs privileged.

A privileged container owns the host: one hole in the application is one in everything.

It is read as Compose reads it: ``"true"``, ``yes``, ``on``, ``1`` and the default of ``${P:-true}`` are true.
What a service extends or includes, and files that are merged, count; see compose/restart-policy.

Fix: remove ``privileged: true``; add the one capability that is needed instead.
"""

from collections.abc import Iterator

from verify.facts.compose import ComposeFile, Unresolved
from verify.rules import Finding, Seen, Unknown, rule

HOLDS = [
    "services: {web: {image: app:1}, db: {privileged: false}}\n",
    "services: {web: {image: app:1, privileged: 'no'}, db: {image: db:1, privileged: '${P:-false}'}}\n",
]
FAILS = [
    "services:\n  web:\n    privileged: true  # finding\n",
    "services:\n  web:\n    privileged: 'Yes'  # finding\n",
    "services:\n  web:\n    image: app:1\n    privileged: ${P:-on}  # finding\n",
    {
        "compose.yml": "services: {web: {image: app:1, extends: {file: common.yml, service: base}}}\n",
        "common.yml": "services:\n  base:\n    privileged: '1'  # finding\n",
    },
]


@rule(severity="error", refs=["CIS Docker Benchmark 5.5"], baseline=True)
def check(compose: ComposeFile) -> Iterator[Finding | Seen | Unknown]:
    """Look for ``privileged: true``."""
    for service in compose.services:
        privileged = service.flag("privileged")
        if isinstance(privileged, Unresolved):
            yield Unknown(service.why(privileged, "privileged"))
            continue
        yield Seen(service.name, what="looked at")
        if privileged:
            yield Finding(service.place("privileged"), f"{service.name} is privileged", "false", "true")
