"""A listening socket, opened by us so that a port in use is an error of `start()` and port 0 means a free one."""

import socket


def listen(host: str, port: int, backlog: int = 1024) -> socket.socket:
    """Raises OSError with the address in its text."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=backlog)
    except OSError as error:
        raise OSError(error.errno, f"{host}:{port}: {error.strerror}") from error
