"""`relaydesk rules`: what happens by itself."""

import argparse
from typing import Any

from cli.printing import one_line, table
from cli.system import System
from relaydesk.rules.v1 import service_pb2


def add(words: Any) -> None:
    """Add the words to the command line."""
    group = words.add_parser("rules", help="list and check rules").add_subparsers(
        metavar="WORD", required=True
    )
    group.add_parser("list", help="rules in the order in which they run").set_defaults(run=_list)
    checked = group.add_parser(
        "check", help="what is odd about the enabled rules; ends with 1 where there is anything"
    )
    checked.set_defaults(run=_check)


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


def _check(asked: argparse.Namespace, system: System) -> int:
    warnings = system.rules.CheckRules(service_pb2.CheckRulesRequest()).warnings
    if not warnings:
        print("nothing is odd about the enabled rules")
        return 0
    names = {rule.id: rule.name for rule in system.rules.ListRules(service_pb2.ListRulesRequest()).rules}
    for one in warnings:
        others = ", ".join(one_line(names.get(rule_id, rule_id)) for rule_id in one.other_rule_ids)
        print(
            f"{one_line(names.get(one.rule_id, one.rule_id))}: {one.path}: {one.kind}"
            + (f" ({others})" if others else "")
        )
        print(f"  {one.text}")
    return 1
