"""An origin: scheme, host and port, the unit in which a contract allows hosts."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Self

from verify.model.text import abridged

_PORTS = {"http": 80, "https": 443}
# Only what RFC 3986 allows, so that no two parsers can read two different hosts out of it.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<user>[^/?#@\[\]]*@)?"
    r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{0,6}))?"
    r"(?P<target>(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?\[\]|{}-]*)?)"
    r"(?:#[!-~]*)?",
    re.ASCII | re.IGNORECASE,
)
_LONGEST = 8192


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """Scheme (``http``, ``https``), host (lower case, no brackets, no final dot), port."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the origin of ``url``; raise ``ValueError`` for one that is not plain http(s)."""
        return cls.split(url)[0]

    @classmethod
    def split(cls, url: str) -> tuple[Self, str]:
        """Return the origin of ``url`` and its request target, ``/path?query``; raise ``ValueError``."""
        found = _URL.fullmatch(url) if len(url) <= _LONGEST else None
        if found is None:
            raise ValueError(_advice(url))
        if found["user"] is not None:
            raise ValueError(f"expected a URL without user or password, got one before @{found['host']}")
        scheme = found["scheme"].lower()
        port = int(found["port"] or _PORTS[scheme])
        if not 0 < port < 65536:  # noqa: PLR2004 - what a port is
            raise ValueError(f"expected a port from 1 to 65535, got {port}")
        target = found["target"]
        if not target.startswith("/"):
            target = "/" + target
        return cls(scheme, _host(found["host"]), port), target

    @property
    def netloc(self) -> str:
        """Return ``host`` or ``host:port`` as a Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        """Write ``https://host:port``, the usual port left out."""
        return f"{self.scheme}://{self.netloc}"


def _host(text: str) -> str:
    if text.startswith("["):
        return str(IPv6Address(text[1:-1]))
    host = text.lower().removesuffix(".")
    if not host or ".." in host or host.startswith("."):
        raise ValueError(f"expected a host name, got {text!r}")
    return host


def _advice(url: str) -> str:
    return (
        f"expected an http:// or https:// URL of at most {_LONGEST} ASCII characters, "
        f"anything else percent-encoded, got {abridged(repr(url), 200)}"
    )
