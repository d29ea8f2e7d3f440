"""`relaydesk blocked`: messages that a list of their mailbox kept out."""

import argparse
from collections.abc import Iterator
from typing import Any

from cli.printing import table, when
from cli.system import System
from relaydesk.ingest.v1 import screening_pb2

_AT_ONCE = 200


def add(words: Any) -> None:
    """Add the words to the command line."""
    group = words.add_parser(
        "blocked", help="messages that a block list kept out: list, bring back"
    ).add_subparsers(metavar="WORD", required=True)
    listed = group.add_parser("list", help="what was kept out and by which entry, the newest first")
    listed.add_argument("--channel", default="", metavar="ID")
    listed.add_argument("--limit", type=int, default=200, metavar="N")
    listed.set_defaults(run=_list)
    back = group.add_parser("bring-back", help="process messages all the same, past all lists")
    back.add_argument("ids", nargs="+", metavar="ID")
    back.set_defaults(run=_bring_back)


def _messages(system: System, channel: str, limit: int) -> Iterator[screening_pb2.BlockedMessage]:
    token, left = "", limit
    while left > 0:
        request = screening_pb2.ListBlockedRequest(
            channel_id=channel, page_size=min(left, _AT_ONCE), page_token=token
        )
        page = system.screening.ListBlocked(request)
        yield from page.messages
        left -= len(page.messages)
        token = page.next_page_token
        if not token:
            return


def _list(asked: argparse.Namespace, system: System) -> None:
    table(
        ("ID", "CHANNEL", "RECEIVED", "SIZE", "FROM", "REASON"),
        [
            (m.intake_id, m.channel_id, when(m.received_at), m.size, getattr(m, "from"), m.reason)
            for m in _messages(system, asked.channel, asked.limit)
        ],
    )


def _bring_back(asked: argparse.Namespace, system: System) -> None:
    back = 0
    for start in range(0, len(asked.ids), _AT_ONCE):
        request = screening_pb2.BringBackRequest(intake_ids=asked.ids[start : start + _AT_ONCE])
        back += system.screening.BringBack(request).brought_back
    print(f"{back} of {len(asked.ids)} are processed")
