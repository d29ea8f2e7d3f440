"""`relaydesk quarantine`: messages that could not be understood."""

import argparse
import sys
from typing import Any

from cli.printing import table, when
from cli.system import System
from relaydesk.ingest.v1 import service_pb2


def add(words: Any) -> None:
    """Add the words to the command line."""
    group = words.add_parser(
        "quarantine", help="messages that were set aside: list, show, retry"
    ).add_subparsers(metavar="WORD", required=True)
    listed = group.add_parser("list", help="what was set aside, and why")
    listed.add_argument("--channel", default="", metavar="ID")
    listed.set_defaults(run=_list)
    show = group.add_parser("show", help="the raw bytes of a message")
    show.add_argument("id")
    show.set_defaults(run=_show)
    retry = group.add_parser("retry", help="process messages again")
    retry.add_argument("ids", nargs="*", metavar="ID")
    retry.add_argument("--all", action="store_true", help="all of them, or all of --channel")
    retry.add_argument("--channel", default="", metavar="ID")
    retry.set_defaults(run=_retry)


def _messages(system: System, channel: str) -> list[service_pb2.QuarantinedMessage]:
    found: list[service_pb2.QuarantinedMessage] = []
    token = ""
    while True:
        request = service_pb2.ListQuarantineRequest(channel_id=channel, page_size=200, page_token=token)
        page = system.ingest.ListQuarantine(request)
        found += page.messages
        token = page.next_page_token
        if not token:
            return found


def _list(asked: argparse.Namespace, system: System) -> None:
    table(
        ("ID", "CHANNEL", "RECEIVED", "SIZE", "FROM", "REASON"),
        [
            (m.intake_id, m.channel_id, when(m.received_at), m.size, getattr(m, "from"), m.reason)
            for m in _messages(system, asked.channel)
        ],
    )


def _show(asked: argparse.Namespace, system: System) -> None:
    for piece in system.ingest.ReadRawMessage(service_pb2.ReadRawMessageRequest(intake_id=asked.id)):
        sys.stdout.buffer.write(piece.data)
    sys.stdout.buffer.flush()


def _retry(asked: argparse.Namespace, system: System) -> None:
    if bool(asked.ids) == asked.all:
        raise ValueError("name the messages, or say --all")
    ids = asked.ids or [message.intake_id for message in _messages(system, asked.channel)]
    retried = 0
    for start in range(0, len(ids), 200):
        request = service_pb2.RetryQuarantinedRequest(intake_ids=ids[start : start + 200])
        retried += system.ingest.RetryQuarantined(request).retried
    print(f"{retried} of {len(ids)} are processed again")
