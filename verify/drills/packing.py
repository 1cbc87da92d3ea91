"""Layers around a backup: compression, and encryption with age."""

import gzip
import shutil
import tarfile
import zlib
from pathlib import Path
from typing import IO

from verify.drills.clock import Clock, size_of
from verify.drills.forms import form_of

_BLOCK = 1 << 20
_MOST_LAYERS = 5
_ZSTD = 3
_TAR = 512  # bytes of a block
#: form of a layer -> the stage that takes it off
_STAGES = {"age": "decrypt", "gzip": "decompress", "zstd": "decompress"}
SUFFIXES = {"none": "", "gzip": ".gz", "zstd": ".zst"}


def compress(path: Path, how: str) -> Path:
    """Compress ``path`` with ``gzip`` or ``zstd`` into a file beside it and return that; ``none``: itself."""
    import zstandard

    if how == "none":
        return path
    packed = path.with_name(path.name + SUFFIXES[how])
    with path.open("rb") as source, packed.open("wb") as target:
        if how == "gzip":
            with gzip.GzipFile(fileobj=target, mode="wb", mtime=0) as stream:
                shutil.copyfileobj(source, stream, _BLOCK)
        else:
            zstandard.ZstdCompressor(level=_ZSTD, write_checksum=True).copy_stream(source, target)
    path.unlink()
    return packed


def encrypt(path: Path, recipient: str) -> Path:
    """Encrypt ``path`` for an age ``recipient`` into a file beside it, which is returned."""
    import pyrage

    sealed = path.with_name(path.name + ".age")
    kind = pyrage.ssh if recipient.startswith("ssh-") else pyrage.x25519
    who = kind.Recipient.from_str(recipient)
    pyrage.encrypt_file(str(path), str(sealed), [who])
    path.unlink()
    return sealed


def unwrap(path: Path, folder: Path, clock: Clock, *, key: str = "") -> tuple[Path, bool]:
    """Take every layer off ``path`` into ``folder``; return what is inside, and whether it was encrypted.

    ``key`` is the secret key of age, "" where there is none. Raise ``NotRestorable`` where a layer
    does not come off: cut, damaged, or sealed for another key.
    """
    encrypted = False
    for number in range(_MOST_LAYERS):
        kind = form_of(path)
        if kind not in _STAGES:
            return path, encrypted
        inner = folder / f"layer-{number}"
        with clock.call(_STAGES[kind], kind, path.name) as noted:
            if kind == "age":
                encrypted = True
                _decrypt(path, inner, key, clock)
            else:
                _decompress(path, inner, kind, clock)
            noted.size = size_of(inner)
        path = inner
    raise clock.lost("decompress", f"more than {_MOST_LAYERS} layers of compression or encryption")


def _decrypt(path: Path, inner: Path, key: str, clock: Clock) -> None:
    import pyrage

    if not key:
        reason = "it is encrypted with age, and no key is at hand: where it is restored, its key has to be"
        raise clock.lost("decrypt", f"{reason}; state `key:` and set that variable")
    try:
        if "PRIVATE KEY" in key:
            identity = pyrage.ssh.Identity.from_buffer(key.encode())
        else:
            identity = pyrage.x25519.Identity.from_str(_secret(key))
    except pyrage.IdentityError:
        raise clock.lost("decrypt", "the key is none of age's: expected AGE-SECRET-KEY-1…") from None
    try:
        pyrage.decrypt_file(str(path), str(inner), [identity])
    except (pyrage.DecryptError, OSError) as error:
        raise clock.lost(
            "decrypt", f"age cannot decrypt it: {error}: another key's, cut or damaged"
        ) from error


def _secret(text: str) -> str:
    """Return the line of a key file that holds the key."""
    lines = [line.strip() for line in text.splitlines()]
    return next((line for line in lines if line and not line.startswith("#")), "")


def _decompress(path: Path, inner: Path, kind: str, clock: Clock) -> None:
    import zstandard

    try:
        with path.open("rb") as source, inner.open("wb") as target:
            if kind == "gzip":
                with gzip.GzipFile(fileobj=source) as stream:
                    shutil.copyfileobj(stream, target, _BLOCK)
            elif not _unzstd(source, target):
                raise clock.lost("decompress", "zstd: it is cut short")
    except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError) as error:
        raise clock.lost("decompress", f"{kind}: it is cut or damaged: {error}") from error


def _unzstd(source: IO[bytes], target: IO[bytes]) -> bool:
    """Decompress every frame of ``source``; say whether the last of them came to its end."""
    import zstandard

    frame = zstandard.ZstdDecompressor().decompressobj()
    left = b""
    while block := left or source.read(_BLOCK):
        if frame.eof:
            frame = zstandard.ZstdDecompressor().decompressobj()
        target.write(frame.decompress(block))
        left = frame.unused_data if frame.eof else b""
    return frame.eof


def open_folder(path: Path, folder: Path, clock: Clock) -> Path:
    """Return what ``pg_restore`` is to read of the tar file ``path``: itself, or the folder packed in it.

    Every member is looked at first: of a tar file that was cut ``pg_restore`` loads half without
    a word, or never ends. Raise ``NotRestorable`` where it is not whole.
    """
    with clock.call("decompress", "tar", path.name):
        try:
            with tarfile.open(path) as archive:
                members = archive.getmembers()
                if not _ends(path, members):
                    raise clock.lost("decompress", "tar: it is cut: its end is missing")
                names = [member.name for member in members]
                if any("/" in name for name in names):
                    _unpack(archive, members, folder)
        except (tarfile.TarError, EOFError, OSError) as error:
            raise clock.lost("decompress", f"tar: it is cut or damaged: {error}") from error
    found = sorted(folder.glob("**/toc.dat"))
    return found[0].parent if found else path


def _unpack(archive: tarfile.TarFile, members: list[tarfile.TarInfo], folder: Path) -> None:
    """Write folders and files below ``folder``, and nothing else; extraction filters came with 3.11.4."""
    for member in members:
        target = folder / member.name
        if member.name.startswith("/") or ".." in target.parts or not (member.isdir() or member.isfile()):
            raise tarfile.TarError(f"{member.name} is no file below its folder")
        if member.isdir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        source = archive.extractfile(member)
        if source is not None:
            with source, target.open("wb") as file:
                shutil.copyfileobj(source, file, _BLOCK)


def _ends(path: Path, members: list[tarfile.TarInfo]) -> bool:
    """Say whether two empty blocks follow the last member: cut between two members it still reads well."""
    last = max((each.offset_data + -(-each.size // _TAR) * _TAR for each in members), default=0)
    with path.open("rb") as file:
        file.seek(last)
        return bool(members) and file.read(2 * _TAR) == bytes(2 * _TAR)
