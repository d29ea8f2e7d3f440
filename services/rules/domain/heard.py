"""A fact of a ticket as rules see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter

TICKET_OPENED = "ticket_opened"
REQUESTER_WROTE = "requester_wrote"
AGENT_ANSWERED = "agent_answered"
NOTE_ADDED = "note_added"
TICKET_CHANGED = "ticket_changed"
TICKET_MERGED = "ticket_merged"
TARGET_WARNED = "target_warned"
TARGET_BREACHED = "target_breached"
TIMER_FIRED = "timer_fired"
# What comes from a clock, and does not bring the ticket with it.
OF_CLOCKS = frozenset({TARGET_WARNED, TARGET_BREACHED, TIMER_FIRED})
EVENTS: Mapping[str, str] = {
    TICKET_OPENED: "A ticket began, by a message of the requester or by a call.",
    REQUESTER_WROTE: "The requester wrote: the first message, or a further one.",
    AGENT_ANSWERED: "An agent, or another system for one, answered in public.",
    NOTE_ADDED: "An agent left an internal note.",
    TICKET_CHANGED: "A field or the tags are other than before; by an agent, a message or another rule.",
    TICKET_MERGED: "The ticket became part of another, or another part of it, or that was undone; heard as nothing else.",
    TARGET_WARNED: "A target of the SLA policy will be missed unless somebody acts; once for each warning time.",
    TARGET_BREACHED: "A target of the SLA policy was missed.",
    TIMER_FIRED: "The moment of a timer that was set on the ticket has come.",
}


# The status of a ticket that nobody has to look at.
SPAM = "spam"


# These three are made for every event, and a frozen class of so many fields takes seven times as long to make; nobody
# changes them all the same.
@dataclass(slots=True)
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
    last_requester_message_at: datetime | None = None
    last_agent_message_at: datetime | None = None
    status_since: datetime | None = None


@dataclass(slots=True)
class Message:
    """The message that the fact brought."""

    message_id: str
    text: str
    visibility: str
    # requester, agent, api, rule or system.
    author: str
    is_automatic: bool = False
    # An automatic answer would come back to us, circle, or go against the sender's wish.
    wants_no_answer: bool = False


@dataclass(slots=True)
class Moment:
    """A moment of a clock that has come: of a target, with how long before its due moment; or of a timer."""

    target: str = ""
    lead_seconds: int = 0
    # As <owner>:<key>.
    timer: str = ""


@dataclass(slots=True)
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
    moment: Moment | None = None

    @property
    def is_automatic(self) -> bool:
        """A machine wrote the message."""
        return self.message is not None and self.message.is_automatic

    @property
    def wants_no_answer(self) -> bool:
        """The message shall get no automatic answer although a person may have written it."""
        return self.message is not None and self.message.wants_no_answer


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


@dataclass(frozen=True, slots=True)
class Notify:
    """A note by the rule that is mailed to the agent, the group or its manager."""

    to: tuple[str, ...]
    text: str


Step = SetField | AddTag | RemoveTag | AddEntry | Notify


def after(ticket: Ticket, step: Step) -> Ticket:
    """The ticket as it is once the step is done."""
    if isinstance(step, AddEntry | Notify):
        return ticket
    # By the constructor: `replace` takes ten times as long.
    changed = Ticket(*_values(ticket))
    match step:
        case SetField(name, value) if name.startswith("fields."):
            changed.fields = {**ticket.fields, name.removeprefix("fields."): value}
        case SetField(name, value):
            setattr(changed, name, value)
        case AddTag(tag):
            changed.tags = tuple(sorted({*ticket.tags, tag}))
        case RemoveTag(tag):
            root = tag.removesuffix("/*")
            below = f"{root}/" if root != tag else None
            kept = (t for t in ticket.tags if t != tag and not (below and (t == root or t.startswith(below))))
            changed.tags = tuple(kept)
    return changed


_values = attrgetter(*(one.name for one in fields(Ticket)))


def changed_field(step: Step) -> str:
    """The condition's field that a step changes; empty for an entry or a notice."""
    match step:
        case SetField(name, _):
            return name
        case AddTag() | RemoveTag():
            return "tags"
        case AddEntry() | Notify():
            return ""
