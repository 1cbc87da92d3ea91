"""Finds the one contract that is meant."""

from collections.abc import Iterable
from pathlib import Path

from verify.run.options import UsageError

NAME = "verify.yaml"
_DEPTH = ("*/", "*/*/")


def locate(stated: Path | None, folders: Iterable[Path]) -> Path:
    """Return the contract: the stated file or folder, else the only one found in ``folders``.

    Raise ``UsageError`` where there is none, or where several are found and none chosen.
    """
    if stated is not None:
        return _stated(stated)
    searched = _absolute(folders)
    found = candidates(searched)
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"several contracts and none chosen; {choose(found, searched[0])}")
    where = " or ".join(map(str, searched))
    raise UsageError(f"no contract: expected {NAME} in {where}, or --contract=FILE")


def candidates(folders: Iterable[Path]) -> list[Path]:
    """Return the contract of the first folder that has one itself, else all that lie a little deeper."""
    searched = _absolute(folders)
    for folder in searched:
        if (folder / NAME).exists():
            return [folder / NAME]
    return sorted({path for folder in searched for depth in _DEPTH for path in folder.glob(depth + NAME)})


def choose(found: Iterable[Path], base: Path) -> str:
    """Return what to do about several contracts, each as it can be typed in the folder ``base``."""
    return "choose one:" + "".join(f"\n  --contract={shown(path, base)}" for path in found)


def shown(path: Path, base: Path) -> str:
    """Return ``path`` as a user in the folder ``base`` would type it."""
    return str(path.relative_to(base) if path.is_relative_to(base) else path)


def _absolute(folders: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(folder.absolute() for folder in folders))


def _stated(stated: Path) -> Path:
    path = stated / NAME if stated.is_dir() else stated
    if not path.exists():
        raise UsageError(f"no contract: expected a file {path}; see --contract")
    return path
