"""The stated services keep the stated paths in volumes.

What a container writes outside of a volume is gone with the container: the next
deployment loses uploads and generated files. A ``tmpfs`` is gone as well.
Variables, ``extends``, ``include`` and several files count as compose/restart-policy says.

Fix: mount a named volume, or a folder of the host, at the path or above it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.compose import BLANK, ComposeFile, Service, Unresolved
from verify.rules import Finding, Place, Seen, Some, Stated, Unknown, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The service, and the absolute paths inside its container."""

    service: str
    paths: Some[str]


STATED = Params(service="web", paths=("/app/media/uploads",))
HOLDS = [
    "services: {web: {volumes: ['media:/app/media']}}\n",
    "services: {web: {volumes: [{type: bind, source: ./media, target: /app/media/uploads}]}}\n",
    "services: {web: {image: app:1, volumes: ['${DATA}:${ROOT:-/app}/media', '$OTHER']}}\n",
]
FAILS = [
    given(
        STATED,
        {"compose.yml": "services:\n  web:\n    image: a\n    volumes:  # finding\n      - media:/app/med\n"},
    ),
    "services: {web: {image: app:1, volumes: [{type: tmpfs, target: /app/media}]}}\n",
    given(STATED, {"compose.yml": "services: {db: {}}\n"}),
]
Mounts = dict[str, str]


def mounts(service: Service) -> tuple[Mounts, list[Unresolved]]:
    """Return the kind of mount by its path, in either way of writing it, and what cannot be told."""
    found: Mounts = {}
    stated = service.value("volumes")
    listed = stated if isinstance(stated, list) else [stated] if isinstance(stated, Unresolved) else []
    unknown = [one for one in (service.value("volumes_from"),) if isinstance(one, Unresolved)]
    if service.value("volumes_from") and not unknown:
        unknown.append(Unresolved("volumes_from mounts what another has"))
    for volume in listed:
        kind, target = "volume", volume
        if isinstance(volume, dict):
            kind, target = volume.get("type", kind), volume.get("target", "")
        else:
            text = volume.text if isinstance(volume, Unresolved) else str(volume)
            target = text.split(":")[1] if ":" in text else text
        why = next((one for one in (kind, target, volume) if isinstance(one, Unresolved)), None)
        if why is not None and (isinstance(volume, dict) or BLANK in target):
            unknown.append(why)
        else:
            found[target.rstrip("/")] = kind
    return found, unknown


@rule(severity="error", refs=["Compose Specification: volumes"])
def check(files: tuple[ComposeFile, ...], stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Look for a mount at each path or above it."""
    services = [one for file in files if (one := file.service(stated.service))]
    if not services:
        yield Finding(Place(files[0].path), f"no service {stated.service}", stated.service, "absent")
    for service in services:
        found, unknown = mounts(service)
        mounted = [target for target, kind in found.items() if kind != "tmpfs"]
        yield Seen(", ".join(mounted) or "none", what="mounted")
        for path in stated.paths:
            if any(path == target or path.startswith(f"{target}/") for target in mounted):
                continue
            if unknown:
                yield Unknown(service.why(unknown[0], "volumes"))
            else:
                yield Finding(service.place("volumes"), f"{path} is in no volume", path, ", ".join(mounted))
