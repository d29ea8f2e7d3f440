"""What the pages need of the rest of the system.

Every method may raise the refusals of chassis.errors, and Unavailable where the service behind it is away; a
page shows that in the part concerned and goes on.
"""

from collections.abc import AsyncGenerator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.console.application.account_ports import Accounts
from services.console.application.customer_ports import Customers
from services.console.application.what_if_ports import WhatIfs
from services.console.domain import channels, ingest, reports, rules, screening, sla
from services.console.domain.calendars import CalendarDraft, CalendarYear
from services.console.domain.outside import Customer, Sought, Source
from services.console.domain.tickets import (
    Attachment,
    Change,
    Edit,
    Filter,
    Merged,
    Message,
    News,
    Ticket,
    TicketPage,
)


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        ...


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What an agent wrote; an empty status leaves the rule of the house."""

    text: str
    visibility: str
    status: str = ""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Merge:
    """How a ticket becomes part of another; a trial only says what would be."""

    reason: str = ""
    allows_other_requester: bool = False
    is_trial: bool = False


class Tickets(Protocol):
    def list_tickets(
        self, wanted: Filter, *, order_by: str, page_size: int = 60, page_token: str = ""
    ) -> TicketPage: ...

    def count_tickets(self, views: Sequence[Filter]) -> tuple[int, ...]:
        """How many each view holds; counting stops at 10,000."""
        ...

    def get_ticket(self, number: int) -> Ticket:
        """Raises NotFound."""
        ...

    def get_ticket_by_id(self, ticket_id: str) -> Ticket:
        """Raises NotFound."""
        ...

    def get_tickets(self, ticket_ids: Collection[str]) -> tuple[Ticket, ...]:
        """Those that there are of up to 200, in no order."""
        ...

    def get_sequence(self) -> int:
        """The place in the log behind which lies whatever is not in what is read from here on."""
        ...

    def list_messages(self, ticket_id: str) -> tuple[Message, ...]:
        """Oldest first."""
        ...

    def list_changes(self, ticket_id: str) -> tuple[Change, ...]:
        """Oldest first."""
        ...

    def update_ticket(
        self, ticket_id: str, edit: Edit, *, expected_version: int, key: str, agent_id: str
    ) -> Ticket:
        """Raises Conflict where the ticket has moved on from `expected_version` (0: whatever it is)."""
        ...

    def add_message(
        self, ticket_id: str, message: NewMessage, *, key: str, agent_id: str
    ) -> tuple[Message, Ticket]:
        """The same key gives the first answer again."""
        ...

    def merge_ticket(
        self, source_id: str, target_id: str, wanted: Merge, *, key: str = "", agent_id: str = ""
    ) -> Merged:
        """Raises FailedPrecondition, whose text begins with the reason's name, Conflict, NotFound."""
        ...

    def unmerge_ticket(self, ticket_id: str, *, key: str, agent_id: str) -> Ticket:
        """The ticket as it was. Raises FailedPrecondition, Conflict, NotFound."""
        ...


class Rules(Protocol):
    def list_rules(self) -> tuple[rules.Rule, ...]:
        """In the order they run."""
        ...

    def switch_rule(self, rule_id: str, *, on: bool, expected_version: int, agent_id: str) -> rules.Rule:
        """Raises Conflict where somebody else saved it meanwhile."""
        ...

    def check_rules(self) -> tuple[rules.RuleWarning, ...]:
        """What is odd about the rules that are on."""
        ...

    def explain_event(self, event_id: str) -> tuple[rules.Explanation, ...]: ...


class Sla(Protocol):
    def list_policies(self) -> tuple[sla.Policy, ...]: ...

    def list_calendars(self) -> tuple[sla.Calendar, ...]: ...

    def get_calendar(self, calendar_id: str) -> CalendarDraft: ...

    def calendar_year(self, calendar_id: str, year: int) -> CalendarYear:
        """Of one that is saved; year 0 is the present one."""
        ...

    def preview_calendar(self, draft: CalendarDraft) -> CalendarYear:
        """What saving it would make of the present year; nothing is saved."""
        ...

    def save_calendar(self, draft: CalendarDraft, agent_id: str) -> CalendarDraft: ...

    def get_clock(self, ticket_id: str) -> sla.TicketClock | None:
        """None where no promise was made."""
        ...

    def explain_clock(self, ticket_id: str) -> sla.ExplainedClock | None:
        """Span by span; None where nothing is known of the ticket."""
        ...

    def list_at_risk(self, within: timedelta, page_size: int = 60) -> sla.AtRiskList: ...

    def count_at_risk(self, within: timedelta, page_size: int, group: str, channel: str) -> sla.AtRiskList:
        """The same of one group and one channel (empty: of all), counted by both."""
        ...


class Reports(Protocol):
    def get_board(self, span: timedelta, end: datetime | None) -> reports.Board: ...

    def list_queue_load(self, begins_at: datetime, ends_at: datetime) -> tuple[reports.QueueLoad, ...]: ...


@dataclass(frozen=True, slots=True)
class Download:
    """A kept file and its bytes, piece by piece."""

    name: str
    mime_type: str
    size: int
    pieces: Iterator[bytes]


class Ingest(Protocol):
    def list_channels(self) -> tuple[ingest.Channel, ...]: ...

    def get_ledger(self, span: ingest.Span, channel_id: str = "") -> ingest.Ledger:
        """Of one channel, or of all."""
        ...

    def list_ledger_rows(
        self,
        channel_id: str,
        span: ingest.Span,
        *,
        outcomes: Sequence[str] = (),
        page_token: str = "",
        page_size: int = 60,
    ) -> ingest.LedgerRowPage: ...

    def list_quarantine(
        self, *, channel_id: str = "", page_token: str = "", page_size: int = 60
    ) -> ingest.QuarantinePage: ...

    def retry_quarantined(self, intake_ids: Sequence[str]) -> int:
        """How many are processed again."""
        ...

    def read_raw(self, intake_id: str) -> Iterator[bytes]:
        """Raises NotFound before the first piece."""
        ...

    def read_attachment(self, attachment_id: str) -> Download:
        """Raises NotFound before the first piece."""
        ...

    def write_attachment(self, name: str, mime_type: str, pieces: Iterator[bytes]) -> Attachment: ...

    def list_sends(
        self, *, states: Sequence[str] = (), ticket_id: str = "", page_token: str = "", page_size: int = 60
    ) -> ingest.SendPage: ...


class Screening(Protocol):
    def list_blocked(
        self, *, channel_id: str = "", page_token: str = "", page_size: int = 60
    ) -> screening.BlockedPage: ...

    def bring_back(self, intake_ids: Sequence[str]) -> int:
        """How many are processed past all lists."""
        ...

    def try_settings(self, channel_id: str, settings: Mapping[str, str]) -> tuple[screening.Tried, ...]:
        """The latest messages as these settings would read them. Raises InvalidField(s), NotFound."""
        ...


class Channels(Protocol):
    """Writes are for the agent, whose right ingest asks about too: PermissionDenied where there is none."""

    def list_kinds(self) -> tuple[channels.Kind, ...]: ...

    def list_states(self, channel_id: str = "") -> tuple[channels.ChannelState, ...]:
        """Of one channel, or of all."""
        ...

    def apply(self, draft: channels.Draft, agent_id: str) -> int:
        """Make or change it; answers its version. Raises InvalidFields, AlreadyExists, Conflict."""
        ...

    def pause(self, channel_id: str, version: int, agent_id: str) -> None:
        """Raises NotFound, Conflict."""
        ...

    def resume(self, channel_id: str, version: int, agent_id: str) -> None:
        """Raises NotFound, Conflict."""
        ...

    def test(self, channel_id: str, agent_id: str) -> tuple[channels.Check, ...]:
        """Signs in at the channel's servers, which may take most of a minute."""
        ...

    def test_draft(self, draft: channels.Draft, agent_id: str) -> tuple[channels.Check, ...]:
        """The same with settings that are not saved. Raises what `apply` raises."""
        ...

    def key(self, channel_id: str, agent_id: str) -> str:
        """With which other systems post to the channel; made on first use. Administrators only."""
        ...

    def list_changes(self, channel_id: str) -> tuple[channels.ChannelChange, ...]:
        """The newest first, at most 50. Raises NotFound."""
        ...


class Sink(Protocol):
    """The local stand-in for the world's mailboxes."""

    def list_mails(self) -> tuple[ingest.CaughtMail, ...]:
        """Newest first."""
        ...


class Lookups(Protocol):
    """Systems outside that know the requesters."""

    @property
    def sources(self) -> Sequence[Source]: ...

    def find(self, source_id: str, sought: Sequence[Sought]) -> tuple[Customer, ...]:
        """Raises LookupFailed, and NotFound where there is no such source."""
        ...


class Watch(Protocol):
    def news(self, from_sequence: int) -> AsyncGenerator[News, None]:
        """What happens to tickets after `from_sequence`, and every few seconds that nothing does; ends with
        Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a page may ask. `sink` is None where nothing is caught, as in production."""

    tickets: Tickets
    customers: Customers
    accounts: Accounts
    rules: Rules
    sla: Sla
    reports: Reports
    ingest: Ingest
    channels: Channels
    screening: Screening
    sink: Sink | None
    clock: Clock
    lookups: Lookups
    what_ifs: WhatIfs
