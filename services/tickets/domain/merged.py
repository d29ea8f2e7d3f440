"""Tickets that become part of another. The source keeps its id, number, messages and log, and says where it went; the
target says what came. So both are found, and each merge can be taken back by itself."""

from dataclasses import replace
from datetime import datetime

from chassis.errors import FailedPrecondition
from services.tickets.domain import status as statuses
from services.tickets.domain.merging import Merging
from services.tickets.domain.message import MERGED, Message
from services.tickets.domain.people import without
from services.tickets.domain.ticket import MOST_PARTICIPANTS, Change, Ticket

# Whoever lists a ticket's messages reads all of its sources.
MOST_SOURCES = 50
LONGEST_REASON = 500
# So many of a source's last messages are told on the target; what is older moves no clock any more.
MESSAGES_TOLD = 100


class MergeRefused(FailedPrecondition):
    """The tickets cannot be merged as they are. The text begins with the reason's name."""

    __slots__ = ()


class IsMerged(FailedPrecondition):
    """The ticket is part of another, which is the one to be changed."""

    __slots__ = ()


def merge_into(source: Ticket, target: Ticket, merging: Merging, reason: str) -> tuple[Change, ...]:
    """Make the draft of a source part of the target's draft; answers what the source's fact tells.

    Who takes part in the source is in copy of the target from then on: answers to both come from there.
    """
    others = (source.requester.email, *source.participants)
    in_copy = without([*target.participants, *others], target.requester.email, target.mailbox)
    in_copy = in_copy[:MOST_PARTICIPANTS]
    joined = tuple(email for email in in_copy if email not in target.participants)
    target.participants = in_copy
    target.merged_from = (*target.merged_from, source.ticket_id)
    target.updated_at = max(target.updated_at, merging.at)
    source.merging = replace(merging, joined=joined)
    source.status, source.status_changed_at = statuses.MERGED, merging.at
    source.updated_at = max(source.updated_at, merging.at)
    changes = (
        Change("status", merging.status, statuses.MERGED),
        Change("merged_into", "", target.ticket_id),
    )
    return (*changes, Change("merge_reason", "", reason)) if reason else changes


def take_back(source: Ticket, target: Ticket, at: datetime) -> tuple[Change, ...]:
    """Make the draft of a source what it was; who was in copy of the target by it is so no longer."""
    merging = source.merging
    assert merging is not None
    target.participants = tuple(email for email in target.participants if email not in merging.joined)
    target.merged_from = tuple(one for one in target.merged_from if one != source.ticket_id)
    source.status, source.status_changed_at, source.merging = merging.status, at, None
    source.updated_at, target.updated_at = max(source.updated_at, at), max(target.updated_at, at)
    return (
        Change("status", statuses.MERGED, merging.status),
        Change("merged_into", merging.into_id, ""),
    )


def came_and_went(before: Ticket, after: Ticket) -> Change:
    """What the target's fact tells of its sources."""
    return Change("merged_from", ",".join(before.merged_from), ",".join(after.merged_from))


def told_of(message: Message, target: Ticket) -> Message:
    """A source's message as the target's fact tells it: who wrote, and when. Its words stay where they are kept, and so does
    the row of the ledger that it closed."""
    return Message(
        message_id=message.message_id,
        ticket_id=target.ticket_id,
        author=message.author,
        text="",
        created_at=message.created_at,
        visibility=message.visibility,
        is_automatic=message.is_automatic,
        flags=(*message.flags, MERGED),
    )
