"""A chat of years stays small: old messages that no clock will look at again are left out of a history."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from services.sla.domain.counting import AUTOMATIC, MERGED, REQUESTER

# So many of the last messages stay as they are.
MESSAGES_KEPT = 100


class _Entry(Protocol):
    @property
    def version(self) -> int: ...
    @property
    def index(self) -> int: ...
    @property
    def wrote(self) -> str: ...
    @property
    def changes(self) -> tuple[object, ...]: ...
    @property
    def is_opening(self) -> bool: ...


E = TypeVar("E", bound=_Entry)


def folded(entries: Sequence[E], seen_to: int) -> tuple[list[E], int]:
    """The entries without old messages, and the version up to which they were left out; 0 where nothing was.

    Whatever a policy counts, the first message and the first answer stay, and so do the last answer of before the fold and
    the oldest message after it: the first reply, and what runs after the fold, are the same. Waits that began and ended
    before it are not to be told from these entries. What changed a field stays, and what lies beyond a gap.
    """
    messages = [entry for entry in entries if entry.wrote and entry.version <= seen_to]
    if len(messages) <= MESSAGES_KEPT:
        return list(entries), 0
    edge = messages[-MESSAGES_KEPT].version - 1
    old = [entry for entry in messages if entry.version <= edge]
    if not old:
        return list(entries), 0
    kept = {_place(entry) for entry in _telling(old)}
    left: list[E] = []
    for entry in entries:
        if entry.version > edge or not entry.wrote or entry.is_opening or _place(entry) in kept:
            left.append(entry)
        elif entry.changes:
            left.append(replace(entry, wrote=""))  # type: ignore[type-var]
    return left, edge


def _telling(old: Sequence[E]) -> list[E]:
    """Of each kind the first and the last; after each last answer, the first message of each kind."""
    telling: dict[tuple[str, str], E] = {}
    for entry in old:
        telling.setdefault(("first", entry.wrote), entry)
        if not _asks(entry.wrote):
            telling["last", entry.wrote] = entry
    for answer in [entry for (which, _), entry in telling.items() if which == "last"]:
        for entry in old:
            if _asks(entry.wrote) and _place(entry) > _place(answer):
                telling.setdefault((f"after {answer.wrote}", entry.wrote), entry)
    return list(telling.values())


def _asks(wrote: str) -> bool:
    return wrote.removeprefix(MERGED) in (REQUESTER, AUTOMATIC)


def _place(entry: _Entry) -> tuple[int, int]:
    return entry.version, entry.index
