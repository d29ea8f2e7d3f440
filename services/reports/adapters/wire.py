"""What reports hears. It says nothing."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from google.protobuf.message import Message

from bus.v1.bundle_pb2 import Envelope
from chassis.stamps import moment_of
from relaydesk.ingest.v1 import events_pb2 as ingest
from relaydesk.rules.v1 import events_pb2 as rules
from relaydesk.sla.v1 import events_pb2 as sla
from relaydesk.tickets.v1 import events_pb2 as tickets
from relaydesk.tickets.v1 import ticket_pb2
from services.reports.adapters.calendars import news_of
from services.reports.domain import figures
from services.reports.domain.facts import (
    FINISHED,
    Arrival,
    CountChange,
    CountOne,
    CountOpening,
    CountPromise,
    KeepCalendar,
    Merge,
    Move,
    Step,
    Words,
)
from services.reports.domain.tally import AGENT, GROUP, TAG, Labels

_PUBLIC = "public"
_SPAM = "spam"
_MERGED = "merged"
# Fields of a ticket by which its opening is counted, and may have to move.
_MOVING = {"group": GROUP, "agent": AGENT, "tags": TAG}


def opening_of_opened(fact: tickets.TicketOpened, envelope: Envelope) -> CountOpening | None:
    """A ticket began. Spam is nobody's work, and no share of anybody's."""
    ticket = fact.ticket
    if ticket.status == _SPAM:
        return None
    return CountOpening(
        labels=_labels(ticket),
        created_at=moment_of(ticket.created_at),
        words=_words(fact.message),
        arrival=_arrival(fact.intake_id, envelope),
    )


def change_of_message(fact: tickets.MessageAdded, envelope: Envelope) -> CountChange | None:
    """Somebody wrote; a note inside that changes nothing is not counted, and what came along with a merged ticket was counted
    where it was written."""
    if _MERGED in fact.message.flags:
        return None
    words = _words(fact.message)
    return _change(
        fact.ticket, fact.changes, envelope, words, fact.intake_id, moment_of(fact.message.created_at)
    )


def change_of_changed(fact: tickets.TicketChanged, envelope: Envelope) -> CountChange | None:
    """The ticket is other than before; most changes are not counted."""
    return _change(fact.ticket, fact.changes, envelope, None, "", moment_of(envelope.occurred_at))


def one_of_ignored(fact: tickets.MessageIgnored, envelope: Envelope) -> CountOne | None:
    """A message rightly led to nothing. Which channel it came by is not told."""
    if fact.reason == "bounce_of_unknown":
        # It lies in quarantine, and is counted there.
        return None
    return CountOne(figures.IGNORED, Labels(), moment_of(envelope.occurred_at))


def one_of_warned(fact: sla.TimerWarned, envelope: Envelope) -> CountOne | None:
    """A target is at risk; further warnings of the same do not put it there again."""
    if fact.nth > 1:
        return None
    return CountOne(figures.WARNED, _labels_of_target(fact.target), _happened(fact.target, envelope))


def promise_of_breached(fact: sla.TimerBreached, envelope: Envelope) -> CountPromise:
    """A target was missed."""
    return _promise(fact.target, envelope, is_met=False)


def promise_of_met(fact: sla.TimerMet, envelope: Envelope) -> CountPromise:
    """A target was met."""
    return _promise(fact.target, envelope, is_met=True)


def one_of_quarantined(fact: ingest.MessageQuarantined, envelope: Envelope) -> CountOne:
    """A message was set aside."""
    at = fact.quarantined_at if fact.HasField("quarantined_at") else envelope.occurred_at
    return CountOne(figures.QUARANTINED, Labels(fact.channel_id), moment_of(at))


def one_of_applied(fact: rules.RulesApplied, envelope: Envelope) -> CountOne:
    """At least one rule matched."""
    return CountOne(figures.RULES_APPLIED, Labels(fact.channel), moment_of(envelope.occurred_at))


def calendar_of_changed(fact: sla.CalendarChanged, _: Envelope) -> KeepCalendar:
    """A version of a calendar was saved."""
    return KeepCalendar(news_of(fact))


# A foreign fact -> our command; None where it is not counted.
CONSUMES: Mapping[type[Message], Callable[[Any, Envelope], object | None]] = {
    tickets.TicketOpened: opening_of_opened,
    tickets.MessageAdded: change_of_message,
    tickets.TicketChanged: change_of_changed,
    tickets.MessageIgnored: one_of_ignored,
    sla.TimerWarned: one_of_warned,
    sla.TimerBreached: promise_of_breached,
    sla.TimerMet: promise_of_met,
    sla.CalendarChanged: calendar_of_changed,
    ingest.MessageQuarantined: one_of_quarantined,
    rules.RulesApplied: one_of_applied,
}
PUBLISHES: Mapping[type, Callable[[Any], Message]] = {}


def _change(
    ticket: ticket_pb2.Ticket,
    changes: Sequence[ticket_pb2.FieldChange],
    envelope: Envelope,
    words: Words | None,
    intake_id: str,
    at: datetime,
) -> CountChange | None:
    arrival = _arrival(intake_id, envelope)
    step: Step | None = None
    moves: list[Move] = []
    opens, merge = False, None
    is_counted = _is_counted(ticket)
    for change in changes:
        if change.field == "status" and _MERGED in (change.old, change.new):
            merge = _merge(ticket, change)
        elif change.field == "status":
            step = _step(ticket, change, at)
            opens = change.old == _SPAM and ticket.version == ticket.opened_version
        elif is_counted and (by := _MOVING.get(change.field)):
            moves.append(Move(by, change.old, change.new))
    if words is None and arrival is None and step is None and not moves and not opens and merge is None:
        return None
    return CountChange(
        ticket_id=ticket.id,
        labels=_labels(ticket),
        created_at=moment_of(ticket.created_at),
        first_replied_at=moment_of(ticket.first_replied_at) if ticket.HasField("first_replied_at") else None,
        words=words,
        arrival=arrival,
        step=step,
        moves=tuple(moves),
        opens=opens,
        merge=merge,
        domain=ticket.requester.email.rpartition("@")[2],
    )


def _is_counted(ticket: ticket_pb2.Ticket) -> bool:
    """The opening was counted before this fact: what began as spam is counted where it was when it was taken back."""
    if ticket.opened_version > 1:
        return ticket.version > ticket.opened_version
    return ticket.opened_version == 1 or ticket.status != _SPAM


def _step(ticket: ticket_pb2.Ticket, change: ticket_pb2.FieldChange, at: datetime) -> Step | None:
    is_solved = change.new in FINISHED
    if is_solved == (change.old in FINISHED):
        return None
    if is_solved and ticket.HasField("solved_at"):
        at = moment_of(ticket.solved_at)
    return Step(ticket.id, is_solved, ticket.reopen_count, at)


def _merge(ticket: ticket_pb2.Ticket, change: ticket_pb2.FieldChange) -> Merge:
    """What counts of the ticket goes, or comes back: its opening, and its solving where it is finished."""
    is_finished = not FINISHED.isdisjoint((change.old, change.new)) and ticket.HasField("solved_at")
    return Merge(
        is_merged=change.new == _MERGED, solved_at=moment_of(ticket.solved_at) if is_finished else None
    )


def _words(message: ticket_pb2.Message) -> Words | None:
    if message.visibility != _PUBLIC:
        return None
    author = message.author
    return Words(moment_of(message.created_at), author.kind, author.id, message.is_automatic)


def _arrival(intake_id: str, envelope: Envelope) -> Arrival | None:
    if not intake_id or not envelope.HasField("received_at"):
        return None
    return Arrival(moment_of(envelope.received_at), moment_of(envelope.occurred_at))


def _promise(target: sla.Target, envelope: Envelope, *, is_met: bool) -> CountPromise:
    return CountPromise(
        promise_id=f"{target.ticket_id}:{target.name}:{target.started_at.ToMilliseconds()}",
        epoch=target.epoch,
        is_met=is_met,
        labels=_labels_of_target(target),
        at=_happened(target, envelope),
    )


def _labels_of_target(target: sla.Target) -> Labels:
    return Labels(target.channel, target.group, target.agent, tuple(target.tags))


def _happened(target: sla.Target, envelope: Envelope) -> datetime:
    return moment_of(target.happened_at if target.HasField("happened_at") else envelope.occurred_at)


def _labels(ticket: ticket_pb2.Ticket) -> Labels:
    return Labels(ticket.channel, ticket.group, ticket.agent, tuple(ticket.tags))
