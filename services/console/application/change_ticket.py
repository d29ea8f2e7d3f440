"""A change of a ticket's fields, with both sides shown where somebody was faster."""

from dataclasses import dataclass

from chassis.errors import Conflict
from services.console.application.ports import Desk
from services.console.domain.tickets import Agent, Edit, FieldChange, Ticket


@dataclass(frozen=True, slots=True)
class ChangeTicket:
    """`expected_version` is the one the agent saw."""

    number: int
    edit: Edit
    expected_version: int
    key: str


@dataclass(frozen=True, slots=True)
class Changed:
    ticket: Ticket


@dataclass(frozen=True, slots=True)
class SomebodyWasFaster:
    """The ticket as it is now, and what the agent wanted of it."""

    ticket: Ticket
    wanted: tuple[FieldChange, ...]


def change_ticket(command: ChangeTicket, desk: Desk, agent: Agent) -> Changed | SomebodyWasFaster:
    """Raises what Tickets.update_ticket raises, but never Conflict."""
    ticket = desk.tickets.get_ticket(command.number)
    try:
        changed = desk.tickets.update_ticket(
            ticket.ticket_id,
            command.edit,
            expected_version=command.expected_version,
            key=command.key,
            agent_id=agent.agent_id,
        )
    except Conflict:
        now = desk.tickets.get_ticket(command.number)
        wanted = command.edit.differences(now)
        # Both wanted the same: nobody needs to be asked.
        return SomebodyWasFaster(now, wanted) if wanted else Changed(now)
    return Changed(changed)
