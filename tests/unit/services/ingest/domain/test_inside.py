"""Which mail servers may be called."""

from collections.abc import Sequence

import pytest

from chassis.addresses import is_of_the_world, undisguised
from services.ingest.config import Settings
from services.ingest.domain.errors import ClosedPlace
from services.ingest.domain.inside import Places, opened_by

DEFAULT: tuple[str, ...] = Settings.mail_inside


def _places(*entries: str, **names: Sequence[str]) -> Places:
    def resolve(host: str, port: int) -> Sequence[str]:
        return names[host.replace(".", "_")]

    return Places(opened_by(entries), resolve, is_of_the_world, undisguised)


def _may(places: Places, host: str, port: int) -> bool:
    try:
        return bool(places.addresses(host, port))
    except ClosedPlace:
        return False


@pytest.mark.parametrize("port", [25, 465, 587, 2525, 143, 993])
@pytest.mark.parametrize("host", ["10.1.2.3", "172.16.0.9", "192.168.1.1", "100.64.0.1", "fd12::25"])
def test_a_companys_own_mail_server_may_be_called_without_any_setting(host: str, port: int) -> None:
    assert _may(_places(*DEFAULT), host, port)


@pytest.mark.parametrize("port", [22, 80, 443, 3306, 5432, 5672, 6379, 8080, 9200, 27017, 50051])
@pytest.mark.parametrize("host", ["10.1.2.3", "192.168.1.1", "fd12::25"])
def test_no_other_port_of_the_inside_may(host: str, port: int) -> None:
    assert not _may(_places(*DEFAULT), host, port)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::"),
        *("169.254.169.254", "fe80::1", "fe80::a9fe:a9fe", "224.0.0.1", "ff02::1", "255.255.255.255"),
        # The same in disguise.
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::1"),
    ],
)
@pytest.mark.parametrize("port", [25, 993])
def test_this_machine_and_the_clouds_metadata_may_not_even_at_mails_ports(host: str, port: int) -> None:
    assert not _may(_places(*DEFAULT), host, port)


@pytest.mark.parametrize("port", [25, 993, 1143, 10_025])
@pytest.mark.parametrize("host", ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822"])
def test_a_server_of_the_world_may_be_called_at_any_port(host: str, port: int) -> None:
    assert _may(_places(), host, port)


def test_with_nothing_opened_nothing_inside_may() -> None:
    assert not _may(_places(), "10.1.2.3", 25)


@pytest.mark.parametrize(
    ("entry", "host", "port", "may"),
    [
        ("10.1.2.3:1143", "10.1.2.3", 1143, True),
        ("10.1.2.3:1143", "10.1.2.3", 993, False),
        ("10.1.2.3:1143", "10.1.2.4", 1143, False),
        ("127.0.0.1:*", "127.0.0.1", 1025, True),
        ("127.0.0.1:*", "::ffff:127.0.0.1", 1025, True),
        ("127.0.0.1:*", "::1", 1025, False),
        ("[::1]:1025", "::1", 1025, True),
        ("fd00::/8", "fd00::1", 25, True),
        ("fd00::/8", "fd00::1", 80, False),
        ("10.1.0.0/16", "10.1.2.3", 465, True),
        ("169.254.0.0/16:*", "169.254.169.254", 80, True),
    ],
)
def test_what_is_named_may_be_called_as_it_is_named(entry: str, host: str, port: int, may: bool) -> None:
    assert _may(_places(entry), host, port) is may


def test_of_a_name_only_those_addresses_are_answered_that_may_be_called() -> None:
    places = _places(
        *DEFAULT, mail_corp=["10.1.2.3", "127.0.0.1", "93.184.216.34"], sly_example=["169.254.169.254"]
    )
    assert places.addresses("mail.corp", 993) == ["10.1.2.3", "93.184.216.34"]
    assert places.addresses("mail.corp", 6379) == ["93.184.216.34"]
    with pytest.raises(ClosedPlace, match=r"^sly\.example:25 is inside"):
        places.addresses("sly.example", 25)


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "10.0.0.0/33",
        "10.1.2.3/8",
        "mail.corp",
        "10.0.0.1:0",
        "10.0.0.1:70000",
        "10.0.0.1:",
        "[::1",
        "::1:*",
        "*",
    ],
)
def test_what_is_no_network_is_refused_with_what_would_be(entry: str) -> None:
    with pytest.raises(ValueError, match=r"networks as 10\.0\.0\.0/8"):
        opened_by(["192.168.0.0/16", entry])
