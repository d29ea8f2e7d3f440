"""Ports on loopback: which are free, and who holds the one that is not."""

import random
import socket
from collections.abc import Iterable

import psutil

# Below the kernel's ephemeral range, so that an outgoing connection never sits on a port we remember.
_FIRST, _LAST = 20_000, 31_999


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Servers set this too: a connection in TIME_WAIT does not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_ports(count: int, *, avoid: Iterable[int] = ()) -> list[int]:
    """Different loopback ports that nobody listens on, chosen at random so that parallel runs rarely meet."""
    taken = set(avoid)
    found: list[int] = []
    source = random.SystemRandom()
    for _ in range(10_000):
        if len(found) == count:
            return found
        port = source.randint(_FIRST, _LAST)
        if port not in taken and is_free(port):
            taken.add(port)
            found.append(port)
    raise OSError(f"no {count} free ports between {_FIRST} and {_LAST} on 127.0.0.1")


def free_port() -> int:
    """One loopback port that nobody listens on."""
    return free_ports(1)[0]


def holder_of(port: int) -> str:
    """Who listens on a port, in words for an error line; "another process" where we may not look."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
                if connection.pid is None:
                    break
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except (psutil.Error, OSError):
        pass
    return "another process"
