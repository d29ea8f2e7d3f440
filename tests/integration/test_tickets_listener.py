"""Messages become tickets, on a real broker and a real store."""

from collections.abc import Iterator

import pytest

from bus.v1.bundle_pb2 import Bundle
from chassis.boxes import BOXES
from chassis.bus import Bus
from relaydesk.ingest.v1 import events_pb2 as ingest
from relaydesk.sla.v1 import events_pb2 as sla
from relaydesk.tickets.v1 import events_pb2, service_pb2
from services.tickets.adapters.mongo.history import HISTORY
from tests.integration.tickets_desk import TicketsDesk, received
from tests.ticket_rows import MESSAGES
from tests.waiting import wait_until


@pytest.fixture
def desk(vhost: str, mongo_url: str, database_prefix: str) -> Iterator[TicketsDesk]:
    desk = TicketsDesk(vhost, mongo_url, database_prefix)
    yield desk
    desk.stop()


@pytest.fixture
def heard(desk: TicketsDesk) -> Iterator["Heard"]:
    heard = Heard(desk)
    yield heard
    heard.close()


class Heard:
    """A listener that only writes down what tickets says."""

    def __init__(self, desk: TicketsDesk) -> None:
        self._connection = Bus(desk.settings.broker_url, desk.settings.exchange).connect()
        self._channel = self._connection.channel()
        arguments = {"x-queue-type": "quorum"}
        self._channel.queue_declare("witness", durable=True, auto_delete=False, arguments=arguments)
        self._channel.queue_bind("witness", desk.settings.exchange, "relaydesk.tickets.v1.#")
        self.facts: dict[str, str] = {}
        self.bodies: dict[str, bytes] = {}

    def count(self) -> int:
        """How many different facts were said by now."""
        while (message := self._channel.basic_get("witness", no_ack=True)) is not None:
            body = message.body if isinstance(message.body, bytes) else message.body.encode("latin-1")
            for envelope in Bundle.FromString(body).events:
                self.facts[envelope.event_id] = envelope.type.rpartition(".")[2]
                self.bodies[envelope.event_id] = envelope.body
        return len(self.facts)

    def close(self) -> None:
        self._connection.close()


def test_a_hundred_messages_in_one_bundle_are_a_hundred_tickets_that_are_said(
    desk: TicketsDesk, heard: Heard
) -> None:
    desk.role("listen")
    desk.publish(*(received(f"{n:032x}", sender=f"a{n}@example.org") for n in range(100)))
    wait_until(lambda: heard.count() == 100, describe=lambda: len(desk.tickets()))
    assert len(desk.tickets()) == 100
    assert set(heard.facts.values()) == {"TicketOpened"}
    opened = events_pb2.TicketOpened.FromString(next(iter(heard.bodies.values())))
    assert opened.intake_id == opened.message.intake_id != ""


def test_a_reply_in_the_same_batch_finds_the_ticket_just_opened(desk: TicketsDesk) -> None:
    desk.role("listen")
    desk.publish(
        received("1" * 32, message_id="<1@x>"), received("2" * 32, message_id="<2@x>", in_reply_to="<1@x>")
    )
    wait_until(lambda: [row["messages"] for row in desk.tickets()] == [2], describe=desk.tickets)
    assert desk.tickets()[0]["version"] == 2


def remembered(desk: TicketsDesk) -> list[str]:
    """The keys in the inbox."""
    return [key for row in desk.database[BOXES].find({"keys": {"$exists": True}}) for key in row["keys"]]


def test_everything_delivered_twice_is_there_once(desk: TicketsDesk, heard: Heard) -> None:
    desk.role("listen")
    facts = [received(f"{n:032x}") for n in range(20)]
    desk.publish(*facts)
    desk.publish(*facts)
    desk.publish(received("f" * 32, message_id="<last@x>"))
    wait_until(lambda: heard.count() == 21, describe=lambda: heard.facts)
    wait_until(lambda: len(remembered(desk)) == 21)
    assert len(desk.tickets()) == 21
    assert desk.database[HISTORY].count_documents(MESSAGES) == 21


def test_two_replicas_never_open_two_tickets_for_one_conversation(desk: TicketsDesk) -> None:
    desk.role("listen")
    desk.role("listen")
    for chat in range(15):
        for n in range(8):
            # Each in a bundle of its own, so that both replicas get some of every chat.
            desk.publish(received(f"{chat * 100 + n:032x}", conversation_id=f"chat-{chat}"))
    wait_until(lambda: desk.database[HISTORY].count_documents(MESSAGES) == 120)
    rows = desk.tickets()
    assert sorted(row["messages"] for row in rows) == [8] * 15
    assert {row["version"] for row in rows} == {8}


def test_two_replicas_make_one_requester_of_one_address(desk: TicketsDesk) -> None:
    desk.role("listen")
    desk.role("listen")
    for n in range(30):
        desk.publish(received(f"{n:032x}"))
    wait_until(lambda: len(desk.tickets()) == 30)
    assert desk.database["requesters"].count_documents({}) == 1


def test_every_version_has_its_facts_in_the_log_without_a_gap(desk: TicketsDesk) -> None:
    desk.role("listen")
    desk.publish(received("0" * 32, message_id="<0@x>"))
    desk.publish(*(received(f"{n:032x}", in_reply_to="<0@x>") for n in range(1, 30)))
    wait_until(lambda: [row["messages"] for row in desk.tickets()] == [30])
    versions = sorted(row["version"] for row in desk.database[HISTORY].find({"version": {"$exists": True}}))
    assert versions == list(range(1, 31))


def test_a_clock_is_shown_and_is_no_version(desk: TicketsDesk) -> None:
    desk.role("listen")
    desk.publish(received("1" * 32))
    wait_until(desk.tickets)
    ticket_id = desk.tickets()[0]["_id"]
    for epoch in (2, 1):
        clock = sla.ClockChanged(ticket_id=ticket_id, epoch=epoch, target="first_reply")
        clock.due_at.FromSeconds(1_800_000_000 + epoch)
        desk.publish(clock)
    # Comes behind them in the same queue.
    desk.publish(received("2" * 32))
    wait_until(lambda: len(desk.tickets()) == 2)
    row = desk.tickets()[0]
    assert (row["clock_epoch"], row["clock"]["target"], row["version"]) == (2, "first_reply", 1)


def test_a_clock_whose_ticket_is_held_by_a_dead_commit_keeps_nobody_waiting(desk: TicketsDesk) -> None:
    desk.role("listen")
    desk.publish(received("1" * 32))
    wait_until(desk.tickets)
    ticket_id = desk.tickets()[0]["_id"]
    with desk.database.client.start_session() as session:
        # As one that was killed in mid-commit: the store holds the row until it gives the transaction up.
        session.start_transaction()
        desk.database["tickets"].update_one({"_id": ticket_id}, {"$inc": {"held": 1}}, session=session)
        desk.publish(sla.ClockChanged(ticket_id=ticket_id, epoch=1, target="first_reply"))
        desk.publish(received("2" * 32))
        wait_until(lambda: len(desk.tickets()) == 2, describe="the message behind the clock")
        session.abort_transaction()
    wait_until(
        lambda: desk.tickets()[0]["clock_epoch"] == 1, describe="the clock, once nobody holds its ticket"
    )
    assert desk.tickets()[0]["clock"]["due_at"] is None


def test_a_bounce_of_a_mail_that_left_fails_its_delivery(desk: TicketsDesk, heard: Heard) -> None:
    desk.role("listen")
    client = desk.serve()
    desk.publish(received("1" * 32))
    wait_until(desk.tickets)
    ticket_id = desk.tickets()[0]["_id"]
    answer = client.ask(
        "AddMessage", service_pb2.AddMessageRequest(ticket_id=ticket_id, text="On its way.")
    ).message
    left = ingest.DeliveryChanged(
        send_id="s1",
        ticket_id=ticket_id,
        message_id=answer.id,
        state="sent",
        provider_message_id="<ours@x>",
        attempt=1,
    )
    left.changed_at.GetCurrentTime()
    desk.publish(left)
    wait_until(lambda: desk.database[HISTORY].count_documents({"message": answer.id}) == 1)
    bounced = received(
        "2" * 32,
        bounce=ingest.Bounce(failed_recipient="ana@example.org", kind="hard", original_message_id="<ours@x>"),
    )
    desk.publish(bounced)
    wait_until(lambda: desk.tickets()[0]["messages"] == 3)
    messages = client.ask("ListMessages", service_pb2.ListMessagesRequest(ticket_id=ticket_id)).messages
    assert [(message.visibility, message.delivery_state) for message in messages] == [
        ("public", ""),
        ("public", "failed"),
        ("internal", ""),
    ]
    assert messages[1].external_id == "<ours@x>"


def test_where_mail_does_not_arrive_the_ticket_says_so_until_somebody_writes_from_there(
    desk: TicketsDesk,
) -> None:
    desk.role("listen")
    client = desk.serve()
    desk.publish(received("1" * 32, message_id="<1@x>"))
    wait_until(desk.tickets)
    ask = service_pb2.GetTicketRequest(id=desk.tickets()[0]["_id"])
    bounce = ingest.Bounce(
        failed_recipient="ana@example.org",
        kind="hard",
        code="5.1.1",
        reason="gone",
        original_message_id="<1@x>",
    )
    assert not client.ask("GetTicket", ask).ticket.requester.HasField("mail_reach")
    desk.publish(received("2" * 32, bounce=bounce))
    wait_until(lambda: desk.tickets()[0]["messages"] == 2)
    reach = client.ask("GetTicket", ask).ticket.requester.mail_reach
    assert (reach.state, reach.reason, reach.HasField("since")) == ("bad", "5.1.1, gone", True)
    desk.publish(received("3" * 32, message_id="<3@x>", in_reply_to="<1@x>"))
    wait_until(lambda: desk.tickets()[0]["messages"] == 3)
    assert not client.ask("GetTicket", ask).ticket.requester.HasField("mail_reach")


def test_what_is_ignored_is_said_so_that_the_ledger_can_close(desk: TicketsDesk, heard: Heard) -> None:
    desk.role("listen")
    desk.publish(received("1" * 32, flags=["loop"]))
    wait_until(lambda: heard.count() == 1)
    assert heard.facts == {f"{'1' * 32}:ignored": "MessageIgnored"}
