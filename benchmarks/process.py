"""The whole gate as a process, start-up included, beside one ``curl`` that fetches the same addresses."""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from checks import CHECKS, contract, rules
from measure import Row, interleaved, ratio, report
from server import running

DELAY = 0.1
DEADLINE = 60
PARALLEL = "16"


def taken(command: Sequence[str], folder: Path) -> float:
    """Return the wall clock seconds of a process that must succeed."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    started = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env=kept | {"VERIFY_STATE_DIR": str(folder / "state")},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = max(1, parser.parse_args().rounds)
    curl = shutil.which("curl")
    if curl is None:
        print("process: curl is not installed, so there is nothing to compare with")
        return 1
    version = subprocess.run(
        [curl, "--version"], capture_output=True, text=True, timeout=DEADLINE, check=True
    )
    with tempfile.TemporaryDirectory(prefix="process-") as base:
        folder = Path(base)
        (folder / "pytest.ini").write_text("[pytest]\n")
        with running(folder, DELAY) as (url, trust):
            contract(folder, url, trust)
            gate = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--env=bench"]
            fetch = [curl, "-s", "-Z", "--parallel-max", PARALLEL, "--cacert", str(trust)]
            for _, path in rules():
                fetch += ["-o", os.devnull, url + path]
            mine, theirs = interleaved(rounds, lambda: taken(gate, folder), lambda: taken(fetch, folder))
    rows = [
        Row(f"curl -Z, {CHECKS} requests", statistics.median(theirs), unit=" s"),
        Row("pytest --env, start-up and readiness included", statistics.median(mine), unit=" s"),
        Row("wall clock, ours / theirs", ratio(mine, theirs)),
    ]
    return report(
        f"process: {CHECKS} checks, {DELAY * 1000:g} ms delay, {version.stdout.split(' (')[0]}", rows
    )


if __name__ == "__main__":
    raise SystemExit(main())
