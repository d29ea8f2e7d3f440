"""What is odd about the rules: those that are saved, or as they would be with drafts among them."""

import threading
from collections.abc import Sequence

from chassis.errors import InvalidField, InvalidFields
from relaydesk.rules.v1 import service_pb2 as pb
from services.rules.adapters.mongo import Shelf
from services.rules.application.vocabulary import find_field, vocabulary
from services.rules.domain.analysis.checks import check_rules
from services.rules.domain.analysis.warnings import KINDS, RuleWarning
from services.rules.domain.rule import CompiledRule, Rule, compile_rule, in_order

MOST_DRAFTS = 10_000


class Checking:
    """A thousand rules take some seconds: what was found is kept until the rules are others."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._lock = threading.Lock()
        self._version = -1
        self._found: list[RuleWarning] = []

    def check(self, drafts: Sequence[Rule]) -> pb.CheckRulesResponse:
        """Raises InvalidFields, with paths that begin with the draft's place; Unavailable."""
        rules = self._shelf.newest()
        if drafts:
            found = check_rules(among(rules.all_rules, drafts), find_field)
        else:
            with self._lock:
                if self._version != rules.version:
                    self._found = check_rules(rules.all_rules, find_field)
                    self._version = rules.version
                found = self._found
        return pb.CheckRulesResponse(
            warnings=[
                pb.RuleWarning(
                    rule_id=one.rule_id,
                    kind=one.kind,
                    path=one.path,
                    other_rule_ids=one.others,
                    text=KINDS[one.kind],
                )
                for one in found
            ],
            rule_set_version=rules.version,
        )


def among(saved: Sequence[CompiledRule], drafts: Sequence[Rule]) -> list[CompiledRule]:
    """The saved rules with drafts in their places, in the order in which they run. Raises InvalidFields."""
    if len(drafts) > MOST_DRAFTS:
        raise InvalidField("drafts", f"at most {MOST_DRAFTS}", str(len(drafts)))
    rules = {one.rule.rule_id: one for one in saved}
    seen: set[str] = set()
    for place, draft in enumerate(drafts):
        if draft.rule_id in seen:
            raise InvalidField(f"drafts[{place}].id", "another id than the drafts before", draft.rule_id)
        seen.add(draft.rule_id)
        try:
            rules[draft.rule_id] = compile_rule(draft, vocabulary())
        except InvalidFields as wrong:
            raise InvalidFields(
                [
                    InvalidField(f"drafts[{place}]{one.field.removeprefix('rule')}", one.expected, one.got)
                    for one in wrong.fields
                ]
            ) from None
    return in_order(list(rules.values()))
