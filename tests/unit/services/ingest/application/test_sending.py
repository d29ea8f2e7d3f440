"""An answer becomes rows, and each row one mail."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bus.v1.bundle_pb2 import Envelope as Wrapping
from relaydesk.tickets.v1 import events_pb2 as tickets
from services.ingest.adapters.wire import row_appended
from services.ingest.application.queue_sends import QueueReply, queue_sends
from services.ingest.application.send_reply import give_up_abandoned, send_reply
from services.ingest.domain.history import Earlier
from services.ingest.domain.intake import Closing, State
from services.ingest.domain.sending import Reply, SendResult, SendState, Sent
from tests.unit.services.ingest.application.desk import NOW, Desk

REPLY = Reply("t1", "m1", "mail", ("anna@client.example",), (), "Re: s", "text")


def _queued(desk: Desk, reply: Reply = REPLY) -> list[str]:
    queue_sends(QueueReply(reply, "email"), desk)
    return list(desk.sends.rows)


def test_each_recipient_gets_a_row_once() -> None:
    reply = replace(REPLY, to=("anna@client.example", "ANNA@client.example"), cc=("b@client.example",))
    desk = Desk()
    _queued(desk, reply)
    assert [row.recipient for row in desk.sends.rows.values()] == ["anna@client.example", "b@client.example"]


def test_nothing_is_sent_to_our_own_mailboxes() -> None:
    assert _queued(Desk(), replace(REPLY, to=("support+t.1.2@demo.example",))) == []


def test_our_own_mailboxes_are_not_named_to_those_who_get_the_mail() -> None:
    desk = Desk()
    _queued(desk, replace(REPLY, cc=("Support@demo.example", "b@client.example")))
    assert desk.sends.replies["m1"].cc == ("b@client.example",)


def test_nothing_is_queued_on_a_channel_that_does_not_send() -> None:
    assert _queued(Desk(sends=False)) == []


def test_a_channel_that_is_gone_queues_nothing() -> None:
    assert _queued(Desk(), replace(REPLY, channel_id="gone")) == []


def test_an_answer_on_a_channel_that_cannot_be_read_now_waits_until_it_can() -> None:
    desk = Desk()
    desk.directory.unreadable = {"mail"}
    (send_id,) = _queued(desk)
    assert send_reply(send_id, desk.ports) is SendState.QUEUED
    assert desk.live.sent == []


def test_an_answer_that_came_by_mail_closes_its_row_and_leaves() -> None:
    fact = tickets.MessageAdded(intake_id="i1")
    fact.ticket.id, fact.message.id = "t1", "m1"
    fact.reply.channel_id = "mail"
    fact.reply.to.append("anna@client.example")
    command = row_appended(fact, Wrapping(event_id="t1:2:0", subject="t1", version=2, lane="email"))
    assert isinstance(command, QueueReply)
    desk = Desk()
    queue_sends(command, desk)
    assert [row.recipient for row in desk.sends.rows.values()] == ["anna@client.example"]
    assert desk.closed == [Closing("i1", State.APPENDED, "t1:2")]


def test_a_due_row_is_sent_and_marked() -> None:
    desk = Desk()
    (send_id,) = _queued(desk)
    assert send_reply(send_id, desk.ports) is SendState.SENT
    assert [mail.recipient for mail in desk.live.sent] == ["anna@client.example"]
    assert desk.counts.states == [SendState.SENT]


def test_asking_twice_sends_once() -> None:
    desk = Desk()
    (send_id,) = _queued(desk)
    send_reply(send_id, desk.ports)
    assert send_reply(send_id, desk.ports) is None
    assert len(desk.live.sent) == 1


def test_a_temporary_refusal_is_tried_again_when_it_is_due_and_not_before() -> None:
    desk = Desk()
    desk.live.result = SendResult(Sent.TEMPORARY, "451")
    (send_id,) = _queued(desk)
    assert send_reply(send_id, desk.ports) is SendState.QUEUED
    assert send_reply(send_id, desk.ports) is None
    desk.clock.move(timedelta(minutes=1))
    desk.live.result = SendResult(Sent.SENT)
    assert send_reply(send_id, desk.ports) is SendState.SENT
    assert desk.counts.states == [SendState.SENT]


def test_an_unknown_outcome_is_never_tried_again() -> None:
    desk = Desk()
    desk.live.result = SendResult(Sent.UNKNOWN)
    (send_id,) = _queued(desk)
    send_reply(send_id, desk.ports)
    desk.clock.move(timedelta(days=9))
    assert send_reply(send_id, desk.ports) is None


def test_a_claim_is_given_up_even_where_sending_fails_by_mistake() -> None:
    desk = Desk()
    (send_id,) = _queued(desk)

    def broken(*_: object) -> SendResult:
        raise ZeroDivisionError

    desk.live.send = broken  # type: ignore[method-assign, assignment]
    with pytest.raises(ZeroDivisionError):
        send_reply(send_id, desk.ports)
    assert desk.sends.released == [send_id]


@pytest.mark.parametrize(("may_have_left", "state"), [(True, SendState.UNKNOWN), (False, SendState.QUEUED)])
def test_a_row_whose_process_died_is_tried_again_only_where_nothing_left(
    may_have_left: bool, state: SendState
) -> None:
    desk = Desk()
    (send_id,) = _queued(desk)
    claimed = desk.sends.claim(send_id, desk.clock.now())
    assert claimed is not None
    assert give_up_abandoned(claimed[0], may_have_left, desk.ports).state is state


def test_a_late_owner_changes_nothing() -> None:
    desk = Desk()
    (send_id,) = _queued(desk)
    claimed = desk.sends.claim(send_id, desk.clock.now())
    assert claimed is not None
    desk.sends.rows[send_id] = replace(desk.sends.rows[send_id], fence=9)
    give_up_abandoned(claimed[0], True, desk.ports)
    assert desk.sends.said == []


ASKED = Earlier("Anna", NOW, "Where is it?")


def test_a_channel_that_quotes_gets_what_was_written_before() -> None:
    desk = Desk()
    desk.live.quotes_history = True
    desk.conversations.messages = [ASKED]
    (send_id,) = _queued(desk)
    send_reply(send_id, desk.ports)
    assert desk.live.earlier == [ASKED]


def test_an_answer_that_quotes_waits_for_tickets_and_is_not_sent_without() -> None:
    desk = Desk()
    desk.live.quotes_history = True
    desk.conversations.is_away = True
    (send_id,) = _queued(desk)
    assert send_reply(send_id, desk.ports) is SendState.QUEUED
    assert desk.live.sent == []


def test_a_machine_asks_for_no_history() -> None:
    desk = Desk()
    desk.live.quotes_history = True
    desk.conversations.is_away = True
    (send_id,) = _queued(desk, replace(REPLY, is_automatic=True))
    assert send_reply(send_id, desk.ports) is SendState.SENT


def test_what_must_wait_for_its_turn_is_given_back_untried() -> None:
    desk = Desk()
    desk.paces.wait = timedelta(seconds=2)
    (send_id,) = _queued(desk)
    assert send_reply(send_id, desk.ports) is SendState.QUEUED
    row = desk.sends.rows[send_id]
    assert (row.attempts, row.reason, desk.live.sent, desk.sends.said) == (0, "queued: not yet", [], [])
    desk.paces.wait = timedelta(0)
    desk.clock.move(timedelta(seconds=2))
    assert send_reply(send_id, desk.ports) is SendState.SENT


def test_a_provider_that_asks_for_less_slows_the_channel_down() -> None:
    desk = Desk()
    desk.live.result = SendResult(Sent.TEMPORARY, "421", slows_down=True)
    (send_id,) = _queued(desk)
    send_reply(send_id, desk.ports)
    assert (desk.paces.slowed, desk.paces.recovered) == (["421"], 0)


@pytest.mark.parametrize(
    ("outcome", "recovers"),
    [(Sent.SENT, True), (Sent.PERMANENT, True), (Sent.TEMPORARY, False), (Sent.UNKNOWN, False)],
)
def test_a_channel_is_itself_again_once_its_server_has_judged_a_mail(outcome: Sent, recovers: bool) -> None:
    desk = Desk()
    desk.live.result = SendResult(outcome)
    (send_id,) = _queued(desk)
    send_reply(send_id, desk.ports)
    assert bool(desk.paces.recovered) is recovers


def test_what_leaves_by_a_paused_channel_waits_untried_and_goes_after_the_pause() -> None:
    desk = Desk()
    (send_id,) = _queued(desk)
    desk.directory.channel = replace(desk.directory.channel, is_paused=True)
    assert send_reply(send_id, desk.ports) is SendState.QUEUED
    row = desk.sends.rows[send_id]
    assert (row.attempts, row.reason, desk.live.sent) == (0, "queued: the channel is paused", [])
    desk.directory.channel = replace(desk.directory.channel, is_paused=False)
    desk.clock.move(timedelta(minutes=1))
    assert send_reply(send_id, desk.ports) is SendState.SENT
