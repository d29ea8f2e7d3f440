import socket

import pytest

from local.ports import free_port, free_ports, free_row, holder_of, is_free


def test_free_ports_are_different_and_nobody_listens_on_them() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert all(is_free(port) for port in ports)


def test_a_port_with_a_listener_is_not_free_and_its_holder_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        assert "(pid " in holder_of(port)


def test_ports_to_avoid_are_not_given() -> None:
    first = free_ports(5)
    assert not set(free_ports(5, avoid=first)) & set(first)


def test_a_port_that_somebody_was_told_of_is_told_to_nobody_else_and_takes_its_server() -> None:
    port = free_port()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as next_to_be_told,
        pytest.raises(OSError, match="in use"),
    ):
        next_to_be_told.bind(("127.0.0.1", port))
    with socket.create_server(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
        pass


def test_ports_in_a_row_follow_each_other_and_are_told_once() -> None:
    first = free_row(8)
    row = set(range(first, first + 8))
    assert all(is_free(port) for port in row)
    assert not row & set(free_ports(20))
