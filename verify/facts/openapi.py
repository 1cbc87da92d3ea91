"""An OpenAPI document and what its parameterless GET operations answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from verify.facts.http import Exchange
from verify.model.need import Need

OPENAPI_3 = "3."
MOST_OPERATIONS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """The document's own answer, and one answer for each operation that was asked."""

    document: Exchange
    operations: tuple[Exchange, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Describe(Need):
    """Ask for the document, and then for what it describes: the second needs the first.

    ``secured`` asks the operations that need credentials as well, all as ``account``.
    """

    kind: ClassVar[str] = "openapi"
    answer: ClassVar[type] = Described

    path: str
    account: str | None = None
    secured: bool = False


def problems_of(document: object) -> tuple[str, ...]:
    """Return what keeps ``document`` from being an OpenAPI 3 document."""
    if not isinstance(document, dict):
        return ("the document is not an object",)
    found = []
    version = document.get("openapi")
    if not isinstance(version, str) or not version.startswith(OPENAPI_3):
        found.append(f"`openapi` is {version!r}, expected a version 3")
    info = document.get("info")
    if not isinstance(info, dict) or not all(isinstance(info.get(key), str) for key in ("title", "version")):
        found.append("`info` has no title and version")
    paths = document.get("paths")
    if not isinstance(paths, dict) or not paths:
        found.append("`paths` is empty")
    elif wrong := [path for path in paths if not path.startswith("/")]:
        found.append(f"a path does not begin with /: {wrong[0]!r}")
    elif not all(isinstance(item, dict) for item in paths.values()):
        found.append("a path item is not an object")
    elif wrong := [path for path, item in paths.items() if not all(map(_is_list, _parameters(item)))]:
        found.append(f"the parameters of {wrong[0]} are not a list")
    return tuple(found)


def open_gets(document: object, *, secured: bool = False) -> Iterator[str]:
    """Yield the paths whose GET needs no parameters, and no credentials unless ``secured``."""
    if problems_of(document) or not isinstance(document, dict):
        return
    general = document.get("security")
    for path, item in document["paths"].items():
        operation = item.get("get")
        if "{" in path or not isinstance(operation, dict):
            continue
        parameters = [one for group in _parameters(item) for one in group]
        required = [one for one in parameters if not isinstance(one, dict) or one.get("required")]
        if not required and (secured or not _needs_credentials(operation.get("security", general))):
            yield path


def _parameters(item: dict[str, Any]) -> Iterator[Any]:
    """Yield the parameters of a path and those of its GET, whatever stands there."""
    operation = item.get("get")
    for holder in (item, operation if isinstance(operation, dict) else {}):
        yield holder.get("parameters", [])


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _needs_credentials(security: object) -> bool:
    """Any empty requirement among the alternatives means that none is needed."""
    return isinstance(security, list) and bool(security) and all(security)
