"""Several tickets become one, because somebody says so; and are what they were again."""

from collections.abc import Sequence

from chassis.errors import FailedPrecondition
from services.tickets.application.ports import Ports
from services.tickets.application.update_ticket import known
from services.tickets.domain.checks import Checks
from services.tickets.domain.commands import MergeTickets, UnmergeTicket
from services.tickets.domain.events import LoggedFact, MessageAdded, TicketChanged
from services.tickets.domain.merged import (
    LONGEST_REASON,
    MESSAGES_TOLD,
    MOST_SOURCES,
    MergeRefused,
    came_and_went,
    merge_into,
    take_back,
    told_of,
)
from services.tickets.domain.merging import Merging
from services.tickets.domain.message import Message
from services.tickets.domain.ticket import Ticket


def merge_tickets(command: MergeTickets, ports: Ports) -> tuple[Ticket, list[Ticket]]:
    """The target and its new sources, as they are now or as a trial would have them.

    All of it is one commit, and each ticket gets a version: of a merge and whatever else is done to one of them at the
    same moment the second sees the first. Nothing is sent to anybody. Raises NotFound, Conflict, MergeRefused,
    InvalidField(s).
    """
    _check(command)
    target = known(command.target_id, command.expected_target_version, ports)
    sources = [known(source_id, 0, ports) for source_id in command.source_ids]
    _refuse_target(target, len(sources))
    for source in sources:
        _refuse_source(source, target, command)
    draft = target.next_version()
    drafts: list[Ticket] = []
    facts: list[tuple[Ticket, TicketChanged]] = []
    for source in sources:
        new = source.next_version()
        merging = Merging(target.ticket_id, source.status, ports.now, command.actor)
        facts.append(
            (new, TicketChanged(new, merge_into(new, draft, merging, command.reason), command.actor))
        )
        drafts.append(new)
    if command.is_trial:
        return draft, drafts
    changes = [came_and_went(target, draft)]
    told: list[LoggedFact] = [TicketChanged(draft, tuple(changes), command.actor)]
    for source in sources:
        told += [
            MessageAdded(draft, told_of(message, draft), command.actor)
            for message in _last_messages(source, ports)
        ]
    ports.tickets.save(draft, told)
    for new, fact in facts:
        ports.tickets.save(new, [fact])
    return draft, drafts


def unmerge_ticket(command: UnmergeTicket, ports: Ports) -> tuple[Ticket, Ticket]:
    """The source as it was, and the target without it.

    What came to the target since the merge stays there. In a chain each merge is undone by itself, in any order. Raises
    NotFound, Conflict, FailedPrecondition.
    """
    source = known(command.ticket_id, command.expected_version, ports)
    if source.merging is None:
        raise FailedPrecondition(f"not_merged: #{source.number} is merged into no other")
    target = known(source.merging.into_id, 0, ports)
    new, draft = source.next_version(), target.next_version()
    changes = take_back(new, draft, ports.now)
    ports.tickets.save(draft, [TicketChanged(draft, (came_and_went(target, draft),), command.actor)])
    ports.tickets.save(new, [TicketChanged(new, changes, command.actor)])
    return new, draft


def _check(command: MergeTickets) -> None:
    checks = Checks()
    ids = command.source_ids
    checks.that(bool(command.target_id), "target_id", "the id of a ticket")
    checks.that(0 < len(ids) <= MOST_SOURCES, "source_ids", f"1 to {MOST_SOURCES}", str(len(ids)))
    checks.that(all(ids) and len(set(ids)) == len(ids), "source_ids", "ids of tickets, each once")
    checks.that(len(command.reason) <= LONGEST_REASON, "reason", f"at most {LONGEST_REASON} characters")
    checks.done()


def _refuse_target(target: Ticket, more: int) -> None:
    name = f"#{target.number}"
    if target.is_merged:
        raise MergeRefused(f"target_merged: {name} is part of another ticket; merge into that one")
    if target.is_closed:
        raise MergeRefused(f"target_closed: {name} is closed; open it again first")
    if target.is_spam:
        raise MergeRefused(f"target_spam: {name} is taken for spam; take it back first")
    if len(target.merged_from) + more > MOST_SOURCES:
        raise MergeRefused(f"too_many: at most {MOST_SOURCES} tickets are merged into one")


def _refuse_source(source: Ticket, target: Ticket, command: MergeTickets) -> None:
    name = f"#{source.number}"
    if source.ticket_id == target.ticket_id:
        raise MergeRefused(f"same_ticket: {name} cannot be merged into itself")
    if source.is_merged:
        raise MergeRefused(f"already_merged: {name} is part of another ticket already")
    if source.is_spam:
        raise MergeRefused(f"source_spam: {name} is taken for spam; take it back first")
    if source.requester.requester_id != target.requester.requester_id and not command.allows_other_requester:
        raise MergeRefused(
            f"other_requester: {name} was asked by somebody else, who would be in copy of #{target.number};"
            " say that this is meant"
        )


def _last_messages(source: Ticket, ports: Ports) -> Sequence[Message]:
    """The last messages of the source and of all that is merged into it, oldest first."""
    found = list(ports.tickets.last_messages(source.ticket_id, MESSAGES_TOLD))
    for source_id in source.merged_from:
        below = ports.tickets.get(source_id)
        if below is not None:
            found += _last_messages(below, ports)
    return sorted(found, key=lambda message: message.created_at)[-MESSAGES_TOLD:]
