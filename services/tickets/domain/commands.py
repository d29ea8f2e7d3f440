"""What tickets is asked to do: one command, one commit, one version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.tickets.domain.message import PUBLIC, Attachment
from services.tickets.domain.people import Actor

_REFERENCES_LOOKED_UP = 20


# These three are made for every message, and a frozen class of so many fields takes seven times as long to make; nobody
# changes them all the same.
@dataclass(slots=True)
class Sender:
    """Whoever wrote, as far as the channel tells; nothing here is proven."""

    name: str = ""
    email: str = ""
    phone: str = ""
    external_id: str = ""
    # An id of ours, where another system knows it.
    requester_id: str = ""


@dataclass(slots=True)
class Thread:
    """Where a message stands among others."""

    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    # Ticket ids that our own MAC proves, the strongest first.
    proven_ticket_ids: tuple[str, ...] = ()
    mentioned_numbers: tuple[int, ...] = ()
    conversation_id: str = ""
    # Ticket ids that a mark of ours in the words proves; who quotes or forwards carries it along.
    quoted_ticket_ids: tuple[str, ...] = ()

    @property
    def leads(self) -> tuple[str, ...]:
        """The Message-IDs that may lead to its ticket. Of a long chain the ends say most: its root, and the latest."""
        if not self.references and not self.in_reply_to:
            return ()
        latest = self.references[-_REFERENCES_LOOKED_UP:]
        return tuple({*self.references[:1], *latest, self.in_reply_to} - {"", self.message_id})


@dataclass(slots=True)
class ReceiveMessage:
    """A message came in and was understood: make it an entry of the right ticket."""

    intake_id: str
    channel: str
    channel_kind: str
    lane: str
    received_at: datetime
    sender: Sender
    subject: str = ""
    text: str = ""
    html: str = ""
    said: str = ""
    said_html: str = ""
    is_truncated: bool = False
    attachments: tuple[Attachment, ...] = ()
    thread: Thread = field(default_factory=Thread)
    is_automatic: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    content: str = ""
    explanation: str = ""
    # A ticket that was closed no longer ago is opened again by its answer; None: it is never.
    reopens_within: timedelta | None = None
    # Message-IDs that are not proven lead to a ticket only where the subject is the ticket's too.
    ids_need_subject: bool = False


@dataclass(frozen=True, slots=True)
class ReceiveBounce:
    """A message of ours did not arrive."""

    intake_id: str
    channel: str
    lane: str
    received_at: datetime
    failed_recipient: str
    # hard or soft.
    kind: str
    code: str
    reason: str
    original_message_id: str
    proven_ticket_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordDelivery:
    """What became of one outgoing message for one recipient."""

    send_id: str
    ticket_id: str
    message_id: str
    state: str
    reason: str
    external_id: str
    changed_at: datetime
    attempt: int
    recipient: str = ""
    # With which the recipient was refused for good; empty where it was for anything else.
    code: str = ""


@dataclass(frozen=True, slots=True)
class RecordClock:
    """What sla says runs for a ticket."""

    ticket_id: str
    epoch: int
    target: str
    due_at: datetime | None
    is_paused: bool
    is_breached: bool


@dataclass(frozen=True, slots=True)
class CreateTicket:
    """Open a ticket that another system or an agent writes."""

    actor: Actor
    requester: Sender
    subject: str
    text: str
    channel: str = ""
    group: str = ""
    agent: str = ""
    priority: str = ""
    tags: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UpdateTicket:
    """Change what is not None."""

    actor: Actor
    ticket_id: str
    # 0 means whatever it is now.
    expected_version: int = 0
    # By name: those of ticket.SETTABLE.
    values: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] | None = None
    # All fields of the form: what is not named goes.
    fields: Mapping[str, str] | None = None
    requester: Sender | None = None


@dataclass(frozen=True, slots=True)
class AddMessage:
    """Write into a ticket: answer in public, note for colleagues, or speak as the requester."""

    actor: Actor
    ticket_id: str
    text: str
    visibility: str = PUBLIC
    attachments: tuple[Attachment, ...] = ()
    status: str = ""
    expected_version: int = 0
    is_from_requester: bool = False


@dataclass(frozen=True, slots=True)
class MergeTickets:
    """Make tickets part of another. A trial only says what would be."""

    actor: Actor
    target_id: str
    source_ids: tuple[str, ...]
    reason: str = ""
    # Sources that somebody else asked are meant: their people are in copy of the target then.
    allows_other_requester: bool = False
    expected_target_version: int = 0
    is_trial: bool = False


@dataclass(frozen=True, slots=True)
class UnmergeTicket:
    """Make a ticket what it was before it was merged."""

    actor: Actor
    ticket_id: str
    expected_version: int = 0


@dataclass(frozen=True, slots=True)
class SetField:
    """Give a field a value."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class AddTag:
    """Put a tag on."""

    tag: str


@dataclass(frozen=True, slots=True)
class RemoveTag:
    """Take a tag off; `payment/*` takes all below it too."""

    tag: str


@dataclass(frozen=True, slots=True)
class AddEntry:
    """Write a reply or a note."""

    visibility: str
    text: str
    is_automatic: bool = False


@dataclass(frozen=True, slots=True)
class Notify:
    """Leave a note and mail it to those whom it is for: `agent`, `group`, `manager`."""

    to: tuple[str, ...]
    text: str


Step = SetField | AddTag | RemoveTag | AddEntry | Notify


@dataclass(frozen=True, slots=True)
class ApplySteps:
    """Do to a ticket what a rule or a timer decided, all of it or nothing."""

    actor: Actor
    ticket_id: str
    steps: tuple[Step, ...]
    expected_version: int = 0


@dataclass(frozen=True, slots=True)
class StepsOutcome:
    """What became of ApplySteps. `outcome` is done, unchanged or refused; `reason` says why it was refused."""

    outcome: str
    version: int
    reason: str = ""
