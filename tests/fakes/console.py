"""The console's ports in memory: a desk that behaves, fails on demand, and tells what was done to it."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from chassis.clock import FixedClock
from chassis.errors import Conflict, FailedPrecondition, InvalidField, InvalidFields, NotFound
from services.console.adapters.calendars import draft_to_wire
from services.console.application.ports import Clock, Desk, Download, Merge, NewMessage
from services.console.domain import ingest, reports, rules, screening, sla
from services.console.domain.calendars import CalendarDraft, CalendarYear, FeedState, YearDay
from services.console.domain.tickets import (
    Actor,
    Attachment,
    Change,
    Edit,
    Fact,
    FieldChange,
    Filter,
    Merged,
    Message,
    News,
    Ticket,
    TicketPage,
)
from tests.fakes import console_samples as samples
from tests.fakes.console_accounts import MemoryAccounts
from tests.fakes.console_channels import MemoryChannels, Outages
from tests.fakes.console_what_ifs import MemoryWhatIfs
from tests.fakes.customers import MemoryCustomers
from tests.fakes.outside import MemoryLookups, MemorySystem


class MemoryTickets:
    """Keeps tickets by compare-and-set on their version, as the real ones."""

    def __init__(self, outages: Outages, clock: Clock) -> None:
        self._outages = outages
        self._clock = clock
        self.tickets: dict[str, Ticket] = {}
        self.messages: dict[str, tuple[Message, ...]] = {}
        self.changes: dict[str, tuple[Change, ...]] = {}
        self.facts: list[Fact] = []
        self.answers: dict[str, tuple[Message, Ticket]] = {}

    def put(self, ticket: Ticket, messages: tuple[Message, ...], changes: tuple[Change, ...] = ()) -> None:
        self.tickets[ticket.ticket_id] = ticket
        self.messages[ticket.ticket_id] = messages
        self.changes[ticket.ticket_id] = changes

    def say(self, kind: str, ticket: Ticket) -> None:
        """Keep the ticket and tell whoever watches."""
        self.tickets[ticket.ticket_id] = ticket
        sequence = len(self.facts) + 1
        self.facts.append(Fact(sequence, kind, ticket.ticket_id, ticket.number, lambda: ticket))

    def list_tickets(
        self, wanted: Filter, *, order_by: str, page_size: int = 60, page_token: str = ""
    ) -> TicketPage:
        self._outages.check("tickets")
        found = [ticket for ticket in self.tickets.values() if self._holds(wanted, ticket)]
        far = self._clock.now() + timedelta(days=9999)
        keys = {
            "clock": lambda t: (t.clock.due_at or far) if t.clock else far,
            "created_at desc": lambda t: -t.created_at.timestamp(),
            "updated_at desc": lambda t: -t.updated_at.timestamp(),
            "priority desc": lambda t: -("low", "medium", "high", "urgent").index(t.priority),
        }
        found.sort(key=keys[order_by])
        start = int(page_token or 0)
        end = start + page_size
        return TicketPage(tuple(found[start:end]), str(end) if end < len(found) else "")

    def count_tickets(self, views: Sequence[Filter]) -> tuple[int, ...]:
        self._outages.check("tickets")
        return tuple(sum(self._holds(view, ticket) for ticket in self.tickets.values()) for view in views)

    def get_ticket(self, number: int) -> Ticket:
        self._outages.check("tickets")
        for ticket in self.tickets.values():
            if ticket.number == number:
                return ticket
        raise NotFound(f"ticket {number}")

    def get_ticket_by_id(self, ticket_id: str) -> Ticket:
        self._outages.check("tickets")
        if ticket_id not in self.tickets:
            raise NotFound(f"ticket {ticket_id}")
        return self.tickets[ticket_id]

    def get_tickets(self, ticket_ids: Collection[str]) -> tuple[Ticket, ...]:
        self._outages.check("tickets")
        return tuple(self.tickets[one] for one in ticket_ids if one in self.tickets)

    def get_sequence(self) -> int:
        self._outages.check("tickets")
        return len(self.facts)

    def list_messages(self, ticket_id: str) -> tuple[Message, ...]:
        self._outages.check("tickets")
        return self.messages[ticket_id]

    def list_changes(self, ticket_id: str) -> tuple[Change, ...]:
        self._outages.check("tickets")
        return self.changes[ticket_id]

    def update_ticket(
        self, ticket_id: str, edit: Edit, *, expected_version: int, key: str, agent_id: str
    ) -> Ticket:
        self._outages.check("tickets")
        old = self.tickets[ticket_id]
        if expected_version not in (0, old.version):
            raise Conflict("the ticket has moved on")
        steps = edit.differences(old)
        if not steps:
            return old
        new = replace(
            old,
            status=old.status if edit.status is None else edit.status,
            priority=old.priority if edit.priority is None else edit.priority,
            group_id=old.group_id if edit.group_id is None else edit.group_id,
            agent_id=old.agent_id if edit.agent_id is None else edit.agent_id,
            tags=old.tags if edit.tags is None else edit.tags,
            version=old.version + 1,
            updated_at=self._clock.now(),
        )
        self._log(new, "TicketChanged", agent_id, steps)
        self.say("changed", new)
        return new

    def add_message(
        self, ticket_id: str, message: NewMessage, *, key: str, agent_id: str
    ) -> tuple[Message, Ticket]:
        self._outages.check("tickets")
        if key in self.answers:
            return self.answers[key]
        old = self.tickets[ticket_id]
        now = self._clock.now()
        written = Message(
            f"m{old.number}-{old.version + 1}",
            message.visibility,
            actor(agent_id),
            message.text,
            "",
            message.attachments,
            now,
            delivery_state="queued" if message.visibility == "public" else "",
        )
        steps = Edit(status=message.status or None).differences(old)
        new = replace(old, status=message.status or old.status, version=old.version + 1, updated_at=now)
        if message.visibility == "public":
            new = replace(new, last_agent_message_at=now, preview=message.text[:80])
        self.messages[ticket_id] = (*self.messages[ticket_id], written)
        self._log(new, "MessageAdded", agent_id, steps, written.message_id)
        self.say("message", new)
        self.answers[key] = (written, new)
        return written, new

    def merge_ticket(
        self, source_id: str, target_id: str, wanted: Merge, *, key: str = "", agent_id: str = ""
    ) -> Merged:
        self._outages.check("tickets")
        source, target = self.tickets[source_id], self.tickets[target_id]
        if target.status == "closed":
            raise FailedPrecondition(f"target_closed: #{target.number} is closed")
        is_other = source.requester.requester_id != target.requester.requester_id
        if is_other and not wanted.allows_other_requester:
            raise FailedPrecondition("other_requester: somebody else asked")
        new = replace(source, status="merged", merged_into=target_id, version=source.version + 1)
        kept = replace(target, merged_from=(*target.merged_from, source_id), version=target.version + 1)
        if not wanted.is_trial:
            self._log(new, "TicketChanged", agent_id, (FieldChange("merged_into", "", target_id),))
            self._log(kept, "TicketChanged", agent_id, (FieldChange("merged_from", "", source_id),))
            self.say("changed", new)
            self.say("changed", kept)
        return Merged(kept, new, (source.requester.email,) if is_other else ())

    def unmerge_ticket(self, ticket_id: str, *, key: str, agent_id: str) -> Ticket:
        self._outages.check("tickets")
        source = self.tickets[ticket_id]
        target = self.tickets[source.merged_into]
        left = tuple(one for one in target.merged_from if one != ticket_id)
        self.say("changed", replace(target, merged_from=left, version=target.version + 1))
        new = replace(source, status="open", merged_into="", version=source.version + 1)
        self.say("changed", new)
        return new

    def hear(self, number: int, text: str) -> Message:
        """The requester writes again."""
        old = self.get_ticket(number)
        author = Actor("requester", old.requester.requester_id, old.requester.name)
        message = Message(
            f"m{number}-{old.version + 1}", "public", author, text, "", (), self._clock.now(), intake_id="in"
        )
        new = replace(old, version=old.version + 1, preview=text, last_requester_message_at=self._clock.now())
        self.messages[old.ticket_id] = (*self.messages[old.ticket_id], message)
        self._log(new, "MessageAdded", "", (), message.message_id, author)
        self.say("message", new)
        return message

    def _holds(self, wanted: Filter, ticket: Ticket) -> bool:
        if wanted.requester not in ("", ticket.requester.requester_id, ticket.requester.email):
            return False
        hay = f"{ticket.subject} {ticket.requester.name} {ticket.preview}".lower()
        return wanted.holds(ticket) and wanted.text.lower() in hay

    def _log(
        self,
        ticket: Ticket,
        fact: str,
        agent_id: str,
        steps: tuple[FieldChange, ...],
        message_id: str = "",
        who: Actor | None = None,
    ) -> None:
        line = Change(
            f"{ticket.ticket_id}:{ticket.version}:0",
            ticket.version,
            0,
            fact,
            self._clock.now(),
            who or actor(agent_id),
            steps,
            message_id,
        )
        self.changes[ticket.ticket_id] = (*self.changes[ticket.ticket_id], line)


def actor(agent_id: str) -> Actor:
    name = next((agent.name for agent in samples.AGENTS if agent.agent_id == agent_id), agent_id)
    return Actor("agent", agent_id, name)


class MemoryRules:
    def __init__(self, outages: Outages) -> None:
        self._outages = outages
        self.rules = {rule.rule_id: rule for rule in samples.RULES}

    def list_rules(self) -> tuple[rules.Rule, ...]:
        self._outages.check("rules")
        return tuple(self.rules.values())

    def switch_rule(self, rule_id: str, *, on: bool, expected_version: int, agent_id: str) -> rules.Rule:
        self._outages.check("rules")
        old = self.rules[rule_id]
        if old.version != expected_version:
            raise Conflict("the rule has moved on")
        self.rules[rule_id] = replace(old, is_enabled=on, version=old.version + 1)
        return self.rules[rule_id]

    def check_rules(self) -> tuple[rules.RuleWarning, ...]:
        self._outages.check("rules")
        return samples.RULE_WARNINGS

    def explain_event(self, event_id: str) -> tuple[rules.Explanation, ...]:
        self._outages.check("rules")
        return (samples.EXPLANATION,) if event_id in ("id48198:1:0", "id48163:1:0") else ()


def a_year(draft: CalendarDraft, year: int) -> CalendarYear:
    """Weekends are off, the 25th of December is closed, the 24th half a day; a feed of it is down."""
    days = []
    for ordinal in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()):
        day = date.fromordinal(ordinal)
        hours: tuple[tuple[str, str], ...] = (("09:00", "18:00"),) if day.isoweekday() < 6 else ()
        kind, name = "usual", ""
        if (day.month, day.day) == (12, 24):
            kind, name, hours = "special", "Eve", (("09:00", "13:00"),)
        elif (day.month, day.day) == (12, 25):
            kind, name, hours = "closed", "Christmas <b>", ()
        days.append(YearDay(day, kind, name, hours, timedelta(hours=9 if len(hours) else 0)))
    feeds = (FeedState("https://days.example/all.ics", 3, "it answers 500"),)
    return CalendarYear(draft.name, draft.zone, year, tuple(days), (), feeds)


class MemorySla:
    def __init__(self, outages: Outages) -> None:
        self._outages = outages
        self.drafts = {
            "lisbon": CalendarDraft(
                "lisbon", 5, "Lisbon", "Europe/Lisbon", (*("09:00-18:00",) * 5, "", ""), country="PT"
            )
        }

    def list_policies(self) -> tuple[sla.Policy, ...]:
        self._outages.check("sla")
        return samples.POLICIES

    def list_calendars(self) -> tuple[sla.Calendar, ...]:
        self._outages.check("sla")
        return samples.CALENDARS

    def get_calendar(self, calendar_id: str) -> CalendarDraft:
        self._outages.check("sla")
        if calendar_id not in self.drafts:
            raise NotFound(f"there is no calendar {calendar_id}")
        return self.drafts[calendar_id]

    def calendar_year(self, calendar_id: str, year: int) -> CalendarYear:
        draft = self.get_calendar(calendar_id)
        return a_year(draft, year or 2026)

    def preview_calendar(self, draft: CalendarDraft) -> CalendarYear:
        self._check_draft(draft)
        told = a_year(draft, 2026)
        old = replace(told.days[30], kind="usual", name="")
        return replace(told, changes=((old, replace(told.days[30], name="Fair", kind="special")),))

    def save_calendar(self, draft: CalendarDraft, agent_id: str) -> CalendarDraft:
        self._check_draft(draft)
        saved = replace(draft, calendar_id=draft.calendar_id or "made", version=draft.version + 1)
        self.drafts[saved.calendar_id] = saved
        return saved

    def _check_draft(self, draft: CalendarDraft) -> None:
        self._outages.check("sla")
        # What nobody can read is refused before the service is asked.
        draft_to_wire(draft)
        if draft.zone == "Mars/Base":
            raise InvalidFields([InvalidField("calendar.zone", "an IANA time zone")])

    def get_clock(self, ticket_id: str) -> sla.TicketClock | None:
        self._outages.check("sla")
        return samples.TICKET_CLOCK if ticket_id in ("id48163", "id48198") else None

    def explain_clock(self, ticket_id: str) -> sla.ExplainedClock | None:
        self._outages.check("sla")
        return samples.EXPLAINED_CLOCK if ticket_id in ("id48163", "id48198") else None

    def list_at_risk(self, within: timedelta, page_size: int = 60) -> sla.AtRiskList:
        self._outages.check("sla")
        if not within:
            return sla.AtRiskList(samples.AT_RISK.tickets[:2], {"payments": 1, "export": 1})
        return replace(samples.AT_RISK, tickets=samples.AT_RISK.tickets[:page_size])

    def count_at_risk(self, within: timedelta, page_size: int, group: str, channel: str) -> sla.AtRiskList:
        self._outages.check("sla")
        found = [one for one in samples.AT_RISK.tickets if one.due_at <= samples.NOW + within]
        found = [one for one in found if group in ("", one.group_id) and channel in ("", one.channel_id)]
        counts = [(one.group_id, one.channel_id, int(one.is_breached)) for one in found]
        return sla.AtRiskList(
            tuple(found[:page_size]),
            dict(Counter(place for place, _, _ in counts)),
            sla.worst_first(sla.RiskCount(place, late, 0, 1 - late) for place, _, late in counts),
            sla.worst_first(sla.RiskCount(place, late, 0, 1 - late) for _, place, late in counts),
        )


class MemoryReports:
    def __init__(self, outages: Outages) -> None:
        self._outages = outages
        self.board = samples.BOARD

    def get_board(self, span: timedelta, end: datetime | None) -> reports.Board:
        self._outages.check("reports")
        return self.board

    def list_queue_load(self, begins_at: datetime, ends_at: datetime) -> tuple[reports.QueueLoad, ...]:
        self._outages.check("reports")
        return samples.QUEUE_LOAD


class MemoryIngest:
    def __init__(self, outages: Outages) -> None:
        self._outages = outages
        self.channels = {one.channel_id: one for one in samples.CHANNELS}
        self.quarantined = {one.intake_id: one for one in samples.QUARANTINED}
        self.files: dict[str, bytes] = {
            "att-receipt": b"%PDF-1.7 a receipt",
            "att-evil": b"<script>1</script>",
        }

    def list_channels(self) -> tuple[ingest.Channel, ...]:
        self._outages.check("ingest")
        return tuple(self.channels.values())

    def get_ledger(self, span: ingest.Span, channel_id: str = "") -> ingest.Ledger:
        self._outages.check("ingest")
        if not channel_id:
            return samples.LEDGER
        lines = tuple(line for line in samples.LEDGER.channels if line.channel_id == channel_id)
        return ingest.Ledger(replace(lines[0], channel_id=""), lines)

    def list_ledger_rows(
        self,
        channel_id: str,
        span: ingest.Span,
        *,
        outcomes: Sequence[str] = (),
        page_token: str = "",
        page_size: int = 60,
    ) -> ingest.LedgerRowPage:
        self._outages.check("ingest")
        begins_at, ends_at = span.begins_at or datetime.min.replace(tzinfo=UTC), span.ends_at or samples.NOW
        rows = tuple(
            row
            for row in samples.LEDGER_ROWS
            if row.channel_id == channel_id
            and begins_at <= row.received_at < ends_at
            and (not outcomes or row.outcome in outcomes)
        )
        start = int(page_token or 0)
        is_more = len(rows) > start + page_size
        return ingest.LedgerRowPage(
            rows[start : start + page_size], str(start + page_size) if is_more else ""
        )

    def list_quarantine(
        self, *, channel_id: str = "", page_token: str = "", page_size: int = 60
    ) -> ingest.QuarantinePage:
        self._outages.check("ingest")
        return ingest.QuarantinePage(
            tuple(one for one in self.quarantined.values() if channel_id in ("", one.channel_id))
        )

    def retry_quarantined(self, intake_ids: Sequence[str]) -> int:
        self._outages.check("ingest")
        return sum(self.quarantined.pop(intake_id, None) is not None for intake_id in intake_ids)

    def read_raw(self, intake_id: str) -> Iterator[bytes]:
        self._outages.check("ingest")
        return iter((samples.RAW,))

    def read_attachment(self, attachment_id: str) -> Download:
        self._outages.check("ingest")
        if attachment_id not in self.files:
            raise NotFound(attachment_id)
        content = self.files[attachment_id]
        return Download("file", "application/octet-stream", len(content), iter((content,)))

    def write_attachment(self, name: str, mime_type: str, pieces: Iterator[bytes]) -> Attachment:
        self._outages.check("ingest")
        content = b"".join(pieces)
        attachment_id = f"att-{len(self.files)}"
        self.files[attachment_id] = content
        return Attachment(attachment_id, name, mime_type, len(content))

    def list_sends(
        self, *, states: Sequence[str] = (), ticket_id: str = "", page_token: str = "", page_size: int = 60
    ) -> ingest.SendPage:
        self._outages.check("ingest")
        return ingest.SendPage(tuple(send for send in samples.SENDS if not states or send.state in states))


class MemorySink:
    def __init__(self, outages: Outages) -> None:
        self._outages = outages

    def list_mails(self) -> tuple[ingest.CaughtMail, ...]:
        self._outages.check("mail sink")
        return samples.MAILS


class MemoryWatch:
    """Tells the facts of MemoryTickets, from any thread's doing, within a few hundredths of a second."""

    def __init__(self, tickets: MemoryTickets, outages: Outages) -> None:
        self._tickets = tickets
        self._outages = outages
        # Where each watch began.
        self.begun: list[int] = []

    async def news(self, from_sequence: int) -> AsyncGenerator[News, None]:
        self._outages.check("watch")
        self.begun.append(from_sequence)
        told = from_sequence
        # As the real one: how far the watch has come is said at once.
        yield News(told)
        while True:
            self._outages.check("watch")
            facts = tuple(self._tickets.facts[told:])
            told += len(facts)
            yield News(told, facts)
            await asyncio.sleep(0.02)


class MemoryScreening:
    """Blocked messages of the samples; patterns are tried on one form that they fit, one that they miss, and a letter."""

    def __init__(self, outages: Outages) -> None:
        self._outages = outages
        self.blocked = {one.intake_id: one for one in samples.BLOCKED}
        self.tried: list[Mapping[str, str]] = []

    def list_blocked(
        self, *, channel_id: str = "", page_token: str = "", page_size: int = 60
    ) -> screening.BlockedPage:
        self._outages.check("ingest")
        return screening.BlockedPage(
            tuple(one for one in self.blocked.values() if channel_id in ("", one.channel_id))
        )

    def bring_back(self, intake_ids: Sequence[str]) -> int:
        self._outages.check("ingest")
        return sum(self.blocked.pop(intake_id, None) is not None for intake_id in intake_ids)

    def try_settings(self, channel_id: str, settings: Mapping[str, str]) -> tuple[screening.Tried, ...]:
        self._outages.check("ingest")
        if "(" in settings.get("mail_patterns", ""):
            raise InvalidFields(
                [InvalidField("channel.settings.mail_patterns.0.pick.email.pattern", "an RE2 expression")]
            )
        self.tried.append(settings)
        return samples.TRIED


@dataclass
class MemoryDesk:
    """Every port, with the morning of the samples on it."""

    outages: Outages
    clock: FixedClock
    tickets: MemoryTickets
    customers: MemoryCustomers
    accounts: MemoryAccounts
    rules: MemoryRules
    sla: MemorySla
    what_ifs: MemoryWhatIfs
    ingest: MemoryIngest
    channels: MemoryChannels
    screening: MemoryScreening
    reports: MemoryReports
    watch: MemoryWatch
    outside: MemorySystem
    desk: Desk


def memory_desk(*, has_sink: bool = True) -> MemoryDesk:
    outages, clock = Outages(), FixedClock(samples.NOW)
    tickets = MemoryTickets(outages, clock)
    for ticket in samples.TICKETS:
        messages = samples.MESSAGES.get(ticket.ticket_id) or samples.first_message(ticket)
        tickets.put(ticket, messages, samples.CHANGES.get(ticket.ticket_id, ()))
    customers = MemoryCustomers(samples.TICKETS, outages.check, clock.now)
    accounts, rule_set, kept = MemoryAccounts(outages, clock), MemoryRules(outages), MemoryIngest(outages)
    board, screened = MemoryReports(outages), MemoryScreening(outages)
    sink = MemorySink(outages) if has_sink else None
    channels, lookups = MemoryChannels(outages, kept, clock), MemoryLookups()
    sla, what_ifs = MemorySla(outages), MemoryWhatIfs(outages.check)
    desk = Desk(
        tickets,
        customers,
        accounts,
        rule_set,
        sla,
        board,
        kept,
        channels,
        screened,
        sink,
        clock,
        lookups,
        what_ifs,
    )
    watch = MemoryWatch(tickets, outages)
    return MemoryDesk(
        outages,
        clock,
        tickets,
        customers,
        accounts,
        rule_set,
        sla,
        what_ifs,
        kept,
        channels,
        screened,
        board,
        watch,
        lookups.system,
        desk,
    )
