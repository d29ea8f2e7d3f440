"""The ticket: its state, and what each thing that happens does to it.

A ticket is changed on a draft (`next_version`), so that whoever refuses half-way has changed nothing. One command makes
one version, however many facts it says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Self

from services.tickets.domain import status as statuses
from services.tickets.domain.merging import Merging
from services.tickets.domain.message import FLOOD, PUBLIC, Message, Reply, chain_after, first_words
from services.tickets.domain.people import AGENT, API, Requester, without

LONGEST_SUBJECT = 255
MOST_PARTICIPANTS = 50
# What UpdateTicket and rules may set; `fields.<name>` beside them.
SETTABLE = ("subject", "status", "priority", "group", "agent", "sla_policy")


@dataclass(frozen=True, slots=True)
class Change:
    """One field's step from one value to another; lists are joined by commas."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Clock:
    """What sla last said runs for the ticket; the highest epoch is the latest word."""

    target: str = ""
    due_at: datetime | None = None
    is_paused: bool = False
    is_breached: bool = False
    epoch: int = 0


NO_CLOCK = Clock()


@dataclass(slots=True)
class Ticket:
    """A ticket as of one version."""

    ticket_id: str
    number: int
    subject: str
    requester: Requester
    created_at: datetime
    updated_at: datetime
    channel: str = ""
    channel_kind: str = ""
    lane: str = ""
    # The address the requester wrote to.
    mailbox: str = ""
    status: str = statuses.NEW
    priority: str = statuses.MEDIUM
    group: str = ""
    agent: str = ""
    tags: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    sla_policy: str = ""
    version: int = 0
    first_replied_at: datetime | None = None
    solved_at: datetime | None = None
    closed_at: datetime | None = None
    last_requester_message_at: datetime | None = None
    last_agent_message_at: datetime | None = None
    message_count: int = 0
    reopen_count: int = 0
    preview: str = ""
    # Addresses of others who take part, not the requester's.
    participants: tuple[str, ...] = ()
    # Message-IDs that an answer refers to, oldest first; the last is the requester's latest.
    chain: tuple[str, ...] = ()
    # A machine wrote the latest of the requester's side: it gets no automatic answer.
    is_machine_waiting: bool = False
    clock: Clock = NO_CLOCK
    # Under which the requester knows the conversation, where somebody has called the ticket something else since.
    mailed_subject: str = ""
    # Where it began as spam: the version that took it back, -1 until then; 0 for any other.
    taken_back_version: int = 0
    # When its status changed last, where that was written down.
    status_changed_at: datetime | None = None
    # Of which ticket it is part; None where it stands by itself.
    merging: Merging | None = None
    # Ids of the tickets that are part of this one, in the order in which they came.
    merged_from: tuple[str, ...] = ()

    def next_version(self) -> Self:
        """A draft of the next version; the ticket itself stays as it is."""
        # By the constructor: `copy.copy` takes ten times as long.
        draft = type(self)(*_values(self))
        draft.version += 1
        return draft

    @property
    def is_closed(self) -> bool:
        return self.status == statuses.CLOSED

    @property
    def is_spam(self) -> bool:
        return self.status == statuses.SPAM

    @property
    def is_merged(self) -> bool:
        return self.merging is not None

    @property
    def opened_version(self) -> int:
        """The version since which it is somebody's work; 0 where it never was anything but spam."""
        return max(self.taken_back_version, 0) if self.taken_back_version else 1

    @property
    def status_since(self) -> datetime | None:
        """Since when it has its status; None of a ticket of before this was written down, until that changes."""
        if self.status == statuses.NEW:
            return self.status_changed_at or self.created_at
        return self.status_changed_at

    @property
    def rank(self) -> int:
        """How urgent it is, from 0 on."""
        return statuses.RANK[self.priority]

    def takes_part(self, email: str) -> bool:
        """Whether the address is the requester's or another participant's."""
        return bool(email) and (email == self.requester.email or email in self.participants)

    # ------------------------------------------------------------------------------------------------ what is written

    def hear(self, message: Message, references: Sequence[str], sender: str) -> tuple[Change, ...]:
        """Take in a public message of the requester's side. A person's message reopens what waits or is finished."""
        self._count(message)
        if message.external_id:
            self.chain = chain_after(references, message.external_id)
        self.is_machine_waiting = message.wants_no_machine
        if message.is_automatic:
            # A machine waits for no answer, and gets no copy of what others are answered.
            return ()
        self.last_requester_message_at = message.created_at
        # What a storm washes together has nothing to do with each other: nobody gets answers to others' mails.
        if FLOOD not in message.flags:
            self._join([sender, *message.cc])
        if self.status not in statuses.ANSWERED:
            return ()
        return self.set_status(statuses.OPEN, message.created_at)

    def answer(self, message: Message) -> tuple[Change, ...]:
        """Take in a public answer of ours; a person's first one ends the wait and makes a new ticket open."""
        self._count(message)
        if message.is_automatic or message.author.kind not in (AGENT, API):
            return ()
        self.last_agent_message_at = message.created_at
        if self.first_replied_at is None:
            self.first_replied_at = message.created_at
        # Whom an agent answers is no spammer.
        if self.status in (statuses.NEW, statuses.SPAM):
            return self.set_status(statuses.OPEN, message.created_at)
        return ()

    def note(self, message: Message) -> None:
        """Take in an internal note; it changes nothing else."""
        self.message_count += 1
        self.updated_at = max(self.updated_at, message.created_at)

    def reply_of(self, message: Message) -> Reply | None:
        """How a public answer of ours leaves; None where the ticket has no channel or nobody can be reached."""
        address = self.requester.email
        if self.channel_kind != "email":
            address = address or self.requester.external_id or self.requester.phone
        if not self.channel or not address or message.visibility != PUBLIC:
            return None
        # An automatic answer is for the one who wrote; nobody else asked for it.
        others = () if message.is_automatic else self.participants
        return Reply(
            channel=self.channel,
            to=(address,),
            cc=others,
            in_reply_to=self.chain[-1] if self.chain else "",
            references=self.chain,
            # Gmail begins another thread where the subject is another, whatever the mail refers to.
            subject=reply_subject(self.mailed_subject or self.subject),
        )

    def _count(self, message: Message) -> None:
        self.message_count += 1
        self.preview = first_words(message.said or message.text) or self.preview
        self.updated_at = max(self.updated_at, message.created_at)

    def _join(self, addresses: Sequence[str]) -> None:
        joined = without([*self.participants, *addresses], self.requester.email, self.mailbox)
        if len(joined) != len(self.participants):
            self.participants = joined[:MOST_PARTICIPANTS]

    # ------------------------------------------------------------------------------------------------ what is changed

    def set(self, name: str, value: str, at: datetime) -> tuple[Change, ...]:
        """Give one of SETTABLE or `fields.<name>` a value that was checked before; nothing where it is the same."""
        if name == "status":
            return self.set_status(value, at)
        if name.startswith("fields."):
            return self.set_field(name.removeprefix("fields."), value, at)
        old = getattr(self, name)
        if old == value:
            return ()
        setattr(self, name, value)
        if name == "subject" and self.chain:
            self.mailed_subject = self.mailed_subject or old
        self.updated_at = max(self.updated_at, at)
        return (Change(name, old, value),)

    def set_status(self, status: str, at: datetime) -> tuple[Change, ...]:
        """Move to a status; keeps when it was solved and closed, and counts how often it came back."""
        old = self.status
        if status == old:
            return ()
        self.status = status
        self.status_changed_at = at
        self.updated_at = max(self.updated_at, at)
        if status == statuses.SPAM and self.version in (self.opened_version, 0):
            self.taken_back_version = -1
        elif old == statuses.SPAM and not self.opened_version:
            self.taken_back_version = self.version
        if status in statuses.FINISHED:
            self.solved_at = self.solved_at or at
            self.closed_at = at if status == statuses.CLOSED else None
        elif old in statuses.FINISHED:
            self.solved_at = self.closed_at = None
            self.reopen_count += status != statuses.SPAM
        return (Change("status", old, status),)

    def set_field(self, name: str, value: str, at: datetime) -> tuple[Change, ...]:
        """Give a field of the form a value; an empty one takes it away."""
        old = self.fields.get(name, "")
        if old == value:
            return ()
        others = {key: kept for key, kept in self.fields.items() if key != name}
        self.fields = {**others, name: value} if value else others
        self.updated_at = max(self.updated_at, at)
        return (Change(f"fields.{name}", old, value),)

    def set_tags(self, tags: tuple[str, ...], at: datetime) -> tuple[Change, ...]:
        """Take these tags (sorted, each once) instead of the present ones."""
        if tags == self.tags:
            return ()
        old, self.tags = self.tags, tags
        self.updated_at = max(self.updated_at, at)
        return (Change("tags", ",".join(old), ",".join(tags)),)

    def set_requester(self, requester: Requester, at: datetime) -> tuple[Change, ...]:
        """Make it another person's ticket."""
        if requester == self.requester:
            return ()
        old, self.requester = self.requester, requester
        self.participants = without(self.participants, requester.email)
        self.updated_at = max(self.updated_at, at)
        if old.requester_id == requester.requester_id:
            return (Change("requester", old.name, requester.name),)
        return (Change("requester", old.requester_id, requester.requester_id),)


_values = attrgetter(*(one.name for one in fields(Ticket)))


def merged(changes: Sequence[Change]) -> tuple[Change, ...]:
    """One change a field, from its first value to its last; none where it came back to where it was."""
    if len(changes) < 2:
        return tuple(changes)
    spans: dict[str, Change] = {}
    for change in changes:
        first = spans.get(change.field, change)
        spans[change.field] = Change(change.field, first.old, change.new)
    return tuple(change for change in spans.values() if change.old != change.new)


def reply_subject(subject: str) -> str:
    """The subject of an answer: `Re: ` once."""
    return subject if subject[:3].lower() == "re:" else f"Re: {subject}"


def subject_of(subject: str, text: str) -> str:
    """What a ticket is called: the subject, or where there is none the first words."""
    return " ".join(subject.split())[:LONGEST_SUBJECT] or first_words(text, 80)
