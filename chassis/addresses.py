"""Whose an address is: the world's, or somebody's own, in whatever disguise."""

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Sequence[str]]

# RFC 6052: an IPv4 address behind a translator.
_TRANSLATED = IPv6Network("64:ff9b::/96")
# What is given out to the world at all (RFC 4291), and the part of it that hides IPv4 addresses (RFC 3056).
_GIVEN_OUT = IPv6Network("2000::/3")
_SIX_TO_FOUR = IPv6Network("2002::/16")


def system_resolver(host: str, port: int) -> Sequence[str]:
    """All addresses of the name. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in found))


def is_of_the_world(address: Address) -> bool:
    """Whether it is nobody's own: not private, loopback, link-local, multicast or reserved, nor one of those in disguise."""
    address = undisguised(address)
    if isinstance(address, IPv6Address) and (address not in _GIVEN_OUT or address in _SIX_TO_FOUR):
        return False
    return address.is_global and not address.is_multicast


def undisguised(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _TRANSLATED:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def may_be_called(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether it is the world's, or in one of the networks that were named."""
    plain = undisguised(address)
    return is_of_the_world(plain) or any(plain in network for network in allowed)


def connect_to_any(addresses: Sequence[str], port: int, timeout: float) -> socket.socket:
    """A connection to the first of the addresses that takes one. Raises OSError: what the last of them said."""
    failure = OSError("no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout)
        except OSError as error:
            failure = error
    raise failure
