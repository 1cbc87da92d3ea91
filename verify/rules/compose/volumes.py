"""The stated services keep the stated paths in volumes.

What a container writes outside of a volume is gone with the container: the next
deployment loses uploads and generated files.

Fix: mount a named volume, or a folder of the host, at the path or above it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.compose import ComposeFile, Service
from verify.rules import Finding, Place, Seen, Some, Stated, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The service, and the absolute paths inside its container."""

    service: str
    paths: Some[str]


STATED = Params(service="web", paths=("/app/media/uploads",))
HOLDS = [
    "services: {web: {volumes: ['media:/app/media']}}\n",
    "services: {web: {volumes: [{type: bind, source: ./media, target: /app/media/uploads}]}}\n",
]
FAILS = [
    given(STATED, {"compose.yml": "services:\n  web:\n    volumes:  # finding\n      - media:/app/med\n"}),
    given(STATED, {"compose.yml": "services: {db: {}}\n"}),
]


def targets(service: Service) -> Iterator[str]:
    """Yield where volumes are mounted, in either way of writing them."""
    for volume in service.spec.get("volumes") or ():
        if isinstance(volume, dict):
            yield str(volume.get("target", ""))
        else:
            parts = str(volume).split(":")
            yield parts[1] if len(parts) > 1 else parts[0]


@rule(severity="error", refs=["Compose Specification: volumes"])
def check(files: tuple[ComposeFile, ...], stated: Params) -> Iterator[Finding | Seen]:
    """Look for a mount at each path or above it."""
    service = next((found for file in files if (found := file.service(stated.service))), None)
    if service is None:
        yield Finding(Place(files[0].path), f"no service {stated.service}", stated.service, "absent")
        return
    mounted = [target.rstrip("/") for target in targets(service)]
    yield Seen(", ".join(mounted) or "none", what="mounted")
    for path in stated.paths:
        if not any(path == target or path.startswith(f"{target}/") for target in mounted):
            yield Finding(service.place("volumes"), f"{path} is in no volume", path, ", ".join(mounted))
