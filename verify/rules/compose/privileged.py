"""No service runs privileged.

A privileged container owns the host: one hole in the application is one in everything.

Fix: remove ``privileged: true``; add the one capability that is needed instead.
"""

from collections.abc import Iterator

from verify.facts.compose import ComposeFile
from verify.rules import Finding, Seen, rule

HOLDS = "services: {web: {image: app:1}, db: {privileged: false}}\n"
FAILS = """
services:
  web:
    privileged: true  # finding
"""


@rule(severity="error", refs=["CIS Docker Benchmark 5.5"], baseline=True)
def check(compose: ComposeFile) -> Iterator[Finding | Seen]:
    """Look for ``privileged: true``."""
    for service in compose.services:
        yield Seen(service.name, what="looked at")
        if service.spec.get("privileged") is True:
            yield Finding(service.place("privileged"), f"{service.name} is privileged", "false", "true")
