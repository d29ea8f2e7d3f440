"""Mails named after their trouble, and the house that reads them."""

from pathlib import Path

from services.ingest.domain.mail import House, read_mail
from services.ingest.domain.received import ReceivedMessage
from services.ingest.domain.tokens import Tokens

FOLDER = Path(__file__).parents[3] / "samples" / "mail"
TOKENS = Tokens(b"a key that only tests know")
OWN = ("support@demo.example", "noreply@shop.example")
HOUSE = House(TOKENS, lambda address: address in OWN)


def raw(name: str) -> bytes:
    return (FOLDER / f"{name}.eml").read_bytes()


def read(name: str, envelope_sender: str | None = "anna@client.example") -> ReceivedMessage:
    return read_mail(raw(name), envelope_sender, HOUSE)


def mail(*lines: str, text: str = "words") -> bytes:
    """A small mail with these header lines."""
    head = "\r\n".join(("From: anna@client.example", "To: support@demo.example", "Subject: s", *lines))
    return f"{head}\r\n\r\n{text}\r\n".encode()
