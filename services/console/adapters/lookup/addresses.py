"""Which addresses may be called: the world's, and of our own only those that were named.

Whoever may set a source up, or runs the DNS of one, could otherwise make the console read what only its own network may:
another pod, the cloud's metadata at 169.254.169.254, itself.
"""

import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from services.console.application.look_up import Deadline
from services.console.domain.outside import BLOCKED, TIMEOUT, UNREACHABLE, LookupFailed

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# RFC 6052: an IPv4 address behind a translator.
_TRANSLATED = IPv6Network("64:ff9b::/96")
# What is given out to the world at all (RFC 4291), and the part of it that hides IPv4 addresses (RFC 3056).
_GIVEN_OUT = IPv6Network("2000::/3")
_SIX_TO_FOUR = IPv6Network("2002::/16")

# The system's resolver has no timeout that we could set; whoever is tired of waiting leaves it to these threads.
_RESOLVING = ThreadPoolExecutor(4, thread_name_prefix="lookup-dns")

Resolve = Callable[[str, int], Sequence[str]]


def system_resolver(host: str, port: int) -> Sequence[str]:
    """All addresses of the name. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in found))


def is_of_the_world(address: Address) -> bool:
    """Whether it is nobody's own: not private, loopback, link-local, multicast or reserved, nor one of those in disguise."""
    address = _undisguised(address)
    if isinstance(address, IPv6Address) and (address not in _GIVEN_OUT or address in _SIX_TO_FOUR):
        return False
    return address.is_global and not address.is_multicast


def _undisguised(address: Address) -> Address:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _TRANSLATED:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def may_be_called(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether it is the world's, or in one of the networks that were named."""
    plain = _undisguised(address)
    return is_of_the_world(plain) or any(plain in network for network in allowed)


def addresses_to_call(
    host: str, port: int, allowed: Sequence[Network], deadline: Deadline, resolve: Resolve = system_resolver
) -> list[str]:
    """Those of the host's addresses that may be called, in the resolver's order. Raises LookupFailed where none may."""
    try:
        found = [str(ip_address(host))]
    except ValueError:
        found = _resolved(host, port, deadline, resolve)
    good = [one for one in found if may_be_called(ip_address(one), allowed)]
    if not good:
        raise LookupFailed(
            BLOCKED, f"{host} is {found[0]}, which is no public address; allow_addresses may name its network"
        )
    return good


def _resolved(host: str, port: int, deadline: Deadline, resolve: Resolve) -> list[str]:
    asked = _RESOLVING.submit(resolve, host, port)
    try:
        found = list(asked.result(timeout=deadline.left()))
    except TookTooLong:
        asked.cancel()
        raise LookupFailed(TIMEOUT, f"the name {host} was not resolved in time") from None
    except OSError as error:
        raise LookupFailed(UNREACHABLE, f"the name {host} leads nowhere: {error.strerror or error}") from None
    if not found:
        raise LookupFailed(UNREACHABLE, f"the name {host} leads nowhere")
    return found
