"""Which addresses may be connected to: the name's own promise is checked after it was looked up."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from verify.effects.origin import Origin

_Address = IPv4Address | IPv6Address
#: where clouds hand out credentials, and the link itself: never an environment
_NEVER = tuple(
    ip_network(text)
    for text in (
        *("169.254.0.0/16", "fe80::/10"),
        *("fd00:ec2::254/128", "fd20:ce::254/128"),  # AWS and Google over IPv6
        "168.63.129.16/32",  # Azure's own, a public address that answers inside of its networks alone
        *("100.100.100.200/32", "192.0.0.192/32"),  # Alibaba, Oracle
    )
)


def forbidden(origin: Origin, address: str, *, private: bool) -> str | None:
    """Say why ``origin`` may not be reached at ``address``, or None where it may.

    ``private`` allows a public name to lie at a private or loopback address.
    """
    seen = _plain(ip_address(address.partition("%")[0]))
    if any(seen in network for network in _NEVER):
        return f"{origin.host} is at {seen}, a link-local or cloud metadata address, which is never allowed"
    if seen.is_multicast or (seen.is_reserved and not seen.is_loopback):
        return f"{origin.host} is at {seen}, which is no server's address"
    if seen.is_global or private or _says_so(origin.host, seen):
        return None
    return (
        f"{origin.host} is at {seen}, a private or loopback address: "
        "write `private: true` in the environment if it is meant to be there"
    )


def _says_so(host: str, seen: _Address) -> bool:
    """Say whether the declared host itself is a literal private address or a name of this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return seen.is_loopback
    try:
        return _plain(ip_address(host)) == seen
    except ValueError:
        return False


def _plain(address: _Address) -> _Address:
    """Return the IPv4 address that an IPv6 one stands for (mapped, 6to4, NAT64), else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in ip_network("64:ff9b::/96"):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
