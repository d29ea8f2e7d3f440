"""`relaydesk rules export|apply`: rules as a file, what the file would change, and the change."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from chassis.errors import InvalidFields
from cli.apply_channels import DIFFERS
from cli.printing import one_line, when
from cli.rules_file import SEASON, action_as_written, condition_as_written, read, season_as_written, write
from cli.rules_places import named_place
from cli.system import System
from relaydesk.rules.v1 import service_pb2 as pb

_EPILOG = (
    "Exit code: 0 all is as the file has it, 1 something was refused, 3 a dry run found something to change. "
    "Nothing is written before everything was checked; a rule that somebody changes meanwhile is refused."
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A rule of the file against the store; `before` is None where it is new, `wanted` where it shall go."""

    wanted: pb.Rule | None
    before: pb.Rule | None

    @property
    def verb(self) -> str:
        if self.wanted is None:
            return "delete"
        if self.before is None:
            return "make"
        return "change" if list(differences(self.before, self.wanted)) else "keep"


_SIGNS = {"make": "+", "change": "~", "keep": "=", "delete": "-"}


def add(group: Any) -> None:
    """Add the words to the command line."""
    group.add_parser("export", help="print all rules as a file for `rules apply`").set_defaults(run=_export)
    apply = group.add_parser(
        "apply",
        help="make or change the rules of a YAML file, after a look at what that changes",
        epilog=_EPILOG,
    )
    apply.add_argument("file", type=Path)
    apply.add_argument("--delete", action="store_true", help="delete the rules that the file does not name")
    how = apply.add_mutually_exclusive_group()
    how.add_argument("--yes", action="store_true", help="apply without asking")
    how.add_argument(
        "--dry-run", action="store_true", help="only say what would change, and what is odd about it"
    )
    apply.set_defaults(run=_apply)


def _export(asked: argparse.Namespace, system: System) -> None:
    print(write(system.rules.ListRules(pb.ListRulesRequest()).rules), end="")


def _apply(asked: argparse.Namespace, system: System) -> int:
    wanted = read(asked.file)
    stored = {rule.id: rule for rule in system.rules.ListRules(pb.ListRulesRequest()).rules}
    warnings = _checked(wanted, system)
    planned = plan(wanted, stored, delete=asked.delete)
    _show(planned, stored)
    names = {rule.id: rule.name for rule in [*stored.values(), *wanted]}
    for odd in warnings:
        others = ", ".join(names.get(rule_id, rule_id) for rule_id in odd.other_rule_ids)
        about = f" ({one_line(others)})" if others else ""
        print(f"! {odd.rule_id}: {odd.path}: {odd.kind}{about}: {odd.text}")
    due = [one for one in planned if one.verb != "keep"]
    if not due:
        return 0
    if asked.dry_run:
        return DIFFERS
    if not asked.yes and not (sys.stdin.isatty() and input("Apply? [y/N] ").strip().lower() in ("y", "yes")):
        raise ValueError("nothing was applied; say --yes to apply, or --dry-run to look only")
    for one in due:
        _carry_out(one, system)
    return 0


def plan(wanted: Sequence[pb.Rule], stored: Mapping[str, pb.Rule], *, delete: bool) -> list[Planned]:
    """What becomes of each rule of the file, and of the others where they shall go."""
    named = {rule.id for rule in wanted}
    gone = [Planned(None, rule) for rule in stored.values() if delete and rule.id not in named]
    return [*(Planned(rule, stored.get(rule.id)) for rule in wanted), *gone]


def differences(before: pb.Rule, wanted: pb.Rule) -> Iterator[tuple[str, str, str]]:
    """What is other: the field, how it is, and how the file has it."""
    new = _said(wanted)
    for field, old in _said(before).items():
        if old != new[field]:
            yield field, old, new[field]


def _said(rule: pb.Rule) -> dict[str, str]:
    return {
        "name": rule.name,
        "enabled": str(rule.enabled).lower(),
        "position": str(rule.position),
        **{word: season_as_written(rule, word) for word in SEASON},
        "when": ", ".join(rule.events),
        "if": _on_a_line(condition_as_written(rule.condition)) if rule.condition.WhichOneof("node") else "",
        "then": _on_a_line([action_as_written(action) for action in rule.actions]),
        "stop": str(rule.stop).lower(),
    }


def _on_a_line(content: object) -> str:
    text = yaml.safe_dump(
        content, sort_keys=False, allow_unicode=True, width=1_000_000, default_flow_style=True
    )
    return text.strip().removesuffix("...").strip()


def _checked(wanted: Sequence[pb.Rule], system: System) -> list[pb.RuleWarning]:
    """What is odd about the file's rules. Raises ValueError with everything that is wrong, by rule."""
    try:
        found = system.rules.CheckRules(pb.CheckRulesRequest(drafts=wanted)).warnings
    except InvalidFields as invalid:
        names = {"drafts": [rule.id for rule in wanted]}
        raise ValueError(
            "; ".join(f"{named_place(field.field, names)}: {field.description}" for field in invalid.fields)
        ) from None
    named = {rule.id for rule in wanted}
    return [one for one in found if one.rule_id in named]


def _carry_out(one: Planned, system: System) -> None:
    before = one.before.version if one.before is not None else 0
    if one.wanted is None:
        assert one.before is not None
        system.rules.DeleteRule(pb.DeleteRuleRequest(rule_id=one.before.id, expected_version=before))
        print(f"{one.before.id}: deleted")
        return
    saved = system.rules.SaveRule(pb.SaveRuleRequest(rule=one.wanted, expected_version=before)).rule
    print(f"{saved.id}: {'changed' if before else 'made'}, version {saved.version}")


def _last(before: pb.Rule) -> str:
    return f"  (version {before.version}, saved by {before.updated_by or '?'} at {when(before.updated_at)})"


def _show(planned: Sequence[Planned], stored: Mapping[str, pb.Rule]) -> None:
    """The plan, and what is in the store and not in the file."""
    for one in planned:
        rule = one.wanted or one.before
        assert rule is not None
        before = one.before
        print(
            f"{_SIGNS[one.verb]} {one.verb} {rule.id}{_last(before) if before and one.verb != 'keep' else ''}"
        )
        if one.verb == "change" and one.wanted is not None and before is not None:
            for field, old, new in differences(before, one.wanted):
                print(f"    {field}: {one_line(old) or '(nothing)'} -> {one_line(new) or '(nothing)'}")
    shown = {(one.wanted or one.before).id for one in planned}  # type: ignore[union-attr]
    for rule_id in stored:
        if rule_id not in shown:
            print(f"? not in the file, stays as it is: {rule_id}")
    verbs = [one.verb for one in planned]
    counts = [f"{verbs.count(verb)} to {verb}" for verb in ("make", "change", "delete")]
    print(f"plan: {', '.join(counts)}, {verbs.count('keep')} as the file has it")
