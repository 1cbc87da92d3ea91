"""Finds the one contract that is meant."""

from collections.abc import Iterable
from pathlib import Path

from verify.run.options import UsageError

NAME = "verify.yaml"
_DEPTH = ("", "*/", "*/*/")


def locate(stated: Path | None, folders: Iterable[Path]) -> Path:
    """Return the contract: the stated file or folder, else the only one found in ``folders``.

    Raise ``UsageError`` where there is none, or where several are found and none chosen.
    """
    if stated is not None:
        return _stated(stated)
    searched = tuple(dict.fromkeys(folder.absolute() for folder in folders))
    for folder in searched:
        if (folder / NAME).exists():
            return folder / NAME
    found = sorted({path for folder in searched for depth in _DEPTH for path in folder.glob(depth + NAME)})
    if len(found) == 1:
        return found[0]
    if found:
        listed = "".join(f"\n  --contract={path}" for path in found)
        raise UsageError(f"several contracts and none chosen; choose one:{listed}")
    where = " or ".join(map(str, searched))
    raise UsageError(f"no contract: expected {NAME} in {where}, or --contract=FILE")


def _stated(stated: Path) -> Path:
    path = stated / NAME if stated.is_dir() else stated
    if not path.exists():
        raise UsageError(f"no contract: expected a file {path}; see --contract")
    return path
