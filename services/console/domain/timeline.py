"""A ticket's story: what was said and what was changed, in the order it happened."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.console.domain.tickets import Actor, Change, FieldChange, Message


@dataclass(frozen=True, slots=True)
class Said:
    """A message."""

    message: Message

    @property
    def at(self) -> datetime:
        return self.message.created_at


@dataclass(frozen=True, slots=True)
class Done:
    """What one actor changed in one stroke. `cause_id` is the event it followed from."""

    event_id: str
    cause_id: str
    actor: Actor
    at: datetime
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Stroke:
    """Changes that stand together, with nothing said between them."""

    lines: tuple[Done, ...]

    @property
    def at(self) -> datetime:
        return self.lines[0].at


Entry = Said | Stroke


def timeline(messages: Sequence[Message], changes: Sequence[Change], *, tab: str = "all") -> list[Entry]:
    """Messages and changes woven by the log's order; `tab` leaves only one of the two kinds.

    A message the log does not know yet (it was read a moment later) stands where its time puts it.
    """
    # What came along with a merged ticket stands where it was said, not where it came.
    by_id = {message.message_id: message for message in messages if not message.came_along}
    order: list[Said | Done] = []
    placed: set[str] = set()
    for change in sorted(changes, key=lambda c: (c.version, c.index)):
        if change.message_id in by_id and change.message_id not in placed:
            placed.add(change.message_id)
            order.append(Said(by_id[change.message_id]))
        shown = tuple(step for step in change.changes if step.old != step.new)
        if shown:
            order.append(Done(change.event_id, change.cause_id, change.actor, change.occurred_at, shown))
    late = [Said(message) for message in messages if message.message_id not in placed]
    merged = sorted([*order, *late], key=lambda item: item.at) if late else order
    return _grouped(item for item in merged if tab == "all" or (tab == "messages") == isinstance(item, Said))


def _grouped(items: Iterable[Said | Done]) -> list[Entry]:
    entries: list[Entry] = []
    pending: list[Done] = []
    for item in items:
        if isinstance(item, Done):
            pending.append(item)
            continue
        if pending:
            entries.append(Stroke(tuple(pending)))
            pending = []
        entries.append(item)
    if pending:
        entries.append(Stroke(tuple(pending)))
    return entries
