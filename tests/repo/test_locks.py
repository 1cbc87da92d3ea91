"""The locks are complete, agree with each other and with pyproject.toml, and name no place."""

import configparser
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

LOCKS = ("core", "all", "dev", "lowest", "nightly", "redis-program")
ENTRY = re.compile(
    r"(?P<pin>[^\s#].*?) \\\n(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)(?:    #.*\n)*"
)
COMMENTS = re.compile(r"(?:#.*\n)*")


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def pins(root: Path, lock: str) -> dict[str, Requirement]:
    """Return what a lock pins, by name."""
    found = [
        Requirement(match["pin"])
        for match in ENTRY.finditer((root / "requirements" / f"{lock}.txt").read_text())
    ]
    return {canonicalize_name(one.name): one for one in found}


def version(pin: Requirement) -> Version:
    (specifier,) = pin.specifier
    assert specifier.operator == "=="
    return Version(specifier.version)


def direct(project: dict[str, Any], lock: str) -> list[Requirement]:
    """Return what pyproject.toml asks for of a lock, without the references to itself."""
    table, groups = project["project"], project["dependency-groups"]
    asked = list(table["dependencies"])
    if lock == "nightly":
        return list(map(Requirement, (*asked, *groups["nightly"])))
    if lock != "core":
        asked += [one for extra in table["optional-dependencies"].values() for one in extra]
        asked += groups["build"]
    if lock in {"dev", "lowest"}:
        asked += groups["test"]
    if lock == "dev":
        asked += [one for one in groups["dev"] if isinstance(one, str)]
    return [one for one in map(Requirement, asked) if one.name != table["name"]]


@pytest.mark.parametrize("lock", LOCKS)
def test_each_line_is_a_pin_with_its_hashes(lock: str, root: Path) -> None:
    text = (root / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    rest = COMMENTS.sub("", ENTRY.sub("", text), count=1)
    assert rest == "", "expected NAME==VERSION with sha256 hashes and nothing else: run scripts/lock"
    assert pins(root, lock)
    assert all(pin.url is None and version(pin) != Version("0") for pin in pins(root, lock).values())


@pytest.mark.parametrize("lock", ["core", "all", "dev", "lowest", "nightly"])
def test_each_dependency_is_locked_as_asked(lock: str, root: Path, project: dict[str, Any]) -> None:
    locked = pins(root, lock)
    for asked in direct(project, lock):
        pin = locked.get(canonicalize_name(asked.name))
        assert pin is not None, f"{asked}: not in requirements/{lock}.txt: run scripts/lock"
        assert asked.specifier.contains(version(pin)), f"{pin} is not {asked}: run scripts/lock"


@pytest.mark.parametrize(("small", "large"), [("core", "all"), ("all", "dev"), ("redis-program", "dev")])
def test_one_environment_can_grow_into_the_other(small: str, large: str, root: Path) -> None:
    larger = pins(root, large)
    assert {name: version(pin) for name, pin in pins(root, small).items() if name not in larger} == {}
    assert all(version(pin) == version(larger[name]) for name, pin in pins(root, small).items())


def test_nightly_can_be_installed_over_dev(root: Path) -> None:
    """What both hold has one version, and tox makes the nightly environment of both."""
    dev = pins(root, "dev")
    shared = {name: pin for name, pin in pins(root, "nightly").items() if name in dev}
    assert shared
    assert {name for name, pin in shared.items() if version(pin) != version(dev[name])} == set()
    tox = configparser.ConfigParser(interpolation=None)
    tox.read_string((root / "tox.ini").read_text(encoding="utf-8"))
    installed = tox["testenv:nightly"].get("deps", "").split()
    assert installed == ["-r", "requirements/dev.txt", "-r", "requirements/nightly.txt"]


def test_lowest_is_lowest(root: Path, project: dict[str, Any]) -> None:
    """The bound itself, or the first release after it that was not withdrawn."""
    locked = pins(root, "lowest")
    for asked in direct(project, "core"):
        bounds = [Version(one.version) for one in asked.specifier if one.operator == ">="]
        assert bounds, f"{asked}: expected a lower bound"
        pinned = version(locked[canonicalize_name(asked.name)])
        assert pinned.release[:2] == (*bounds[0].release, 0)[:2], (
            f"{asked} is tried with {pinned}: state that bound"
        )
