"""`relaydesk rules`: what happens by itself."""

import argparse
from typing import Any

from cli.printing import table
from cli.system import System
from relaydesk.rules.v1 import service_pb2


def add(words: Any) -> None:
    """Add the words to the command line."""
    group = words.add_parser("rules", help="list rules").add_subparsers(metavar="WORD", required=True)
    group.add_parser("list", help="rules in the order in which they run").set_defaults(run=_list)


def _list(asked: argparse.Namespace, system: System) -> None:
    rules = system.rules.ListRules(service_pb2.ListRulesRequest()).rules
    table(
        ("POSITION", "STATE", "NAME", "EVENTS", "ACTIONS", "ID"),
        [
            (
                rule.position,
                "on" if rule.enabled else "off",
                rule.name,
                ",".join(rule.events),
                ",".join(action.kind for action in rule.actions),
                rule.id,
            )
            for rule in rules
        ],
    )
