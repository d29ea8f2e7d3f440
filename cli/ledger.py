"""`relaydesk ledger`: what was accepted, and what became of it."""

import argparse
from collections.abc import Iterator
from typing import Any

from cli.moments import stamp_of
from cli.printing import table, when
from cli.system import System
from relaydesk.ingest.v1 import service_pb2

_COLUMNS = ("accepted", "ticketed", "appended", "applied", "ignored", "quarantined", "in_flight")
_ZEROS = ("in_flight_over_60s", "closed_twice")
_AT_ONCE = 200


def add(words: Any) -> None:
    """Add the word to the command line."""
    ledger = words.add_parser(
        "ledger",
        help="what was accepted and what became of it; exit code 1 where it does not balance",
        description="accepted = ticketed + appended + applied + ignored + quarantined + in flight. Nothing may be in "
        "flight for more than 60 s, and nothing closed twice. With --list the messages of a channel, the newest first.",
    )
    ledger.add_argument("--channel", default="", metavar="ID")
    for option, about in (("--from", "accepted at or after"), ("--to", "accepted before")):
        ledger.add_argument(
            option,
            dest=option.removeprefix("--") + "_",
            default="",
            metavar="WHEN",
            help=f"{about} 10:15 (today), 2026-11-23T10:15, or 15m (ago); UTC unless it says otherwise",
        )
    ledger.add_argument("--list", action="store_true", help="each message of --channel")
    ledger.add_argument(
        "--outcome",
        action="append",
        default=[],
        choices=_COLUMNS[1:],
        help="with --list: only these; may be given more than once",
    )
    ledger.add_argument("--limit", type=int, default=200, metavar="N", help="with --list")
    ledger.set_defaults(run=_show)


def _show(asked: argparse.Namespace, system: System) -> None:
    if asked.list:
        _list(asked, system)
        return
    request = service_pb2.GetLedgerRequest(channel_id=asked.channel, to=stamp_of(asked.to_))
    _begin(request, asked)
    answer = system.ingest.GetLedger(request)
    lines = [*answer.channels, answer.total]
    table(
        ("CHANNEL", *(name.upper().replace("_", " ") for name in (*_COLUMNS, *_ZEROS)), "DIFFERENCE"),
        [
            (
                line.channel_id or "all",
                *(getattr(line, name) for name in (*_COLUMNS, *_ZEROS)),
                difference(line),
            )
            for line in lines
        ],
    )
    total = answer.total
    if difference(total) or total.in_flight_over_60s or total.closed_twice:
        raise ValueError("the ledger does not balance")


def _begin(
    request: service_pb2.GetLedgerRequest | service_pb2.ListLedgerRowsRequest, asked: argparse.Namespace
) -> None:
    # `from` is a word of Python's.
    if since := stamp_of(asked.from_):
        getattr(request, "from").CopyFrom(since)


def _list(asked: argparse.Namespace, system: System) -> None:
    if not asked.channel:
        raise ValueError("--list wants a --channel")
    table(
        ("RECEIVED", "OUTCOME", "CLOSED", "SIZE", "FROM", "TICKET", "MESSAGE", "REASON"),
        [
            (
                when(row.received_at),
                row.outcome + (" (closed twice)" if row.is_closed_twice else ""),
                when(row.closed_at),
                row.size,
                getattr(row, "from"),
                row.ticket_id,
                row.intake_id,
                row.reason,
            )
            for row in _rows(asked, system)
        ],
    )


def _rows(asked: argparse.Namespace, system: System) -> Iterator[service_pb2.LedgerRow]:
    token, left = "", asked.limit
    while left > 0:
        request = service_pb2.ListLedgerRowsRequest(
            channel_id=asked.channel,
            to=stamp_of(asked.to_),
            outcomes=asked.outcome,
            page_size=min(left, _AT_ONCE),
            page_token=token,
        )
        _begin(request, asked)
        page = system.ingest.ListLedgerRows(request)
        yield from page.rows
        left -= len(page.rows)
        token = page.next_page_token
        if not token:
            return


def difference(line: service_pb2.LedgerLine) -> int:
    """What was accepted and is nowhere; 0 where the ledger balances."""
    return int(line.accepted - sum(getattr(line, name) for name in _COLUMNS[1:]))
