"""Installed and unused: `pytest --collect-only` of an empty project, with and without the plugin.

Two folders stand for two environments: one with pytest alone, one with our wheel and everything
it requires besides, found through their entry points. The wheels are built and installed, since
pytest reads the list of files of every distribution that has a plugin.
"""

import argparse
import importlib.metadata
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measure import Row, cpu, interleaved, ratio, report
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

OURS = "pytest-deploy-verify"
#: each distribution that is built here, and where
BUILT = {OURS: "entry", "deploy-verify-core": "."}
COLLECTED_NOTHING = 5
GOAL = 1.03
HEAVY = ("pydantic", "yaml", "requests", "urllib3", "jinja2", "verify.", "ssl", "http.client", "asyncio")
START = "import sys; sys.path.insert(0, {folder!r}); import pytest; raise SystemExit(pytest.console_main())"
LISTING = (
    "import sys\ndef pytest_unconfigure():\n    open('modules.txt', 'w').write('\\n'.join(sys.modules))\n"
)


def closure(name: str) -> Iterator[importlib.metadata.Distribution]:
    """Yield a distribution and everything it requires, each once."""
    waiting, seen = [name], set()
    while waiting:
        found = importlib.metadata.distribution(waiting.pop())
        key = canonicalize_name(found.metadata["Name"])
        if key in seen:
            continue
        seen.add(key)
        yield found
        for text in found.requires or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting.append(needed.name)


def install(folder: Path, *names: str) -> Path:
    """Link what the distributions consist of into ``folder``; ours is left out, see ``wheels``."""
    folder.mkdir()
    for name in names:
        for found in closure(name):
            if canonicalize_name(found.metadata["Name"]) in BUILT:
                continue
            tops = {Path(str(file)).parts[0] for file in found.files or ()} - {"..", "__pycache__", "bin"}
            for top in tops:
                place = Path(str(found.locate_file(top)))
                if place.exists() and not (folder / top).exists() and not top.endswith((".pth", ".exe")):
                    (folder / top).symlink_to(place)
    return folder


def wheels(base: Path, folder: Path) -> None:
    """Build our wheels and install them into ``folder``, as a user's environment has them."""
    root = Path(__file__).resolve().parent.parent
    for place in BUILT.values():
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(base / "wheels")]
        subprocess.run(build, cwd=root / place, check=True, capture_output=True, timeout=120)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--target", str(folder)]
    built = map(str, (base / "wheels").glob("*.whl"))
    subprocess.run([*pip, *built], check=True, capture_output=True, timeout=120)


def command(folder: Path) -> list[str]:
    """Return a pytest that sees ``folder`` and the standard library, nothing else."""
    start = START.format(folder=str(folder))
    quiet = ("--collect-only", "-q", "-p", "no:cacheprovider")
    return [sys.executable, "-I", "-S", "-c", start, *quiet]


def modules(folder: Path, project: Path, environment: dict[str, str]) -> set[str]:
    """Return the modules that pytest has loaded at its end."""
    (project / "conftest.py").write_text(LISTING)
    subprocess.run(
        command(folder), cwd=project, env=environment, check=False, capture_output=True, timeout=60
    )
    (project / "conftest.py").unlink()
    return set((project / "modules.txt").read_text().split())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21, help="at least 9")
    rounds = max(9, parser.parse_args().rounds)
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with tempfile.TemporaryDirectory(prefix="idle-") as base:
        without = install(Path(base, "without"), "pytest")
        again = install(Path(base, "again"), "pytest")
        installed = install(Path(base, "installed"), "pytest", OURS)
        wheels(Path(base), installed)
        project = Path(base, "project")
        project.mkdir()
        (project / "pytest.ini").write_text("[pytest]\n")
        loaded = modules(installed, project, environment)
        added = loaded - modules(without, project, environment)
        if "pytest_deploy_verify" not in added:
            raise SystemExit("the plugin was not found by its entry point: install the package")
        nothing = frozenset({COLLECTED_NOTHING})
        ours, theirs, control = interleaved(
            rounds,
            lambda: cpu(command(installed), cwd=project, env=environment, expect=nothing),
            lambda: cpu(command(without), cwd=project, env=environment, expect=nothing),
            lambda: cpu(command(again), cwd=project, env=environment, expect=nothing),
        )
    heavy = sorted(name for name in added if name.startswith(HEAVY))
    print(f"modules added: {', '.join(sorted(added))}; heavy: {', '.join(heavy) or 'none'}")
    rows = [
        Row("CPU without the plugin", statistics.median(theirs) * 1000, unit=" ms"),
        Row("CPU with it", statistics.median(ours) * 1000, unit=" ms"),
        Row("CPU, not installed / not installed (the noise)", ratio(control, theirs)),
        Row("CPU, installed / not", ratio(ours, theirs), GOAL),
        Row("heavy modules", len(heavy), 0, unit=""),
    ]
    return report(f"idle: pytest --collect-only of an empty project, medians of {rounds}", rows)


if __name__ == "__main__":
    raise SystemExit(main())
