"""`relaydesk rules`: what happens by itself."""

import argparse
from typing import Any

from cli import apply_rules, rules_tests
from cli.printing import one_line, table, when
from cli.system import System
from relaydesk.rules.v1 import service_pb2


def add(words: Any) -> None:
    """Add the words to the command line."""
    group = words.add_parser("rules", help="list, check and change rules, as files too").add_subparsers(
        metavar="WORD", required=True
    )
    group.add_parser("list", help="rules in the order in which they run").set_defaults(run=_list)
    checked = group.add_parser(
        "check", help="what is odd about the enabled rules; ends with 1 where there is anything"
    )
    checked.set_defaults(run=_check)
    apply_rules.add(group)
    rules_tests.add(group)
    versions = group.add_parser("versions", help="what a rule was, newest first, also of one that is gone")
    versions.add_argument("rule")
    versions.set_defaults(run=_versions)
    back = group.add_parser("rollback", help="make a rule again what it was in an earlier version")
    back.add_argument("rule")
    back.add_argument("version", type=int)
    back.set_defaults(run=_roll_back)


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


def _versions(asked: argparse.Namespace, system: System) -> None:
    request = service_pb2.ListRuleVersionsRequest(rule_id=asked.rule)
    table(
        ("VERSION", "SAVED", "BY", "STATE", "NAME", "EVENTS", "ACTIONS"),
        [
            (
                one.rule.version,
                when(one.rule.updated_at),
                one.rule.updated_by,
                _state(one),
                one.rule.name,
                ",".join(one.rule.events),
                ",".join(action.kind for action in one.rule.actions),
            )
            for one in system.rules.ListRuleVersions(request).versions
        ],
    )


def _state(one: service_pb2.RuleVersion) -> str:
    if one.HasField("deleted_at"):
        return f"deleted {when(one.deleted_at)} by {one.deleted_by or '?'}"
    return "replaced" if one.until else ("on" if one.rule.enabled else "off")


def _roll_back(asked: argparse.Namespace, system: System) -> None:
    """An older version becomes the newest one; what was in between stays kept."""
    request = service_pb2.ListRuleVersionsRequest(rule_id=asked.rule)
    versions = system.rules.ListRuleVersions(request).versions
    wanted = next((one.rule for one in versions if one.rule.version == asked.version), None)
    if wanted is None:
        raise ValueError(f"{asked.rule}: there is no version {asked.version}")
    present = 0 if versions[0].until else versions[0].rule.version
    save = service_pb2.SaveRuleRequest(rule=wanted, expected_version=present)
    saved = system.rules.SaveRule(save).rule
    print(f"{saved.id}: version {saved.version} is as version {asked.version} was")
