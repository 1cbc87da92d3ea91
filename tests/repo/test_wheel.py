"""The wheels hold what the tree does, nothing less and nothing more."""

import configparser
import email
import email.message
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

SHIPPED = {"suites": "verify/suites", "locustfiles": "verify/locustfiles", "systems": "verify/systems"}
SHIM = "pytest_deploy_verify.py"


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    yield from build(root, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def plugin(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel that people install, of which the package is a dependency."""
    yield from build(root / "entry", tmp_path_factory.mktemp("plugin"))


def build(project: Path, target: Path) -> Iterator[zipfile.ZipFile]:
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=project,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert built.returncode == 0, built.stderr
    (path,) = target.glob("*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def names(wheel: zipfile.ZipFile) -> set[str]:
    return set(wheel.namelist())


def metadata(wheel: zipfile.ZipFile) -> email.message.Message:
    (text,) = (wheel.read(name) for name in names(wheel) if name.endswith("/METADATA"))
    return email.message_from_bytes(text)


def in_wheel(path: Path) -> str | None:
    """Return where the wheel has a file of the tree, None where it has no business there."""
    first, rest = path.parts[0], path.parts[1:]
    if first == "verify":
        return path.as_posix()
    return "/".join((SHIPPED[first], *rest)) if first in SHIPPED else None


def test_the_wheel_is_the_tree(wheel: zipfile.ZipFile, tracked: list[Path]) -> None:
    expected = {name for path in tracked if (name := in_wheel(path))}
    packed = {name for name in names(wheel) if ".dist-info/" not in name}
    assert expected - packed == set(), "missing from the wheel: see [tool.hatch.build] in pyproject.toml"
    assert packed - expected == set(), "in the wheel, but not in the tree"


def test_what_makes_it_work_is_in_it(wheel: zipfile.ZipFile) -> None:
    assert {"verify/py.typed", "verify/suites/smoke.py"} <= names(wheel)
    assert {name for name in names(wheel) if name.endswith("/verify.yaml")}
    assert {name for name in names(wheel) if name.endswith(".dist-info/licenses/LICENSE")}


def test_it_installs_only_our_names(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in names(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"verify"}
    assert not {name for name in names(wheel) if name.endswith("/entry_points.txt")}, (
        "pytest would read it all"
    )


def test_the_plugin_is_one_file(plugin: zipfile.ZipFile) -> None:
    assert {name for name in names(plugin) if ".dist-info/" not in name} == {SHIM}
    assert {name for name in names(plugin) if name.endswith(".dist-info/licenses/LICENSE")}


def test_both_are_of_one_release(wheel: zipfile.ZipFile, plugin: zipfile.ZipFile, root: Path) -> None:
    package, door = metadata(wheel), metadata(plugin)
    assert door["Version"] == package["Version"]
    required = door.get_all("Requires-Dist", [])
    assert f"{package['Name']}=={package['Version']}" in required
    extras = set(package.get_all("Provides-Extra", []))
    assert set(door.get_all("Provides-Extra", [])) == extras
    assert {f"{package['Name']}[{each}]; extra == '{each}'" for each in extras} <= set(required)
    assert (root / "entry" / "LICENSE").read_bytes() == (root / "LICENSE").read_bytes()


def test_its_doors(plugin: zipfile.ZipFile) -> None:
    parser = configparser.ConfigParser()
    (text,) = (plugin.read(name) for name in names(plugin) if name.endswith("/entry_points.txt"))
    parser.read_string(text.decode())
    assert dict(parser["pytest11"]) == {"deploy-verify": "pytest_deploy_verify"}
    assert dict(parser["console_scripts"]) == {"deploy-verify": "pytest_deploy_verify:main"}


def test_the_core_is_small(wheel: zipfile.ZipFile) -> None:
    said = metadata(wheel)
    core = [one for one in said.get_all("Requires-Dist", []) if "extra ==" not in one]
    wanted = ("pydantic", "pytest", "pyyaml", "requests", "urllib3")
    assert tuple(sorted(one.partition(">")[0].lower() for one in core)) == wanted
    assert said["Requires-Python"] == ">=3.11"
