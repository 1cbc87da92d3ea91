"""What a backup's first bytes say it is."""

from pathlib import Path

#: bytes that ``form`` wants to see
HEAD = 4096
_MAGIC = {
    b"age-encryption.org/v1": "age",
    b"-----BEGIN AGE ENCRYPTED FILE-----": "age",
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PGDMP": "custom",
    b"REDIS": "rdb",
}
_TAR_AT = 257
_SQL = (b"--", b"/*", b"set ", b"create ", b"begin", b"copy ", b"insert ", b"alter ", b"select ", b"\\")


def form(head: bytes) -> str:
    """Return ``age``, ``gzip``, ``zstd``, ``custom``, ``tar``, ``sql``, ``rdb``, ``empty``, or "".

    ``head`` are the first bytes of a file, all of it where it is shorter than ``HEAD``.
    """
    if not head:
        return "empty"
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    if head[_TAR_AT : _TAR_AT + 5] == b"ustar":
        return "tar"
    words = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return "sql" if words.startswith(_SQL) and b"\0" not in head else ""


def form_of(path: Path) -> str:
    """Return the form of the file ``path``; a folder with a table of contents is ``directory``."""
    if path.is_dir():
        return "directory" if (path / "toc.dat").is_file() else ""
    with path.open("rb") as file:
        return form(file.read(HEAD))
