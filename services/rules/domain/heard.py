"""A fact of a ticket as rules see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

TICKET_OPENED = "ticket_opened"
REQUESTER_WROTE = "requester_wrote"
AGENT_ANSWERED = "agent_answered"
NOTE_ADDED = "note_added"
TICKET_CHANGED = "ticket_changed"
EVENTS: Mapping[str, str] = {
    TICKET_OPENED: "A ticket began, by a message of the requester or by a call.",
    REQUESTER_WROTE: "The requester wrote: the first message, or a further one.",
    AGENT_ANSWERED: "An agent, or another system for one, answered in public.",
    NOTE_ADDED: "An agent left an internal note.",
    TICKET_CHANGED: "A field or the tags are other than before; by an agent, a message or another rule.",
}


@dataclass(frozen=True, slots=True)
class Ticket:
    """The ticket after the fact, and after the steps that were decided since."""

    ticket_id: str
    version: int
    number: int
    subject: str
    status: str
    priority: str
    channel: str
    channel_kind: str = ""
    lane: str = ""
    mailbox: str = ""
    group: str = ""
    agent: str = ""
    tags: tuple[str, ...] = ()
    sla_policy: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    requester_name: str = ""
    requester_email: str = ""
    message_count: int = 0
    reopen_count: int = 0
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """The message that the fact brought."""

    message_id: str
    text: str
    visibility: str
    # requester, agent, api, rule or system.
    author: str
    is_automatic: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """One fact. `events` are the names by which rules know it; `changes` are fields to (old, new)."""

    event_id: str
    events: tuple[str, ...]
    ticket: Ticket
    occurred_at: datetime
    message: Message | None = None
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    actor: str = ""
    actor_id: str = ""
    chain_id: str = ""
    depth: int = 0
    traceparent: str = ""

    @property
    def is_automatic(self) -> bool:
        """A machine wrote the message."""
        return self.message is not None and self.message.is_automatic


@dataclass(frozen=True, slots=True)
class SetField:
    """`field` is group, agent, priority, status, sla_policy or fields.<name>."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class AddTag:
    tag: str


@dataclass(frozen=True, slots=True)
class RemoveTag:
    tag: str


@dataclass(frozen=True, slots=True)
class AddEntry:
    """A public answer or an internal note by the rule."""

    visibility: str
    text: str


Step = SetField | AddTag | RemoveTag | AddEntry


def after(ticket: Ticket, step: Step) -> Ticket:
    """The ticket as it is once the step is done."""
    match step:
        case SetField(name, value) if name.startswith("fields."):
            return replace(ticket, fields={**ticket.fields, name.removeprefix("fields."): value})
        case SetField(name, value):
            return replace(ticket, **{name: value})  # type: ignore[arg-type]
        case AddTag(tag):
            return replace(ticket, tags=tuple(sorted({*ticket.tags, tag})))
        case RemoveTag(tag):
            root = tag.removesuffix("/*")
            below = f"{root}/" if root != tag else None
            kept = (t for t in ticket.tags if t != tag and not (below and (t == root or t.startswith(below))))
            return replace(ticket, tags=tuple(kept))
        case AddEntry():
            return ticket


def changed_field(step: Step) -> str:
    """The condition's field that a step changes; empty for an entry."""
    match step:
        case SetField(name, _):
            return name
        case AddTag() | RemoveTag():
            return "tags"
        case AddEntry():
            return ""
