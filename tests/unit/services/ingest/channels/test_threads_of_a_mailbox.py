"""What a mailbox says of its threads: T5, T6, F2."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from pydantic import ValidationError

from bus.v1.bundle_pb2 import Envelope as Wrapping
from services.ingest.adapters.wire import message_received
from services.ingest.application.normalise import Understood, normalise
from services.ingest.channels.email import Mailbox, Settings, build
from services.ingest.domain.intake import Envelope, IntakeRow
from services.ingest.domain.received import Threading
from services.ingest.domain.sending import Reply
from services.ingest.domain.tokens import Tokens
from services.tickets.adapters.wire import message_of_received
from services.tickets.domain.commands import ReceiveMessage
from tests.unit.services.ingest.application.desk import Desk
from tests.unit.services.ingest.channels.inboxes import inbox
from tests.unit.services.ingest.samples import TOKENS, mail

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TICKET = "0193a1b2c3d4e5f60718293a4b5c6d7e"
REPLY = Reply(TICKET, "m1", "mail", ("anna@client.example",), (), "Re: Parcel", "On its way.")


def _mailbox(**settings: object) -> Mailbox:
    return build(Settings.model_validate({"address": "support@demo.example", **settings}), inbox())


def _html(**settings: object) -> str:
    composed = _mailbox(**settings).compose(REPLY, "anna@client.example", (), (), NOW)
    leaving = message_from_bytes(composed.data, policy=default)
    assert isinstance(leaving, EmailMessage)
    body = leaving.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def _answered(words: str) -> bytes:
    """An answer of a program that keeps nothing of ours but what it quotes."""
    answer = EmailMessage()
    answer["From"], answer["To"], answer["Subject"] = "anna@client.example", "support@demo.example", "Parcel"
    answer.set_content("Thank you")
    answer.add_alternative(f"<p>Thank you</p><blockquote>{words}</blockquote>", subtype="html")
    return answer.as_bytes()


def test_what_a_program_quotes_of_our_answer_names_its_ticket() -> None:
    read = _mailbox().read(_answered(_html()), Envelope())
    assert read.thread.proven_ticket_ids == ()
    assert read.thread.quoted_ticket_ids == (TICKET,)


def test_the_mark_is_not_shown_and_not_in_the_text() -> None:
    assert f'mso-hide:all">{TOKENS.mark(TICKET)}</div>' in _html()
    composed = _mailbox().compose(REPLY, "anna@client.example", (), (), NOW)
    assert composed.data.count(b"rd-t.") == 1


def test_a_mailbox_may_leave_no_mark() -> None:
    assert "rd-t." not in _html(hidden_mark="false")


@pytest.mark.parametrize(
    "text",
    [
        f"rd-t.{TICKET}.0123456789abcdef",
        f"rd-t.{TICKET}",
        Tokens(b"another instance's key").mark(TICKET),
        f"{TOKENS.mark(TICKET)}0",
    ],
)
def test_a_mark_that_is_not_ours_names_nothing_and_is_nobodys_fault(text: str) -> None:
    read = _mailbox().read(mail(text=text), Envelope())
    assert (read.thread.quoted_ticket_ids, read.flags) == ((), ())


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, Threading()),
        ({"reply_to_closed": "reopen:14"}, Threading(timedelta(days=14))),
        ({"reply_to_closed": "reopen"}, Threading(timedelta(days=36_500))),
        ({"match_ids": "with_subject"}, Threading(None, ids_need_subject=True)),
    ],
)
def test_what_the_mailbox_wants_of_threads_reaches_tickets(
    settings: dict[str, str], wanted: Threading
) -> None:
    desk = Desk()
    desk.live.message = _mailbox(**settings).read(mail(text=TOKENS.mark(TICKET)), Envelope())
    assert desk.live.message.threading == wanted
    row = IntakeRow("i1", "mail", "k", "f", b"", "s", Envelope(), NOW)
    understood = normalise(row, desk.directory)
    assert isinstance(understood, Understood)
    command = message_of_received(message_received(understood), Wrapping(lane="email"))
    assert isinstance(command, ReceiveMessage)
    assert (command.reopens_within, command.ids_need_subject) == (
        wanted.reopens_within,
        wanted.ids_need_subject,
    )
    assert command.thread.quoted_ticket_ids == (TICKET,)


@pytest.mark.parametrize(
    "value", ["", "close", "reopen:", "reopen:0", "reopen:3651", "reopen:-1", "reopen:1.5"]
)
def test_a_wish_for_closed_tickets_that_makes_no_sense_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="new_ticket, reopen, or reopen:DAYS"):
        _mailbox(reply_to_closed=value)
