"""Copies the checkout without the packages it ships, so that only an installed wheel can be tested.

Usage: bare.py DIRECTORY (emptied first). Ends with an error if ``verify`` would not come
from the environment that runs this.
"""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ("verify/", "suites/", "locustfiles/", "entry/")


def main(target: Path) -> None:
    """Copy each file that git tracks or would track."""
    shutil.rmtree(target, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - whichever git the user has
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if not name.startswith(SHIPPED) and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    spec = importlib.util.find_spec("verify")
    origin = Path(spec.origin).resolve() if spec is not None and spec.origin else None
    if origin is None or origin.is_relative_to(ROOT / "verify"):
        raise SystemExit(f"bare.py: expected verify from an installed wheel, found {origin}")
    print(f"testing {origin.parent} from {target}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
