"""`relaydesk dead`: what a listener gave up on, and sending it back after the mend."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import amqp

from chassis.bus import Bus, Outgoing, Publisher, Unroutable
from chassis.letters import dead_name
from cli.peek import described, give_back
from cli.printing import table
from cli.system import System

# Letters that are published and acknowledged together.
_AT_ONCE = 100
# What was true of the failure; whoever tries again begins anew.
_OF_THE_FAILURE = ("attempt", "reason", "queue")


@dataclass(frozen=True, slots=True)
class _Letter:
    """One dead letter, still in its queue."""

    tag: int
    body: bytes
    type: str
    message_id: str
    headers: dict[str, Any]

    @property
    def came_from(self) -> str:
        """The queue it came from, as the listener noted or, where the broker gave up, the broker; or an empty string."""
        return str(self.headers.get("queue") or self.headers.get("x-first-death-queue") or "")

    @property
    def reason(self) -> str:
        return str(self.headers.get("reason") or self.headers.get("x-first-death-reason") or "")

    def again(self) -> Outgoing:
        """The same for the queue it came from, with all tries before it."""
        headers = {
            name: value
            for name, value in self.headers.items()
            if name not in _OF_THE_FAILURE and not name.startswith("x-")
        }
        return Outgoing("", self.came_from, self.body, self.type, self.message_id, headers)


def add(words: Any) -> None:
    """Add the words to the command line."""
    group = words.add_parser(
        "dead", help="dead letters of a listener: list them, send them back"
    ).add_subparsers(metavar="WORD", required=True)
    listed = group.add_parser("list", help="what a listener gave up on, and why; nothing is taken out")
    retry = group.add_parser(
        "retry",
        help="send dead letters back to the queues they came from",
        description="Each is published again, confirmed, and only then taken out. To handle one twice does no harm: what "
        "was done is known by its id. What fails again comes back.",
    )
    for word, run in ((listed, _list), (retry, _retry)):
        word.add_argument(
            "consumer", help="ingest, tickets, rules, sla, reports; or intake, for what is read"
        )
        word.add_argument("--limit", type=number_of, default=0, metavar="N", help="at most so many (all)")
        word.set_defaults(run=run)


def number_of(text: str) -> int:
    """At least one. Raises ValueError."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _list(asked: argparse.Namespace, system: System) -> None:
    queue = dead_name(asked.consumer)
    with _connected(system) as connection:
        channel = connection.channel()
        letters = list(_letters(channel, queue, asked.limit))
        give_back(channel, queue, len(letters))
    rows = [
        (shown.get("event_id", ""), shown.get("type") or letter.type, letter.came_from, letter.reason)
        for letter in letters
        for shown in described(letter.body, {})
    ]
    table(("EVENT", "TYPE", "CAME FROM", "REASON"), rows)


def _retry(asked: argparse.Namespace, system: System) -> None:
    publisher = Publisher(Bus(system.settings.broker_url, system.settings.exchange))
    queue = dead_name(asked.consumer)
    sent = left = 0
    try:
        with _connected(system) as connection:
            channel = connection.channel()
            letters = _letters(channel, queue, asked.limit)
            while some := list(islice(letters, _AT_ONCE)):
                gone = _publish(publisher, some)
                for letter in gone:
                    channel.basic_ack(letter.tag)
                sent += len(gone)
                left += len(some) - len(gone)
            give_back(channel, queue, left)
    finally:
        publisher.close()
    print(f"{sent} of {sent + left} are handled again")
    if left:
        raise ValueError(f"{left} stay in {queue}: the queue they came from is not known, or not there")


def _publish(publisher: Publisher, letters: list[_Letter]) -> list[_Letter]:
    """Those that the broker confirmed."""
    known = [letter for letter in letters if letter.came_from]
    try:
        publisher.publish([letter.again() for letter in known])
    except Unroutable as lost:
        return [letter for letter in known if letter.came_from not in lost.routing_keys]
    return known


@contextmanager
def _connected(system: System) -> Iterator[Any]:
    connection = Bus(system.settings.broker_url, system.settings.exchange).connect()
    try:
        yield connection
    finally:
        # Without an ack everything goes back.
        connection.close()


def _letters(channel: Any, queue: str, limit: int) -> Iterator[_Letter]:
    """What lies there now, up to `limit` where it is not 0; what fails again while we read is not read twice."""
    try:
        there = channel.queue_declare(queue, passive=True).message_count
    except amqp.NotFound:
        raise ValueError(f"there is no queue {queue}") from None
    for _ in range(min(there, limit) if limit else there):
        message = channel.basic_get(queue, no_ack=False)
        if message is None:
            return
        properties, body = message.properties, message.body
        yield _Letter(
            message.delivery_tag,
            body if isinstance(body, bytes) else body.encode("latin-1"),
            str(properties.get("type", "")),
            str(properties.get("message_id", "")),
            dict(properties.get("application_headers") or {}),
        )
