"""Stands in for a program on a script's PATH: runs the real one and notes what became of it.

Run as ``python -I -S shim.py FOLDER NAME ARGUMENT…``. In FOLDER, ``tools`` says where the real
programs are, and each call adds two lines to ``calls``. It starts for every call of a script, so it
imports nothing but what the interpreter has built in.
"""

import _signal  # type: ignore[import-not-found]  # has no stub; `signal` takes 2 ms to import
import posix
import sys
import time

_BLOCK = 65536
_SNAPSHOT_REFUSED = (b"invalid snapshot identifier", b"snapshot from a different database", b'snapshot "')
_QUIET = (b"--version", b"-V", b"--help", b"-?")


def main(folder: bytes, name: bytes, arguments: list[bytes]) -> int:
    """Run the real program ``name``; return what to end with."""
    tools = dict(line.split(b"=", 1) for line in read(folder + b"/tools").splitlines())
    number = b"%d.%d" % (posix.getpid(), time.monotonic_ns())
    note(folder, ("begin", number, name, arguments, time.time()))
    began = time.monotonic()
    argv, snapshot = [tools[name], *arguments], tools.get(b"snapshot:" + name, b"")
    used = bool(snapshot) and not any(each.startswith((b"--snapshot", *_QUIET)) for each in arguments)
    if used:
        said = folder + b"/said." + number
        status, moved = run([argv[0], b"--snapshot=" + snapshot, *arguments], said)
        words = read(said)
        if status and any(mark in words for mark in _SNAPSHOT_REFUSED):
            used = False  # another database or server than ours: then it is dumped as it is
            status, moved = run(argv, said)
            words = read(said)
        posix.write(2, words)
    else:
        status, moved = run(argv, b"")
        words = b""
    note(folder, ("end", number, status, time.monotonic() - began, *moved, used, words[-4000:]))
    return status if status >= 0 else 128 - status


def run(argv: list[bytes], said: bytes) -> tuple[int, tuple[int, int]]:
    """Run ``argv``, its standard error into the file ``said`` if one is named.

    Return how it ended, negative for a signal, and how many bytes it read and wrote.
    """
    child = posix.fork()
    if child == 0:
        try:
            for number in (_signal.SIGPIPE, _signal.SIGXFSZ):
                _signal.signal(number, _signal.SIG_DFL)  # Python ignores them, and so would the program
            if said:
                posix.dup2(posix.open(said, posix.O_CREAT | posix.O_TRUNC | posix.O_WRONLY, 0o600), 2)
            posix.execv(argv[0], argv)
        finally:
            posix._exit(127)  # noqa: SLF001 - the way a child ends that could not become the program
    for number in (_signal.SIGTERM, _signal.SIGHUP, _signal.SIGINT):
        _signal.signal(number, lambda received, _frame: posix.kill(child, received))
    posix.waitid(posix.P_PID, child, posix.WEXITED | posix.WNOWAIT)
    moved = counted(child)
    status = posix.waitstatus_to_exitcode(posix.waitpid(child, 0)[1])
    return status, moved


def counted(child: int) -> tuple[int, int]:
    """Return the bytes that a program which has ended read from and wrote to files and pipes.

    The system tells them to root alone; to anybody else they are 0.
    """
    try:
        fields = dict(line.split(b": ") for line in read(b"/proc/%d/io" % child).splitlines())
    except (OSError, ValueError):
        return 0, 0
    return int(fields.get(b"rchar", 0)), int(fields.get(b"wchar", 0))


def read(path: bytes) -> bytes:
    """Return a file's bytes."""
    descriptor = posix.open(path, posix.O_RDONLY)
    parts = []
    while part := posix.read(descriptor, _BLOCK):
        parts.append(part)
    posix.close(descriptor)
    return b"".join(parts)


def note(folder: bytes, record: tuple[object, ...]) -> None:
    """Add a line; one write to a file that is appended to is never mixed with another's."""
    flags = posix.O_CREAT | posix.O_APPEND | posix.O_WRONLY
    descriptor = posix.open(folder + b"/calls", flags, 0o600)
    posix.write(descriptor, ascii(record).encode() + b"\n")
    posix.close(descriptor)


if __name__ == "__main__":
    words = [word.encode(sys.getfilesystemencoding(), "surrogateescape") for word in sys.argv[1:]]
    sys.exit(main(words[0], words[1], words[2:]))
