"""Uploads, served from the folder they are kept in, each with its type; some to their owner only."""

import mimetypes
import struct
import zlib
from pathlib import Path

from verify.reference.behaviour import Behaviour
from verify.reference.config import OWNER, PRIVATE, UPLOAD, Config
from verify.reference.server.http import READING, Answer, Environ, not_allowed, problem

_PLAIN = "application/octet-stream"


class Media:
    """Answers below the stated path."""

    def __init__(self, config: Config) -> None:
        """Know the path and the folder of the run."""
        self._below = config.media
        self._root = config.root

    def answer(self, environ: Environ, behaviour: Behaviour, user: str | None) -> Answer | None:
        """Return the answer, or None where no upload is asked for."""
        path = environ["PATH_INFO"]
        if self._below is None or not path.startswith(self._below):
            return None
        if environ["REQUEST_METHOD"] not in READING:
            return not_allowed("GET, HEAD")
        name = path.removeprefix(self._below)
        owned = name.startswith(f"{PRIVATE}/")
        if owned and user != OWNER and behaviour.uploads != "open":
            return problem(403 if user else 401, "This is not yours.")
        folder = (self._root / behaviour.media).resolve()
        file = (folder / name).resolve()
        if behaviour.uploads == "missing" or not file.is_relative_to(folder) or not file.is_file():
            return problem(404, "Not found.")
        kind = mimetypes.guess_type(file.name)[0] or _PLAIN
        headers = [
            ("Content-Type", _PLAIN if behaviour.uploads == "mistyped" else kind),
            ("Cache-Control", "private, no-store" if owned else "public, max-age=3600"),
        ]
        return Answer(200, file.read_bytes(), headers)


def fill(folder: Path) -> None:
    """Put an upload of everybody's and one of its owner into ``folder``."""
    (folder / PRIVATE).mkdir()
    for each in (folder / UPLOAD, folder / PRIVATE / UPLOAD):
        each.write_bytes(_dot())


def _dot() -> bytes:
    """Return a PNG of one black dot."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\0")),
        (b"IEND", b""),
    )
    parts = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
