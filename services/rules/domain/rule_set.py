"""All rules of one version, found by what an event must have for them to hold.

A thousand rules cost little more than ten: of most of them it is known from one look into a table, or one pass of
an RE2 set over the text, that they cannot hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import re2

from chassis.conditions import Need, Reading
from services.rules.domain.rule import CompiledRule, in_order
from services.rules.domain.view import is_steady

REPLY = "reply"
# Texts shorter than this are found in nearly everything.
_TELLING = 3


class RuleSet:
    """The enabled rules of one version, in the order in which they run."""

    def __init__(self, version: int, rules: Sequence[CompiledRule]) -> None:
        self.version = version
        self.all_rules = tuple(in_order(rules))
        self.rules = tuple(one for one in self.all_rules if one.rule.enabled)
        self.answers = any(action.kind == REPLY for one in self.rules for action in one.actions)
        by_event: dict[str, list[int]] = defaultdict(list)
        for rank, one in enumerate(self.rules):
            for event in one.rule.events:
                by_event[event].append(rank)
        self._by_event = {event: _Index(self.rules, ranks) for event, ranks in by_event.items()}

    def hears(self, events: Iterable[str]) -> bool:
        """Some rule wants to know of one of these events."""
        return any(event in self._by_event for event in events)

    def candidates(self, events: Iterable[str], reading: Reading) -> Iterator[CompiledRule]:
        """The rules that may hold, in order; those left out cannot."""
        indexes = [self._by_event[event] for event in events if event in self._by_event]
        if not indexes:
            return iter(())
        ranks = indexes[0].ranks(reading)
        for index in indexes[1:]:
            ranks |= index.ranks(reading)
        return (self.rules[rank] for rank in sorted(ranks))


class _Index:
    """The rules that hear one event."""

    def __init__(self, rules: Sequence[CompiledRule], ranks: Sequence[int]) -> None:
        self._always: list[int] = []
        self._is: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        self._contains: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for rank in ranks:
            need = _most_telling(rules[rank].asks.needs)
            if need is None:
                self._always.append(rank)
                continue
            table = self._is if need.how == "is" else self._contains
            for value in need.values:
                table[need.field][value].append(rank)
        self._texts = {field: _TextSet(table) for field, table in self._contains.items()}

    def ranks(self, reading: Reading) -> set[int]:
        found = set(self._always)
        for field, table in self._is.items():
            found.update(table.get(reading.text(field), ()))
        for field, texts in self._texts.items():
            found.update(texts.ranks(reading.text(field)))
        return found


class _TextSet:
    """Which of many texts are in one, in a single pass."""

    def __init__(self, table: dict[str, list[int]]) -> None:
        options = re2.Options()
        options.never_capture = True
        options.literal = True
        options.max_mem = 256 << 20
        self._ranks = list(table.values())
        self._set = re2.Set.SearchSet(options)
        for text in table:
            self._set.Add(text)
        self._set.Compile()

    def ranks(self, text: str) -> Iterator[int]:
        if text:
            for place in self._set.Match(text) or ():
                yield from self._ranks[place]


def _most_telling(needs: Iterable[Need]) -> Need | None:
    """The need that leaves out most: a value of a field before a text, longer texts before shorter."""
    steady = [need for need in needs if is_steady(need.field)]
    exact = [need for need in steady if need.how == "is"]
    if exact:
        return min(exact, key=lambda need: len(need.values))
    texts = [need for need in steady if need.how == "contains" and min(map(len, need.values)) >= _TELLING]
    return max(texts, key=lambda need: min(map(len, need.values)), default=None)
