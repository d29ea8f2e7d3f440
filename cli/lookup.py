"""`relaydesk lookup`: systems outside that know the requesters."""

import argparse
from typing import Any

from cli.system import System
from relaydesk.console.v1 import service_pb2 as pb

# Seconds for all sources together; each has two.
_WITHIN = 60


def add(words: Any) -> None:
    """Add the words to the command line."""
    group = words.add_parser("lookup", help="test the systems outside that know the requesters")
    test = group.add_subparsers(metavar="WORD", required=True).add_parser(
        "test", help="ask every system about one person and say what is wrong, if anything"
    )
    one = test.add_mutually_exclusive_group(required=True)
    one.add_argument("--email", default="")
    one.add_argument("--phone", default="", help="E.164, for instance +351912345678")
    one.add_argument("--external-id", default="")
    test.set_defaults(run=_test)


def _test(asked: argparse.Namespace, system: System) -> None:
    request = pb.TestLookupRequest(email=asked.email, phone=asked.phone, external_id=asked.external_id)
    checks = system.lookups.TestLookup(request, timeout=_WITHIN).checks
    for one in checks:
        if one.is_well:
            took = one.took.ToTimedelta().total_seconds()
            print(f"{one.source_id}: all is well: {one.text} in {took:.2f} s")
    if not checks:
        print("there is no system to ask: LOOKUPS_FILE of the console names none")
    wrong = [f"{one.source_id}: {one.outcome}: {one.text}" for one in checks if not one.is_well]
    if wrong:
        raise ValueError("; ".join(wrong))
