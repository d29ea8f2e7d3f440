"""`relaydesk ledger`: what was accepted, and what became of it."""

import argparse
from typing import Any

from cli.printing import table
from cli.system import System
from relaydesk.ingest.v1 import service_pb2

_COLUMNS = ("accepted", "ticketed", "appended", "applied", "ignored", "quarantined", "in_flight")
_ZEROS = ("in_flight_over_60s", "closed_twice")


def add(words: Any) -> None:
    """Add the word to the command line."""
    ledger = words.add_parser(
        "ledger",
        help="what was accepted and what became of it; exit code 1 where it does not balance",
        description="accepted = ticketed + appended + applied + ignored + quarantined + in flight. Nothing may be in "
        "flight for more than 60 s, and nothing closed twice.",
    )
    ledger.add_argument("--channel", default="", metavar="ID")
    ledger.set_defaults(run=_show)


def _show(asked: argparse.Namespace, system: System) -> None:
    answer = system.ingest.GetLedger(service_pb2.GetLedgerRequest(channel_id=asked.channel))
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


def difference(line: service_pb2.LedgerLine) -> int:
    """What was accepted and is nowhere; 0 where the ledger balances."""
    return int(line.accepted - sum(getattr(line, name) for name in _COLUMNS[1:]))
