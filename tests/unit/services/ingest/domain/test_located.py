"""Pictures that a page names by their address and the mail brings along, as saved pages and old programs send them."""

import pytest

from services.ingest.domain.mail import read_mail
from services.ingest.domain.received import ReceivedMessage
from tests.unit.services.ingest.samples import HOUSE, mail


def _read(source: str, location: str, base: str = "https://shop.example/news/page.html") -> ReceivedMessage:
    body = (
        f"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Location: {base}\r\n\r\n"
        f"<p>See {source}</p>\r\n--b\r\nContent-Type: image/png\r\nContent-Location: {location}\r\n\r\npicture\r\n--b--"
    )
    return read_mail(mail("Content-Type: multipart/related; boundary=b", text=body), None, HOUSE)


@pytest.mark.parametrize(
    ("source", "location"),
    [
        ('<img src="https://shop.example/a.png">', "https://shop.example/a.png"),
        ("<img width=5 src='pics/a.png'>", "https://shop.example/news/pics/a.png"),
        ('<IMG SRC = "pics/a.png">', "pics/a.png"),
        ('<img src="https://shop.example/a?b=1&amp;c=2">', "https://shop.example/a?b=1&c=2"),
        ('<img src="https://shop.example/a-long-name.png">', '"https://shop.example/a-long-\r\n name.png"'),
    ],
)
def test_a_picture_is_shown_by_its_address(source: str, location: str) -> None:
    message = _read(source, location)
    (file,) = message.attachments
    assert file.is_inline
    assert f'src="cid:{file.content_id}"' in message.html


def test_a_picture_of_another_address_is_a_file_and_loads_nothing() -> None:
    message = _read('<img src="https://other.example/a.png">', "https://shop.example/a.png")
    assert not message.attachments[0].is_inline
    assert 'data-src="https://other.example/a.png"' in message.html


def test_an_address_that_is_none_breaks_nothing() -> None:
    assert not _read('<img src="http://[x">', "http://[x/y").attachments[0].is_inline
