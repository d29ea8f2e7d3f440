"""Ports on loopback: which are free, and who holds the one that is not."""

import random
import socket
from collections.abc import Iterable

import psutil

# Below the kernel's ephemeral range, so that an outgoing connection never sits on a port we remember.
_FIRST, _LAST = 20_000, 31_999

# Ports that this process told somebody of, from then until its server listens there, and beyond.
_held: list[socket.socket] = []


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
    """Different loopback ports that nobody listens on, and that nobody else is told of while this process lives."""
    taken = set(avoid)
    found: list[int] = []
    source = random.SystemRandom()
    for _ in range(10_000):
        if len(found) == count:
            return found
        port = source.randint(_FIRST, _LAST)
        if port not in taken and _promise(port):
            taken.add(port)
            found.append(port)
    raise OSError(f"no {count} free ports between {_FIRST} and {_LAST} on 127.0.0.1")


def free_port() -> int:
    """One loopback port that nobody listens on."""
    return free_ports(1)[0]


def free_row(count: int) -> int:
    """The first of so many free ports that follow each other."""
    source = random.SystemRandom()
    for _ in range(1_000):
        first = source.randint(_FIRST, _LAST + 1 - count)
        if all(_promise(port) for port in range(first, first + count)):
            return first
    raise OSError(f"no {count} free ports in a row between {_FIRST} and {_LAST} on 127.0.0.1")


def _promise(port: int) -> bool:
    """Hold a port for whoever is told of it; False where somebody has it, or was told of it."""
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        held.bind(("127.0.0.1", port))
    except OSError:
        held.close()
        return False
    # Bound and never listening, a socket that shares its address is in the way of the next promise (which does not share)
    # and not of the server that the port is for (which does): socket(7), SO_REUSEADDR.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _held.append(held)
    return True


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
