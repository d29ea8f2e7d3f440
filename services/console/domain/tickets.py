"""Tickets as the console shows them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

SPAM = "spam"
# Part of another ticket: not to be set, and listed where it is asked for.
MERGED = "merged"
STATUSES = ("new", "open", "pending", "on_hold", "solved", "closed", SPAM)
# No clock runs: nobody waits.
AT_REST = ("solved", "closed", SPAM, MERGED)
PRIORITIES = ("low", "medium", "high", "urgent")
# What still waits for somebody; the answer to "not closed".
UNSOLVED = ("new", "open", "pending", "on_hold")


@dataclass(frozen=True, slots=True)
class MailReach:
    """What bounces tell: our mail to the address arrives not always (soft_bouncing) or not at all (bad)."""

    state: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asked."""

    requester_id: str
    name: str
    email: str
    phone: str
    # None where mail arrives, as far as is known.
    mail_reach: MailReach | None = None
    # Theirs at the channel they wrote by.
    external_id: str = ""

    @property
    def called(self) -> str:
        """The best name there is."""
        return self.name or self.email or self.phone or self.requester_id


@dataclass(frozen=True, slots=True)
class Clock:
    """What sla last said of the ticket's next promise."""

    target: str
    due_at: datetime | None
    is_paused: bool
    is_breached: bool


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as of one version."""

    ticket_id: str
    number: int
    subject: str
    status: str
    priority: str
    channel_id: str
    channel_kind: str
    requester: Requester
    group_id: str
    agent_id: str
    tags: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    version: int
    preview: str = ""
    clock: Clock | None = None
    mailbox: str = ""
    message_count: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)
    last_requester_message_at: datetime | None = None
    last_agent_message_at: datetime | None = None
    # Ids of the ticket that it is part of, and of those that are part of it.
    merged_into: str = ""
    merged_from: tuple[str, ...] = ()

    @property
    def is_waiting(self) -> bool:
        """The requester had the last word, and somebody must still look at it."""
        if self.status not in ("new", "open"):
            return False
        if self.last_agent_message_at is None or self.last_requester_message_at is None:
            return True
        return self.last_requester_message_at > self.last_agent_message_at


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge made, or would make. `joined` are addresses that are in copy of the target by it."""

    target: Ticket
    source: Ticket
    joined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TicketPage:
    """A piece of a list and the way to the next."""

    tickets: tuple[Ticket, ...]
    next_token: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which tickets; an empty field asks nothing."""

    status: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    agent: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    priority: tuple[str, ...] = ()
    text: str = ""
    requester: str = ""
    unassigned: bool = False

    def holds(self, ticket: Ticket) -> bool:
        """Whether the ticket is one of them; `text` is left to the store, which reads whole messages."""
        return (
            _among(ticket.status, self.status)
            and _among(ticket.group_id, self.group)
            and _among(ticket.agent_id, self.agent)
            and _among(ticket.channel_id, self.channel)
            and _among(ticket.priority, self.priority)
            and (not self.unassigned or not ticket.agent_id)
            and (not self.tag or any(_is_under(tag, wanted) for tag in ticket.tags for wanted in self.tag))
        )


def _among(value: str, wanted: tuple[str, ...]) -> bool:
    return not wanted or value in wanted


def _is_under(tag: str, wanted: str) -> bool:
    if wanted.endswith("/*"):
        return tag == wanted[:-2] or tag.startswith(wanted[:-1])
    return tag == wanted


@dataclass(frozen=True, slots=True)
class Actor:
    """Who or what did it: requester, agent, rule, system or api."""

    kind: str
    actor_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came or went with a message."""

    attachment_id: str
    name: str
    mime_type: str
    size: int
    content_id: str = ""
    is_inline: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the conversation."""

    message_id: str
    visibility: str
    author: Actor
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    created_at: datetime
    is_automatic: bool = False
    intake_id: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    delivery_state: str = ""
    delivery_reason: str = ""
    is_truncated: bool = False
    # What is new in text and HTML, without quoted history and signature; empty where the whole is.
    said: str = ""
    said_html: str = ""
    # How its channel read it, where that takes a word.
    explanation: str = ""
    # It is a merged ticket's, and came along with it.
    came_along: bool = False

    @property
    def is_note(self) -> bool:
        return self.visibility == "internal"

    @property
    def is_ours(self) -> bool:
        return self.author.kind != "requester"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field's step; lists are joined by commas."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """A line of the ticket's log."""

    event_id: str
    version: int
    index: int
    fact: str
    occurred_at: datetime
    actor: Actor
    changes: tuple[FieldChange, ...] = ()
    message_id: str = ""
    cause_id: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """What an agent wants to be otherwise; None leaves a field alone."""

    status: str | None = None
    priority: str | None = None
    group_id: str | None = None
    agent_id: str | None = None
    tags: tuple[str, ...] | None = None

    def differences(self, ticket: Ticket) -> tuple[FieldChange, ...]:
        """What the edit would change of the ticket as it is now."""
        wanted = {
            "status": (ticket.status, self.status),
            "priority": (ticket.priority, self.priority),
            "group": (ticket.group_id, self.group_id),
            "agent": (ticket.agent_id, self.agent_id),
            "tags": (",".join(ticket.tags), None if self.tags is None else ",".join(self.tags)),
        }
        return tuple(
            FieldChange(name, now, mine)
            for name, (now, mine) in wanted.items()
            if mine is not None and mine != now
        )


@dataclass(frozen=True, slots=True)
class Fact:
    """What just happened to a ticket: opened, message, changed.

    `read` makes the ticket as it was after the fact. Most facts are shown to nobody, so that is left until it is asked.
    """

    sequence: int
    kind: str
    ticket_id: str
    number: int
    read: Callable[[], Ticket]


@dataclass(frozen=True, slots=True)
class News:
    """Facts in their order, or none, and how far a watch has come with them."""

    sequence: int
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Agent:
    """A person who works here."""

    agent_id: str
    name: str
    email: str
    role: str
    groups: tuple[str, ...] = ()
    language: str = ""
    # What the role does not give.
    rights: tuple[str, ...] = ()
    # Has left: only what they did is still shown.
    is_deactivated: bool = False

    @property
    def may_write(self) -> bool:
        return self.role in ("admin", "agent")

    @property
    def may_administer(self) -> bool:
        return self.role == "admin"

    @property
    def may_manage_channels(self) -> bool:
        """Make, change, pause and test them."""
        return self.may_administer or "channels" in self.rights


@dataclass(frozen=True, slots=True)
class Group:
    """People who answer the same kind of thing."""

    group_id: str
    name: str
