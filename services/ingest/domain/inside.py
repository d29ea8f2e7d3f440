"""Which mail servers may be called: the world's, and of our own networks mail's own ports or what was named.

Whoever may change a channel chooses its servers and is told what came of calling them. Without bounds that would show them
every port of the network that we stand in, and the cloud's metadata; with the world's addresses alone a company could not
use its own mail server (docs/decisions/0029).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from services.ingest.domain.errors import ClosedPlace

Address = IPv4Address | IPv6Address
# All addresses of a name. Raises OSError.
Resolve = Callable[[str, int], Sequence[str]]
# Those of a host's addresses that may be called at a port. Raises ClosedPlace where none may, OSError.
Reach = Callable[[str, int], Sequence[str]]

# SMTP, submission and what stands in for it where port 25 is closed; IMAP (RFC 6409, RFC 8314, RFC 3501).
MAIL_PORTS = frozenset({25, 465, 587, 2525, 143, 993})
_ENTRY = re.compile(r"(?:\[([0-9A-Fa-f:./]+)\]|([0-9./]+))(?::(\d{1,5}|\*))?|([0-9A-Fa-f:./]+)")


@dataclass(frozen=True, slots=True)
class Opened:
    """A network in which servers may be called; at every port where `ports` is None."""

    network: IPv4Network | IPv6Network
    ports: frozenset[int] | None = MAIL_PORTS

    def has(self, address: Address, port: int) -> bool:
        return address in self.network and (self.ports is None or port in self.ports)


def opened_by(entries: Sequence[str]) -> tuple[Opened, ...]:
    """Networks as people write them: `10.0.0.0/8` at mail's ports, `10.1.2.3:1143`, `127.0.0.0/8:*` at every port, IPv6
    with a port in brackets. Raises ValueError with the first entry that is none."""
    return tuple(_opened(entry) for entry in entries)


def _opened(entry: str) -> Opened:
    found = _ENTRY.fullmatch(entry.strip())
    try:
        if found is None:
            raise ValueError
        six, four, port, bare = found.groups()
        network = ip_network(six or four or bare)
        if port is None:
            return Opened(network)
        if port != "*" and not 0 < int(port) < 65536:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"networks as 10.0.0.0/8, 10.1.2.3:1143, 127.0.0.1:* or [fd00::1]:993, and not {entry!r}"
        ) from None
    return Opened(network, None if port == "*" else frozenset({int(port)}))


@dataclass(frozen=True, slots=True)
class Places:
    """What may be called; `is_of_the_world` and `undisguised` know whose an address is."""

    opened: tuple[Opened, ...]
    resolve: Resolve
    is_of_the_world: Callable[[Address], bool]
    undisguised: Callable[[Address], Address]

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Those of the host's addresses that may be called, in the resolver's order: they are what is connected to, so that
        a name that leads elsewhere a moment later leads nowhere else. Raises ClosedPlace where none may, OSError."""
        try:
            found: Sequence[str] = [str(ip_address(host))]
        except ValueError:
            found = self.resolve(host, port)
        good = [one for one in found if self._is_open(ip_address(one), port)]
        if not good:
            raise ClosedPlace(host, port)
        return good

    def _is_open(self, address: Address, port: int) -> bool:
        plain = self.undisguised(address)
        return self.is_of_the_world(plain) or any(one.has(plain, port) for one in self.opened)
