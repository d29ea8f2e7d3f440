"""What became of the mails we sent: bounces B2-B4 and the sender's own word."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.tickets.domain.commands import AddMessage, RecordClock, RecordDelivery, UpdateTicket
from services.tickets.domain.events import TicketChanged
from services.tickets.domain.message import Message
from services.tickets.domain.people import AGENT, Actor
from tests.builders import MONDAY, a_bounce, a_message
from tests.fakes.tickets import MemoryPorts

KATE = Actor(AGENT, "kate", "Kate Stone")


@pytest.fixture
def answer(desk: MemoryPorts) -> Message:
    """An answer to Ana that waits to be sent."""
    desk.run(a_message(message_id="<1@x>"))
    desk.run(AddMessage(KATE, desk.only_ticket().ticket_id, "On its way.", status="pending"))
    return desk.added()[0].message


def _delivery(
    message: Message, state: str, *, attempt: int = 1, send: str = "s1", minutes: int = 1
) -> RecordDelivery:
    return RecordDelivery(
        send_id=send,
        ticket_id=message.ticket_id,
        message_id=message.message_id,
        state=state,
        reason="" if state == "sent" else "the server hung up",
        external_id="<ours@demo.example>",
        changed_at=MONDAY + timedelta(minutes=minutes),
        attempt=attempt,
    )


def test_that_a_mail_left_is_kept_without_a_version(desk: MemoryPorts, answer: Message) -> None:
    desk.run(_delivery(answer, "sent"))
    assert desk.messages.sendings[answer.message_id].state == "sent"
    assert desk.only_ticket().version == 2


def test_an_answer_to_the_message_id_it_left_with_finds_its_ticket(
    desk: MemoryPorts, answer: Message
) -> None:
    desk.run(_delivery(answer, "sent"))
    desk.run(a_message(in_reply_to="<ours@demo.example>"))
    assert desk.only_ticket().message_count == 3


@pytest.mark.parametrize("state", ["failed", "unknown"])
def test_a_mail_that_did_not_surely_leave_is_part_of_the_history(
    desk: MemoryPorts, answer: Message, state: str
) -> None:
    desk.run(_delivery(answer, state))
    fact = desk.tickets.facts[-1]
    assert isinstance(fact, TicketChanged)
    assert [(c.field, c.old, c.new) for c in fact.changes] == [("delivery", "queued", state)]


def test_a_later_attempt_overrules_an_earlier_failure(desk: MemoryPorts, answer: Message) -> None:
    desk.run(_delivery(answer, "failed", attempt=1))
    desk.run(_delivery(answer, "sent", attempt=2))
    desk.run(_delivery(answer, "failed", attempt=1))
    assert desk.messages.sendings[answer.message_id].state == "sent"


def test_the_worst_of_several_recipients_is_the_messages_state(desk: MemoryPorts, answer: Message) -> None:
    desk.run(_delivery(answer, "failed", send="s1"))
    desk.run(_delivery(answer, "sent", send="s2"))
    assert desk.messages.sendings[answer.message_id].state == "failed"


def test_a_delivery_of_a_message_that_is_not_there_changes_nothing(
    desk: MemoryPorts, answer: Message
) -> None:
    desk.run(replace(_delivery(answer, "failed"), message_id="gone"))
    assert desk.only_ticket().version == 2


def test_a_bounce_is_a_note_on_its_ticket_and_the_delivery_has_failed(
    desk: MemoryPorts, answer: Message
) -> None:
    desk.run(_delivery(answer, "sent"))
    bounce = a_bounce("<ours@demo.example>")
    desk.run(bounce)
    note = desk.added()[-1]
    assert (note.message.visibility, note.message.intake_id) == ("internal", bounce.intake_id)
    assert note.message.text.startswith(
        "The mail to ana@example.org could not be delivered: there is no such mailbox, 5.1.1, no such user."
    )
    assert [(c.field, c.old, c.new) for c in note.changes] == [("delivery", "sent", "failed")]
    assert desk.messages.sendings[answer.message_id].state == "failed"


def test_a_bounce_never_reopens(desk: MemoryPorts, answer: Message) -> None:
    desk.run(_delivery(answer, "sent"))
    desk.run(UpdateTicket(KATE, answer.ticket_id, values={"status": "solved"}))
    desk.run(a_bounce("<ours@demo.example>"))
    assert desk.only_ticket().status == "solved"


def test_a_soft_bounce_is_a_note_and_no_failure(desk: MemoryPorts, answer: Message) -> None:
    desk.run(_delivery(answer, "sent"))
    desk.run(a_bounce("<ours@demo.example>", kind="soft", code="4.2.2", reason="mailbox full"))
    assert "is not delivered yet" in desk.added()[-1].message.text
    assert desk.messages.sendings[answer.message_id].state == "sent"


def test_a_bounce_with_our_proof_finds_its_ticket_before_the_sender_said_a_word(
    desk: MemoryPorts, answer: Message
) -> None:
    desk.run(a_bounce("<ours@demo.example>", proven=(answer.ticket_id,)))
    assert desk.only_ticket().message_count == 3


def test_a_bounce_of_what_we_never_sent_is_ignored_with_its_reason(desk: MemoryPorts) -> None:
    desk.run(a_bounce("<stranger@x>"))
    assert desk.tickets.rows == {}
    assert [fact.reason for fact in desk.ignored] == ["bounce_of_unknown"]


def test_the_highest_epoch_of_the_clock_wins(desk: MemoryPorts, answer: Message) -> None:
    for epoch in (2, 3, 1):
        desk.run(RecordClock(answer.ticket_id, epoch, "next_reply", MONDAY, False, False))
    assert desk.tickets.clocks[answer.ticket_id].epoch == 3
    assert desk.only_ticket().version == 2
