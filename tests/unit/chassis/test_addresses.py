"""Connecting to the first address that takes a connection."""

import socket

import pytest

from chassis.addresses import connect_to_any


def test_an_address_where_nobody_listens_is_passed_by() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        # All of 127.0.0.0/8 is this machine, and the server listens at one of it.
        with connect_to_any(["127.0.0.2", "127.0.0.1"], port, 5) as connected:
            assert connected.getpeername() == ("127.0.0.1", port)


def test_where_nobody_listens_at_all_the_last_refusal_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            connect_to_any(["127.0.0.2", "127.0.0.3"], port, 5)


def test_no_address_is_a_failure_too() -> None:
    with pytest.raises(OSError, match="no address"):
        connect_to_any([], 25, 5)
