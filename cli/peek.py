"""`relaydesk peek QUEUE`: read a queue or its dead letters as text, and leave everything where it is."""

import argparse
import importlib
import json
import pkgutil
import time
from collections.abc import Iterator
from typing import Any

import amqp
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError

import relaydesk
from bus.v1.bundle_pb2 import Bundle, Envelope
from chassis.bus import Bus
from cli.system import System

# Seconds that a command stays to see what it looked at back in its place; others may have taken it meanwhile.
_BACK_WITHIN = 5.0


def add(words: Any) -> None:
    """Add the word to the command line."""
    peek = words.add_parser(
        "peek",
        help="read a queue as text without taking anything out",
        description="Messages are fetched, shown, and given back when the command ends. A quorum queue counts that as a "
        "delivery of each (x-delivery-count); the system does not judge by that count, and other consumers "
        "do not see the messages for as long as the command runs.",
    )
    peek.add_argument("queue", help="for instance tickets.email, or tickets.dead")
    peek.add_argument(
        "--limit", type=int, default=10, metavar="N", help="messages to read (10); each may hold 100 facts"
    )
    peek.set_defaults(run=_peek)


def _peek(asked: argparse.Namespace, system: System) -> None:
    connection = Bus(system.settings.broker_url, system.settings.exchange).connect()
    try:
        channel = connection.channel()
        held = 0
        while held < asked.limit and (message := _get(channel, asked.queue)) is not None:
            held += 1
            for shown in described(message.body, message.properties):
                print(json.dumps(shown, ensure_ascii=False, indent=2))
        if not held and asked.limit > 0:
            print(f"{asked.queue} is empty")
        give_back(channel, asked.queue, held)
    finally:
        # Without an ack everything goes back.
        connection.close()


def _get(channel: Any, queue: str) -> Any:
    try:
        return channel.basic_get(queue, no_ack=False)
    except amqp.NotFound:
        raise ValueError(f"there is no queue {queue}") from None


def give_back(channel: Any, queue: str, held: int) -> None:
    """Return what a channel holds of a queue, so that the next command finds it there.

    A quorum queue returns what a closed connection held a moment later, and shows it once its log has it.
    """
    if not held:
        return
    there = channel.queue_declare(queue, passive=True).message_count
    channel.basic_recover(requeue=True)
    ends = time.monotonic() + _BACK_WITHIN
    while channel.queue_declare(queue, passive=True).message_count < there + held and time.monotonic() < ends:
        time.sleep(0.01)


def described(body: bytes | str, properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a message holds: an object for each fact of a bundle, else one with its text."""
    raw = body if isinstance(body, bytes) else body.encode("latin-1")
    headers = {
        name: value for name, value in (properties.get("application_headers") or {}).items() if value != ""
    }
    try:
        events = list(Bundle.FromString(raw).events)
    except DecodeError:
        events = []
    if not events:
        yield {"headers": headers, **_text(raw)}
    for envelope in events:
        yield {**({"headers": headers} if headers else {}), **_fact(envelope)}


def _fact(envelope: Envelope) -> dict[str, Any]:
    shown = MessageToDict(envelope, preserving_proto_field_name=True)
    shown.pop("body", None)
    try:
        known = descriptor_pool.Default().FindMessageTypeByName(_of_the_contract(envelope.type))
        fact = message_factory.GetMessageClass(known).FromString(envelope.body)
    except (KeyError, DecodeError):
        return {**shown, "body": f"{len(envelope.body)} bytes that are no {envelope.type or 'known type'}"}
    return {**shown, "body": MessageToDict(fact, preserving_proto_field_name=True)}


def _of_the_contract(name: str) -> str:
    """The same name, once every event of the contract is known by its name."""
    for module in pkgutil.walk_packages(relaydesk.__path__, "relaydesk."):
        if module.name.endswith(".events_pb2"):
            importlib.import_module(module.name)
    return name


def _text(raw: bytes) -> dict[str, Any]:
    try:
        return {"body": json.loads(raw)}
    except ValueError:
        return {"body": raw.decode(errors="backslashreplace")}
