"""What the first try of a batch spares the store, and what comes of it where it was wrong."""

import uuid
from collections import Counter
from collections.abc import Iterator

import pytest
from pymongo import MongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chassis import batches, boxes, mongo
from chassis.mongo import Document
from services.tickets.adapters.mongo import INDEXES
from tests.builders import a_message
from tests.integration.tickets_on_mongo import MongoDesk


class _Asked(CommandListener):
    """Counts the commands by name and collection."""

    def __init__(self) -> None:
        self.commands: Counter[str] = Counter()

    def started(self, event: CommandStartedEvent) -> None:
        self.commands[f"{event.command_name} {event.command[event.command_name]}"] += 1

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


@pytest.fixture
def asked() -> _Asked:
    return _Asked()


@pytest.fixture
def desk(mongo_url: str, asked: _Asked) -> Iterator[MongoDesk]:
    with MongoClient[Document](mongo_url, tz_aware=True, event_listeners=[asked]) as client:
        database = client[f"t{uuid.uuid4().hex[:10]}_tickets"]
        mongo.ensure_indexes(database, {**batches.INDEXES, **boxes.INDEXES, **INDEXES})
        desk = MongoDesk(database)
        # The directory and a block of numbers are taken once, not for each message.
        desk.run(a_message(message_id="<warm@client.example>"))
        asked.commands.clear()
        yield desk
        client.drop_database(database.name)


def test_a_message_that_begins_a_thread_asks_for_its_sender_and_nothing_else(
    desk: MongoDesk, asked: _Asked
) -> None:
    desk.run(a_message("It is late.", message_id="<1@client.example>", sender="new@client.example"))
    assert asked.commands == Counter(
        [
            "find requesters",
            "insert tickets",
            # The message, its facts, the row that the sequencer stamps, and the key that leads here.
            "insert history",
            "insert requesters",
            # What leaves; with a key, what came lies beside it.
            "insert boxes",
            "commitTransaction 1",
        ]
    )


def test_a_message_that_came_before_is_met_by_its_key_and_decided_again(
    desk: MongoDesk, asked: _Asked
) -> None:
    message = a_message("It is late.", message_id="<1@client.example>")
    desk.run(message)
    asked.commands.clear()
    desk.run(message)
    assert asked.commands["find history"] == 1
    assert [ignored.reason for ignored in desk.ignored] == ["duplicate"]
    assert len(desk.opened()) == 2, "the one and the one before"


def test_an_answer_that_came_first_is_found_by_the_mail_that_it_answers(desk: MongoDesk) -> None:
    desk.run(a_message("Any news?", message_id="<2@client.example>", references=("<1@client.example>",)))
    answered = desk.opened()[-1]
    desk.run(a_message("It is late.", message_id="<1@client.example>"))
    assert [fact.ticket.ticket_id for fact in desk.added()] == [answered.ticket_id]
