"""Certificates of a throw-away authority: one that keeps the promise, and bad ones."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NAMES = ("localhost", "127.0.0.1")
_VALID = 90  # days
_LIFE = dt.timedelta(days=_VALID, hours=1)  # begins a little ago: clocks differ
#: kind -> host names, days until its end
KINDS = {
    "valid": (_NAMES, _VALID),
    "expired": (_NAMES, -1),
    "wrong-name": (("elsewhere.example",), _VALID),
    "soon": (_NAMES, 5),
    "self-signed": (_NAMES, _VALID),
}


@dataclass(frozen=True)
class Certificate:
    """The files of a chain and its key, PEM."""

    chain: Path
    key: Path


class Authority:
    """A certificate authority of one run; its key never leaves this process."""

    def __init__(self, folder: Path) -> None:
        """Make the authority and write ``ca.pem`` into ``folder``."""
        import trustme

        self._folder = folder
        self._authority = trustme.CA()
        self.file = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    def issue(self, kind: str) -> Certificate:
        """Write chain and key of a certificate of ``kind`` and return where they are."""
        names, days = KINDS[kind]
        end = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
        made = Certificate(self._folder / f"{kind}.pem", self._folder / f"{kind}.key")
        if kind == "self-signed":
            chain, key = _self_signed(names, end)
        else:
            leaf = self._authority.issue_cert(*names, not_before=end - _LIFE, not_after=end)
            chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
            key = _pkcs8(leaf.private_key_pem.bytes())
        made.chain.write_bytes(chain)
        made.key.touch(mode=0o600)
        made.key.write_bytes(key)
        return made


def _pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    text: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return text


def _pkcs8(pem: bytes) -> bytes:
    """Return the key in the one form that granian reads."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return _pem(load_pem_private_key(pem, None))


def _self_signed(names: tuple[str, ...], end: dt.datetime) -> tuple[bytes, bytes]:
    """Return certificate and key that no authority vouches for."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - _LIFE)
        .not_valid_after(end)
        .add_extension(alternatives, critical=False)
        .sign(key, SHA256())
    )
    return built.public_bytes(Encoding.PEM), _pem(key)
