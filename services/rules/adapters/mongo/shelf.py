"""The rule sets: the newest in memory, read again when its version has grown, and older ones for explanations."""

import threading
from collections import OrderedDict

import structlog

from chassis.errors import Refused
from chassis.mongo import Document, Documents, named_failures
from services.rules.adapters.mongo.documents import rule_of_row
from services.rules.application.vocabulary import vocabulary
from services.rules.domain.rule import CompiledRule, Rule, compile_rule
from services.rules.domain.rule_set import RuleSet

CURRENT = "current"
_OLDER_KEPT = 4
_log = structlog.get_logger(__name__)


class Shelf:
    """One small read a batch keeps the set exact: what was saved before an event holds for it."""

    def __init__(self, database: Documents) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._set = RuleSet(-1, ())
        self._older: OrderedDict[int, RuleSet] = OrderedDict()
        self.by_id: dict[str, Rule] = {}

    def newest(self) -> RuleSet:
        """Raises Unavailable."""
        with self._lock, named_failures():
            version = self._version()
            while version != self._set.version:
                rows = list(self._database["rules"].find({"until": None}))
                # Read between two saves, or read again.
                if self._version() == version:
                    rules = [rule_of_row(row) for row in rows]
                    self._set = RuleSet(version, _compiled(rules))
                    self.by_id = {rule.rule_id: rule for rule in rules}
                version = self._version()
            return self._set

    def at(self, version: int) -> RuleSet:
        """The set as it was. Raises Unavailable."""
        if version == self._set.version:
            return self._set
        with self._lock, named_failures():
            found = self._older.get(version)
            if found is None:
                wanted: Document = {
                    "since": {"$lte": version},
                    "$or": [{"until": None}, {"until": {"$gt": version}}],
                }
                rules = [rule_of_row(row) for row in self._database["rules"].find(wanted)]
                found = self._older[version] = RuleSet(version, _compiled(rules))
                while len(self._older) > _OLDER_KEPT:
                    self._older.popitem(last=False)
            return found

    def _version(self) -> int:
        row = self._database["rule_set"].find_one({"_id": CURRENT})
        return int(row["version"]) if row else 0


def _compiled(rules: list[Rule]) -> list[CompiledRule]:
    compiled = []
    for rule in rules:
        try:
            compiled.append(compile_rule(rule, vocabulary()))
        except Refused as refusal:
            # Saved by a newer version with words that this one does not have: the others must not wait for it.
            _log.error("rule_not_understood", rule_id=rule.rule_id, version=rule.version, error=str(refusal))
    return compiled
