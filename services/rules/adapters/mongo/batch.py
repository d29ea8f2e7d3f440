"""The ports of one batch: one read, one call to tickets, one write."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any, Protocol

from chassis.calendars import BatchCalendars, CalendarShelf
from chassis.ids import new_id
from chassis.units import Cause, Unit
from relaydesk.tickets.v1 import service_pb2
from services.rules.adapters.mongo.documents import explanation_to_row, rule_to_row
from services.rules.adapters.mongo.memories import MongoMemories
from services.rules.adapters.mongo.shelf import CURRENT, Shelf
from services.rules.adapters.outgoing import Outgoing
from services.rules.adapters.tickets import Answer
from services.rules.adapters.wire import PUBLISHES
from services.rules.domain.commands import ApplyRules, ApplyRulesOfClock, KeepCalendar
from services.rules.domain.events import AppliedRule, RulesApplied
from services.rules.domain.heard import AddEntry, Heard, Step, Ticket
from services.rules.domain.rule import CompiledRule, Rule
from services.rules.domain.rule_set import RuleSet
from services.rules.domain.run import Match, Verdict


class Sender(Protocol):
    """Takes commands to tickets."""

    def apply(self, request: service_pb2.ApplyCommandsRequest) -> list[Answer]: ...


class Reader(Protocol):
    """Reads tickets as they are by now."""

    def read(self, ticket_ids: Sequence[str]) -> list[Ticket]: ...


class LoadedTickets:
    """The tickets of a batch's events that do not bring theirs."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._read: dict[str, Ticket] = {}

    def load(self, ticket_ids: Sequence[str]) -> None:
        self._read = {ticket.ticket_id: ticket for ticket in self._reader.read(ticket_ids)}

    def get(self, ticket_id: str) -> Ticket | None:
        return self._read.get(ticket_id)


class MongoRules:
    """The rules, and the versions that this batch makes."""

    def __init__(self, unit: Unit, shelf: Shelf) -> None:
        self._unit = unit
        self._set = shelf.newest()
        self._by_id = dict(shelf.by_id)
        self._turned = False

    def newest(self) -> RuleSet:
        return self._set

    def rule(self, rule_id: str) -> Rule | None:
        return self._by_id.get(rule_id)

    def count(self) -> int:
        return len(self._by_id)

    def save(self, rule: CompiledRule) -> None:
        version = self._next_version()
        self._end(rule.rule.rule_id, version)
        self._by_id[rule.rule.rule_id] = rule.rule
        self._unit.insert("rules", rule_to_row(rule.rule, version))

    def delete(self, rule_id: str, at: datetime, by: str) -> None:
        self._end(rule_id, self._next_version(), deleted_at=at, deleted_by=by)
        del self._by_id[rule_id]

    def _end(self, rule_id: str, version: int, **how: object) -> None:
        if rule_id in self._by_id:
            ended = {"$set": {"until": version, **how}}
            self._unit.update("rules", {"rule_id": rule_id, "until": None}, ended)

    def _next_version(self) -> int:
        version = self._set.version + 1
        if not self._turned:
            self._turned = True
            if self._set.version == 0:
                self._unit.insert("rule_set", {"_id": CURRENT, "version": 1})
            else:
                present = {"_id": CURRENT, "version": self._set.version}
                self._unit.update("rule_set", present, {"$set": {"version": version}})
        return version


@dataclass(slots=True)
class _Concluded:
    heard: Heard
    verdict: Verdict
    cause: Cause


Applied = Callable[[Sequence[tuple[Heard, Verdict]]], None]


class MongoPorts:
    """Opened for one batch."""

    def __init__(
        self,
        unit: Unit,
        shelf: Shelf,
        calendars: CalendarShelf,
        reader: Reader,
        sender: Sender,
        applied: Applied,
    ) -> None:
        self._unit = unit
        self._sender = sender
        self._applied = applied
        self._concluded: list[_Concluded] = []
        self.rules = MongoRules(unit, shelf)
        self.calendars = BatchCalendars(unit, calendars)
        self.tickets = LoadedTickets(reader)
        self.memories = MongoMemories(unit)

    @property
    def now(self) -> datetime:
        return self._unit.now

    def new_id(self) -> str:
        return new_id()

    def load(self, commands: Sequence[Any]) -> None:
        """One read for the whole batch."""
        self.calendars.load([command.news for command in commands if isinstance(command, KeepCalendar)])
        rules = self.rules.newest()
        facts = [command.heard for command in commands if isinstance(command, ApplyRules)]
        ticks = [command.heard for command in commands if isinstance(command, ApplyRulesOfClock)]
        wanted = [heard for heard in ticks if rules.hears(heard.events)]
        if wanted:
            self.tickets.load(sorted({heard.ticket.ticket_id for heard in wanted}))
            facts += [
                replace(heard, ticket=ticket)
                for heard in wanted
                if (ticket := self.tickets.get(heard.ticket.ticket_id)) is not None
            ]
        if facts:
            self.memories.load(facts, answers=rules.answers)

    def conclude(self, heard: Heard, verdict: Verdict) -> None:
        self._concluded.append(_Concluded(heard, verdict, self._unit.cause))

    def flush(self) -> None:
        """Send all commands of the batch at once, then stage what is to be kept. Raises Unavailable."""
        self.calendars.stage()
        if not self._concluded:
            return
        version = self.rules.newest().version
        self.memories.claim((one.heard, one.verdict) for one in self._concluded)
        results = self._send()
        for one in self._concluded:
            row = explanation_to_row(one.heard, one.verdict, version, self.now)
            if self.calendars.page is not None:
                row["calendars"] = self.calendars.page
            for match in row.get("matched", ()):
                match[3] = results.get((one.heard.event_id, match[0]), "unchanged")
            self._unit.insert("explanations", row)
            if one.verdict.matches:
                self._unit.cause = one.cause
                self._say(one.heard, one.verdict, version)
        self._unit.cause = Cause()
        self.memories.flush()
        done = [(one.heard, one.verdict) for one in self._concluded]
        self._unit.after_commit.append(lambda: self._applied(done))

    def _send(self) -> dict[tuple[str, str], str]:
        """What tickets made of each rule's steps, by event and rule."""
        outgoing = Outgoing()
        for one in self._concluded:
            for match in one.verdict.matches:
                for key, steps in _keyed(one.heard, match):
                    outgoing.add(one.heard, match.rule.rule, key, steps)
        answers = chain.from_iterable(map(self._sender.apply, outgoing.requests))
        results: dict[tuple[str, str], str] = {}
        for rule, answer in zip(outgoing.asked, answers, strict=True):
            results[rule] = f"{results[rule]}; {answer.result}" if rule in results else answer.result
        return results

    def _say(self, heard: Heard, verdict: Verdict, version: int) -> None:
        fact = RulesApplied(
            heard.event_id,
            heard.ticket.ticket_id,
            version,
            heard.ticket.channel,
            tuple(
                AppliedRule(match.rule.rule.rule_id, match.rule.rule.name, tuple(match.actions))
                for match in verdict.matches
            ),
        )
        self._unit.say(
            PUBLISHES[RulesApplied](fact),
            event_id=f"{heard.event_id}:rules",
            lane=heard.ticket.lane,
            subject=heard.ticket.ticket_id,
            version=heard.ticket.version,
        )


def _keyed(heard: Heard, match: Match) -> list[tuple[str, list[Step]]]:
    """A rule's steps with their keys. An answer goes by itself: tickets may refuse it, and the rest must be done."""
    answers: list[Step] = [s for s in match.steps if isinstance(s, AddEntry) and s.visibility == "public"]
    others = [step for step in match.steps if step not in answers]
    key = f"{heard.event_id}:{match.rule.rule.rule_id}"
    keyed = [(key, others)] if others else []
    if answers:
        keyed.append((f"{key}:answer", answers))
    return keyed
