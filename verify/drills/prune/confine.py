"""What a process may change on the disk, taken from it for good: Linux's Landlock.

A prune command deletes; whatever it names, only what lies below our own folder may go. This is
of the kernel, so that neither an absolute path nor another program gets around it. TCP is
refused too, where the kernel knows how.
"""

import ctypes
import os
import struct
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION = 1
_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
_WRITE_FILE, _REFER, _TRUNCATE = 1 << 1, 1 << 13, 1 << 14
#: writing, removing and making of every kind
_CHANGES = _WRITE_FILE | sum(1 << bit for bit in range(4, 13)) | _REFER
_TCP = 0b11
#: signals to, and abstract sockets of, processes outside
_SCOPE = 0b11
_DEVICES = ("null", "zero", "full", "tty", "random", "urandom")
#: with renames between folders (2), truncation (3), TCP (4), signals (6)
_LEAST, _TRUNCATES, _NETWORK, _SIGNALS = 2, 3, 4, 6


class ConfineError(OSError):
    """A machine that cannot confine a process."""


def version() -> int:
    """Return the version of Landlock that the kernel speaks, 0 for none."""
    return max(0, int(ctypes.CDLL(None).syscall(_CREATE, None, 0, _VERSION)))


def confine(root: Path) -> None:
    """Let this process and its children change nothing but what lies below ``root``, for good.

    Raise ``ConfineError`` where the kernel cannot do that.
    """
    found = version()
    if found < _LEAST:
        raise ConfineError(
            f"this kernel speaks version {found} of Landlock, and {_LEAST} is needed (Linux 5.19): "
            "without it nothing would keep a prune command from deleting elsewhere"
        )
    changes = _CHANGES | (_TRUNCATE if found >= _TRUNCATES else 0)
    attributes = struct.pack("=Q", changes)
    attributes += struct.pack("=Q", _TCP) if found >= _NETWORK else b""
    attributes += struct.pack("=Q", _SCOPE) if found >= _SIGNALS else b""
    rules = _call(_CREATE, attributes, len(attributes), 0)
    try:
        _allow(rules, root, changes)
        for name in _DEVICES:
            if (device := Path("/dev", name)).exists():
                _allow(rules, device, changes & (_WRITE_FILE | _TRUNCATE))
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            raise ConfineError(ctypes.get_errno(), "new privileges could not be given up")
        _call(_RESTRICT, rules, 0)
    finally:
        os.close(rules)


def _allow(rules: int, path: Path, changes: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _call(_ADD, rules, _BENEATH, struct.pack("=Qi", changes, descriptor), 0)
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    done = int(libc.syscall(number, *arguments))
    if done < 0:
        error = ctypes.get_errno()
        raise ConfineError(error, f"Landlock refused: {os.strerror(error)}")
    return done
