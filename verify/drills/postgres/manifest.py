"""A manifest as the bytes that lie beside a backup: versioned, compressed, and guarded by its sum.

Two lines, ``deploy-verify manifest 1`` and the SHA-256 of all that follows, then JSON compressed by zstd.
"""

import hashlib
from functools import cache

import zstandard
from pydantic import TypeAdapter, ValidationError

from verify.drills.errors import DrillError
from verify.facts.equality import Manifest

__all__ = ["dump", "load"]

_MAGIC = b"deploy-verify manifest "
_VERSION = 1
#: sums of hashes hardly shrink: a higher level takes twenty times as long, and gains nothing
_LEVEL = 1
#: bytes of JSON; some hundred thousand relations with buckets
_LARGEST = 2 * 1024**3
_DIGEST = 64


def dump(manifest: Manifest) -> bytes:
    """Return ``manifest`` as bytes."""
    body = zstandard.ZstdCompressor(level=_LEVEL).compress(_adapter().dump_json(manifest))
    return b"%s%d\n%s\n%s" % (_MAGIC, _VERSION, hashlib.sha256(body).hexdigest().encode(), body)


def load(data: bytes, *, name: str = "the manifest", stage: str = "verify") -> Manifest:
    """Return the manifest that ``data`` is; ``name`` is what messages call it.

    Raise ``DrillError`` of ``stage`` where it is none of ours, of a newer version, or damaged.
    """

    def wrong(what: str) -> DrillError:
        return DrillError(
            stage,
            f"{name}: {what}: expected what was written beside the backup when it was taken: "
            "fetch it again, or take a new backup",
        )

    head, _, rest = data.partition(b"\n")
    digest, _, body = rest.partition(b"\n")
    if not head.startswith(_MAGIC):
        raise wrong("is no manifest")
    version = head.removeprefix(_MAGIC)
    if version != str(_VERSION).encode():
        raise wrong(f"is of version {version[:20].decode('ascii', 'replace')}, this program reads {_VERSION}")
    if len(digest) != _DIGEST or hashlib.sha256(body).hexdigest().encode() != digest:
        raise wrong("is damaged: its sum does not match")
    try:
        text = zstandard.ZstdDecompressor().decompress(body, max_output_size=_LARGEST)
        return _adapter().validate_json(text, strict=True)
    except (zstandard.ZstdError, ValidationError) as error:
        raise wrong(f"cannot be read ({type(error).__name__})") from None


@cache
def _adapter() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)
