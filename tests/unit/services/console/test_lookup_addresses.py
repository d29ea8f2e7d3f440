"""Which addresses may be called."""

import threading
import time
from ipaddress import ip_address, ip_network

import pytest

from chassis.addresses import is_of_the_world, may_be_called
from services.console.adapters.lookup.addresses import addresses_to_call
from services.console.application.look_up import Deadline
from services.console.domain.outside import BLOCKED, TIMEOUT, UNREACHABLE, LookupFailed


def soon(seconds: float = 2.0) -> Deadline:
    return Deadline(time.monotonic() + seconds)


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "64:ff9b::5db8:d822"])
def test_addresses_of_the_world_may_be_called(address: str) -> None:
    assert is_of_the_world(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::", "::1", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fd12::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "2002:7f00:1::",
        "2002:0a00:0001::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2001:0:1::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_all_others_may_not(address: str) -> None:
    assert not is_of_the_world(ip_address(address))
    assert not may_be_called(ip_address(address), ())


def test_what_is_named_may_be_called_and_no_more() -> None:
    named = [ip_network("10.20.0.0/16")]
    assert may_be_called(ip_address("10.20.3.4"), named)
    assert may_be_called(ip_address("::ffff:10.20.3.4"), named)
    assert not may_be_called(ip_address("10.21.3.4"), named)


def test_of_a_names_addresses_only_the_worlds_are_called() -> None:
    found = addresses_to_call("shop.example", 443, (), soon(), lambda host, port: ["10.0.0.1", "1.1.1.1"])
    assert found == ["1.1.1.1"]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "169.254.169.254"])
def test_an_address_in_place_of_a_name_is_checked_too(host: str) -> None:
    with pytest.raises(LookupFailed) as failed:
        addresses_to_call(host, 443, (), soon())
    assert failed.value.outcome == BLOCKED


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "localhost", "localhost."])
def test_other_spellings_of_home_are_resolved_and_checked(host: str) -> None:
    with pytest.raises(LookupFailed) as failed:
        addresses_to_call(host, 443, (), soon())
    assert failed.value.outcome in (BLOCKED, UNREACHABLE)


def test_a_name_that_leads_nowhere_is_said() -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    with pytest.raises(LookupFailed) as failed:
        addresses_to_call("shop.example", 443, (), soon(), nowhere)
    assert failed.value.outcome == UNREACHABLE
    assert "Name or service not known" in failed.value.detail


def test_a_resolver_that_hangs_does_not_lengthen_the_time() -> None:
    let_go = threading.Event()

    def hang(host: str, port: int) -> list[str]:
        # Longer than a test may take.
        let_go.wait(3600)
        return []

    with pytest.raises(LookupFailed) as failed:
        addresses_to_call("shop.example", 443, (), soon(0.2), hang)
    assert not let_go.is_set()
    let_go.set()
    assert failed.value.outcome == TIMEOUT
