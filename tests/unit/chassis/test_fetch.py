"""Files of others: checked addresses, few bytes, few steps."""

from ipaddress import ip_network

import pytest

from chassis.fetch import NotFetched, fetch
from tests.web_file import WebFile, served

HERE = (ip_network("127.0.0.0/8"),)


def test_a_file_is_read() -> None:
    with served(WebFile(b"hello")) as file:
        assert fetch(file.url, allowed=HERE) == b"hello"


def test_an_address_of_ones_own_is_not_called_unless_it_is_named() -> None:
    with served(WebFile(b"secret")) as file:
        with pytest.raises(NotFetched, match="no public address"):
            fetch(file.url)
        assert file.asked == 0


def test_a_name_that_leads_inside_is_not_called() -> None:
    with served(WebFile(b"secret")) as file:
        port = file.url.split(":")[2].split("/")[0]
        with pytest.raises(NotFetched, match="no public address"):
            fetch(f"http://days.example:{port}/", resolve=lambda host, port: ["169.254.169.254", "127.0.0.1"])
        assert file.asked == 0


def test_a_redirect_to_an_address_of_ones_own_is_not_followed() -> None:
    with served(WebFile(b"secret")) as inside, served(WebFile(b"", 302)) as outside:
        outside.location = inside.url.replace("127.0.0.1", "127.1.1.1")
        with pytest.raises(NotFetched, match="no public address"):
            fetch(outside.url, allowed=(ip_network("127.0.0.1/32"),))
        assert (outside.asked, inside.asked) == (1, 0)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://days.example/"])
def test_a_redirect_that_leaves_the_web_is_not_followed(location: str) -> None:
    with served(WebFile(b"", 302)) as file:
        file.location = location
        with pytest.raises(NotFetched, match="no web address"):
            fetch(file.url, allowed=HERE)


def test_a_redirect_without_end_ends() -> None:
    with served(WebFile(b"", 302)) as file:
        file.location = file.url
        with pytest.raises(NotFetched, match="more than 3 times"):
            fetch(file.url, allowed=HERE)
        assert file.asked == 4


def test_what_is_too_large_is_not_read_to_its_end() -> None:
    with served(WebFile(b"x" * 200_000)) as file, pytest.raises(NotFetched, match="larger than 97 KB"):
        fetch(file.url, allowed=HERE, largest=100_000)


def test_a_status_that_is_no_answer_is_said() -> None:
    with served(WebFile(b"", 404)) as file, pytest.raises(NotFetched, match="404"):
        fetch(file.url, allowed=HERE)


def test_nobody_there_is_said() -> None:
    with served(WebFile(b"")) as file:
        url = file.url
    with pytest.raises(NotFetched, match="no connection"):
        fetch(url, allowed=HERE)


def test_a_name_that_leads_nowhere_is_said() -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(NotFetched, match="no connection"):
        fetch("http://days.example/", resolve=nowhere)
