"""The rules service's outside, in memory."""

from datetime import datetime
from itertools import count
from typing import Any

from services.rules.application import HANDLERS
from services.rules.domain.heard import Heard, Ticket
from services.rules.domain.rule import CompiledRule, Rule
from services.rules.domain.rule_set import RuleSet
from services.rules.domain.run import Memory, Verdict
from tests.fakes.calendars import MemoryCalendars


class MemoryRules:
    """Keeps the newest version of each rule."""

    def __init__(self) -> None:
        self.rows: dict[str, CompiledRule] = {}
        self.version = 0

    def newest(self) -> RuleSet:
        return RuleSet(self.version, list(self.rows.values()))

    def rule(self, rule_id: str) -> Rule | None:
        return self.rows[rule_id].rule if rule_id in self.rows else None

    def count(self) -> int:
        return len(self.rows)

    def save(self, rule: CompiledRule) -> None:
        self.rows[rule.rule.rule_id] = rule
        self.version += 1

    def delete(self, rule_id: str, at: datetime, by: str) -> None:
        del self.rows[rule_id]
        self.version += 1


class MemoryMemories:
    """Remembers which rules ran in which chain."""

    def __init__(self) -> None:
        self.ran: dict[str, set[str]] = {}

    def of(self, heard: Heard) -> Memory:
        return Memory(ran=self.ran.get(heard.chain_id, frozenset()))

    def note(self, heard: Heard, verdict: Verdict) -> None:
        ran = self.ran.setdefault(heard.chain_id, set())
        ran.update(match.rule.rule.rule_id for match in verdict.matches if match.steps)


class MemoryTickets:
    """Tickets as they are by now."""

    def __init__(self) -> None:
        self.rows: dict[str, Ticket] = {}

    def get(self, ticket_id: str) -> Ticket | None:
        return self.rows.get(ticket_id)


class MemoryDesk:
    """Ports that run a command at once."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.rules = MemoryRules()
        self.memories = MemoryMemories()
        self.tickets = MemoryTickets()
        self.calendars = MemoryCalendars()
        self.concluded: list[tuple[Heard, Verdict]] = []
        self._ids = count(1)

    def new_id(self) -> str:
        return f"id-{next(self._ids)}"

    def conclude(self, heard: Heard, verdict: Verdict) -> None:
        self.concluded.append((heard, verdict))

    def run(self, command: Any) -> Any:
        """Handle a command."""
        return HANDLERS[type(command)](command, self)
