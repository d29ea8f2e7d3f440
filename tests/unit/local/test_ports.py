import socket

from local.ports import free_ports, holder_of, is_free


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
