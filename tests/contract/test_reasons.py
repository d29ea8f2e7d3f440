"""Whatever ingest and tickets say of a mail that did not leave or was set aside, the console says in every language."""

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator

import pytest

from bus.v1.bundle_pb2 import Envelope as Wrapping
from relaydesk.tickets.v1 import events_pb2
from services.console.pages.words import Words
from services.ingest.adapters.wire import row_ignored
from services.ingest.application.normalise import Blocked, SetAside, normalise
from services.ingest.application.send_reply import give_up_abandoned, send_reply
from services.ingest.channels._smtp import Sender
from services.ingest.channels._smtp_server import Server, trouble
from services.ingest.domain import lists, pace, smtp_answers
from services.ingest.domain.errors import CannotRead, ClosedPlace
from services.ingest.domain.intake import Envelope, IntakeRow
from services.ingest.domain.mail import read_mail
from services.ingest.domain.received import TOO_MANY_HOPS, Author, ReceivedMessage, Screening
from services.ingest.domain.sending import BACKOFF, SendResult, Sent, after_attempt
from services.ingest.domain.smtp_answers import Said, refused
from services.tickets.domain.message import Message, held_back
from services.tickets.domain.people import THE_SYSTEM
from tests.builders import MONDAY
from tests.fakes import console_samples
from tests.unit.services.ingest.application.desk import Desk
from tests.unit.services.ingest.application.test_sending import _queued
from tests.unit.services.ingest.channels.inboxes import anywhere
from tests.unit.services.ingest.channels.mail_server import mail_server
from tests.unit.services.ingest.channels.test_outcomes import MAIL
from tests.unit.services.ingest.samples import HOUSE


def _server(
    host: str = "mx.example", port: int = 25, security: str = "none", password_secret: str = ""
) -> Server:
    return Server(
        host=host,
        port=port,
        security=security,
        user="",
        password_secret=password_secret,
        timeout_seconds=60,
        secret=lambda name: name,
        addresses=anywhere,
    )


def _of_answers() -> Iterator[str]:
    for code in {*smtp_answers._WORDS, *smtp_answers._OF_SENDER}:
        for said in Said:
            reason = refused(550, f"5.{code} no", said).reason
            if not reason.startswith("550"):
                yield reason
    for basic in smtp_answers._BASIC:
        yield refused(basic, "no", Said.DATA).reason
    yield refused(-1, "what", Said.DATA).reason


def _of_trouble() -> Iterator[str]:
    verify = ssl.SSLCertVerificationError(1, "self-signed")
    verify.verify_message = "self-signed certificate"
    for error in (
        KeyError("x"),
        smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server."),
        smtplib.SMTPNotSupportedError("SMTP AUTH extension not supported by server."),
        smtplib.SMTPServerDisconnected("Connection unexpectedly closed"),
        smtplib.SMTPException("No suitable authentication method found."),
        verify,
        socket.gaierror(-2, "Name or service not known"),
        ClosedPlace("mx.example", 25),
        ConnectionRefusedError(),
        TimeoutError(),
        OSError("odd"),
    ):
        yield trouble(error, _server())
    yield trouble(KeyError("x"), _server(password_secret="mail-password"))
    yield trouble(KeyError("x"), _server(password_secret="sealed:smtp_password_secret"))
    plain = ssl.SSLError(1, "wrong version number")
    plain.reason = "WRONG_VERSION_NUMBER"
    yield trouble(plain, _server(security="tls"))


def _of_talks() -> Iterator[str]:
    for answers in ({".": None}, {".": "what"}, {"MAIL": None}):
        with mail_server(answers) as server:
            yield Sender(_server("127.0.0.1", server.port)).send(MAIL, lambda: None).reason


def _of_the_ledger() -> Iterator[str]:
    yield after_attempt(
        len(BACKOFF) + 1, SendResult(Sent.TEMPORARY, refused(452, "4.2.2", Said.DATA).reason), MONDAY
    ).reason
    yield pace.over_the_bound(30)
    yield pace.paused("mx.example:25 does not answer")
    yield pace.resting(MONDAY).reason
    desk = Desk()
    (send_id,) = _queued(desk)
    for may_have_left in (False, True):
        row = desk.sends.rows[send_id]
        yield give_up_abandoned(row, may_have_left, desk.ports).reason
    for ledger in (_without_channel(), _without_sending(), _without_conversation()):
        yield from (row.reason for row in ledger.sends.rows.values())


def _without_channel() -> Desk:
    desk = Desk()
    (send_id,) = _queued(desk)
    desk.directory.find = lambda channel_id: None  # type: ignore[method-assign]
    send_reply(send_id, desk.ports)
    return desk


def _without_sending() -> Desk:
    desk = Desk()
    (send_id,) = _queued(desk)
    desk.live.sends = False
    send_reply(send_id, desk.ports)
    return desk


def _without_conversation() -> Desk:
    desk = Desk()
    (send_id,) = _queued(desk)
    desk.live.quotes_history = True
    desk.conversations.is_away = True
    send_reply(send_id, desk.ports)
    return desk


def _of_tickets() -> Iterator[str]:
    message = Message("m1", "t1", THE_SYSTEM, "text", MONDAY)
    yield held_back(message, refused(550, "5.1.1 gone", Said.RECIPIENT).reason).delivery_reason


def _of_quarantine() -> Iterator[str]:
    for raw in (b"", b"\x00\x01" * 50, b"X-Other: x\r\n\r\n"):
        with pytest.raises(CannotRead) as refusal:
            read_mail(raw, None, HOUSE)
        yield refusal.value.reason
    desk = Desk()
    row = IntakeRow("i1", "mail", "k", "f", b"x", "s", Envelope(), MONDAY)
    desk.live.message = ReceivedMessage(Author(), flags=(TOO_MANY_HOPS,))
    held = normalise(row, desk.directory)
    desk.directory.find = lambda channel_id: None  # type: ignore[method-assign]
    gone = normalise(row, desk.directory)
    for aside in (held, gone):
        assert isinstance(aside, SetAside)
        yield aside.reason
    for by in (lists.ADDRESS, lists.DOMAIN, lists.HEADER, lists.AUTHENTICATION):
        yield Blocked(row, Screening(lists.BLOCK, by, "x")).reason
    fact = events_pb2.MessageIgnored(intake_id="i1", reason="bounce_of_unknown")
    handed_back = row_ignored(fact, Wrapping())
    assert handed_back is not None
    yield handed_back.closing.reason


def _all() -> list[str]:
    return [
        *_of_answers(),
        *_of_trouble(),
        *_of_talks(),
        *_of_the_ledger(),
        *_of_tickets(),
        *_of_quarantine(),
    ]


@pytest.mark.parametrize("language", ["pt", "ru"])
def test_every_reason_is_said_in_the_persons_language(language: str) -> None:
    words, english = Words(language, "UTC", console_samples.NOW), Words("en", "UTC", console_samples.NOW)
    reasons = _all()
    assert len(reasons) > 60
    assert [reason for reason in reasons if words.reason(reason) == reason] == []
    if language == "ru":
        assert [reason for reason in reasons if not re.search("[а-я]", words.reason(reason))] == []
    assert [reason for reason in reasons if english.reason(reason) != reason] == []
