"""One sender who opens ticket upon ticket by mail: from a limit on the last of them takes what comes."""

from services.tickets.application.find_thread import end_of_merges
from services.tickets.application.ports import Ports
from services.tickets.domain.commands import ReceiveMessage
from services.tickets.domain.message import SPAM
from services.tickets.domain.storm import burst_after
from services.tickets.domain.ticket import Ticket


def storm_of(command: ReceiveMessage, ports: Ports) -> Ticket | None:
    """The ticket that takes what one sender writes beyond the limit, so that nothing of it is lost."""
    if not _is_counted(command, ports):
        return None
    sender = ports.requesters.find(command.channel, command.sender, command.channel_kind)
    burst = ports.bursts.of(sender.requester_id, command.channel) if sender is not None else None
    if sender is None or burst is None or not burst.is_storm(command.received_at, ports.storm_limit):
        return None
    ticket = ports.tickets.get(burst.ticket_id)
    ticket = end_of_merges(ticket, ports) if ticket is not None else None
    # Who closed it wants to see a new one where it goes on.
    if ticket is None or ticket.is_closed or ticket.is_spam != (SPAM in command.flags):
        return None
    ports.bursts.keep(sender.requester_id, command.channel, burst.goes_on(command.received_at))
    return ticket


def count_opening(command: ReceiveMessage, ticket: Ticket, ports: Ports) -> None:
    """Remember that the message's sender has opened this ticket too."""
    if not _is_counted(command, ports):
        return
    sender = ticket.requester.requester_id
    earlier = ports.bursts.of(sender, command.channel)
    burst = burst_after(earlier, command.received_at, ticket.ticket_id, ports.storm_limit)
    ports.bursts.keep(sender, command.channel, burst)


def _is_counted(command: ReceiveMessage, ports: Ports) -> bool:
    return command.channel_kind == "email" and ports.storm_limit.tickets > 0
