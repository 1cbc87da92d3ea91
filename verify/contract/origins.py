"""Origins and paths: the two halves of an address, checked without a network."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_LONGEST_HOST = 253


def read_origin(text: str) -> str:
    """Return ``scheme://host[:port]`` in lower case, the usual port left out.

    Raises ``ValueError`` saying what is wrong; it never repeats the text, which may
    hold a password.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        message = "expected an address such as https://staging.example.com; this one has a wrong host or port"
        raise ValueError(message) from None
    problem = _misshapen(parts, port)
    if problem:
        raise ValueError(problem)
    host = (parts.hostname or "").lower()
    written = f"[{host}]" if ":" in host else host
    usual = port is None or port == _PORTS[parts.scheme]
    return f"{parts.scheme}://{written}" + ("" if usual else f":{port}")


def plain_of(origin: str) -> str | None:
    """Return the plain HTTP origin of an HTTPS one: same host, port 80; None for others."""
    try:
        parts = urlsplit(read_origin(origin))
    except ValueError:
        return None
    if parts.scheme != "https":
        return None
    host = parts.hostname or ""
    return f"http://[{host}]" if ":" in host else f"http://{host}"


def _misshapen(parts: SplitResult, port: int | None) -> str:
    if "@" in parts.netloc:
        return "an address holds no user or password: declare an account with $NAMES instead"
    if parts.query or parts.fragment or parts.path not in {"", "/"}:
        return "expected scheme and host only: paths belong to the endpoints"
    if port == 0 or not _is_host(parts.hostname or ""):
        return "expected an address such as https://staging.example.com; this one has a wrong host or port"
    return ""


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            return ipaddress.IPv6Address(host).scope_id is None
        except ValueError:
            return False
    labels = host.removesuffix(".").split(".")
    return len(host) <= _LONGEST_HOST and all(_LABEL.fullmatch(label) for label in labels)


def read_relative(text: str) -> str:
    """Return a path that stays below its folder; raise ``ValueError`` for one that leaves it."""
    depth = 0
    for part in text.split("/"):
        if part == "..":
            depth -= 1
        elif part not in {"", "."}:
            depth += 1
        if depth < 0:
            message = "expected a path below the contract's folder: `..` leads out of it"
            raise ValueError(message)
    return text
