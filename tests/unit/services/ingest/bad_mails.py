"""Mails that were made to harm, each of a size that its number sets."""

import base64
import io
import zipfile
from collections.abc import Callable

from tests.unit.services.ingest.samples import mail

BOMB_SIZE = 50_000_000
# What a path, a shell, a log and an eye would trip over.
HOSTILE_NAME = "../../etc/cron.d/\x00\x07a\r\nX-Evil: 1\u202egpj.exe"


def references(number: int) -> bytes:
    """A thread that refers to so many mails, the newest last."""
    ids = "".join(f"\r\n <{n:06d}.somebody@a-mail-client.example>" for n in range(number))
    return mail("Message-ID: <many@b.example>", f"References:{ids}")


def zip_bomb(size: int = BOMB_SIZE) -> bytes:
    """A file of some kilobytes that says it is so large."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * size)
    return kept.getvalue()


def with_file(content: bytes, name: str = "bomb.zip") -> bytes:
    """A mail with words and this file; what is no plain letter of the name is written in percents (RFC 2231)."""
    written = "".join(f"%{byte:02X}" for byte in name.encode())
    body = (
        "--b\r\nContent-Type: text/plain\r\n\r\nsee the file\r\n--b\r\nContent-Type: application/zip\r\n"
        f"Content-Disposition: attachment; filename*=utf-8''{written}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        f"{base64.encodebytes(content).decode()}\r\n--b--"
    )
    return mail("Message-ID: <file@b.example>", "Content-Type: multipart/mixed; boundary=b", text=body)


def links(number: int) -> bytes:
    """A page of so many links."""
    page = "".join(f'<p><a href="https://link.example/{n}">offer {n}</a></p>' for n in range(number))
    return mail("Message-ID: <links@b.example>", "Content-Type: text/html; charset=utf-8", text=page)


def nested(number: int) -> bytes:
    """So many mails, each enclosed in the next; words are in the innermost alone."""
    raw = mail("Message-ID: <0@b.example>", text="the innermost words").decode()
    for n in range(1, number):
        raw = f"From: a@b.example\r\nMessage-ID: <{n}@b.example>\r\nContent-Type: message/rfc822\r\n\r\n{raw}"
    return raw.encode()


BAD: dict[str, Callable[[], bytes]] = {
    "50,000 references": lambda: references(50_000),
    "a zip bomb": lambda: with_file(zip_bomb()),
    "5,000 links": lambda: links(5_000),
    "200 nested mails": lambda: nested(200),
    "a hostile file name": lambda: with_file(b"PK", HOSTILE_NAME),
}
