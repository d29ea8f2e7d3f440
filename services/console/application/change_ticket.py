"""A change of a ticket's fields, with both sides shown where somebody else was faster."""

from dataclasses import dataclass

from chassis.errors import Conflict
from services.console.application.ports import Desk
from services.console.domain.tickets import Agent, Change, Edit, FieldChange, Ticket

# Load, decide again: a ticket that moves on this often is somebody else's just now.
_TRIES = 5


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
    """Only another's change of the same field since then is a conflict; the rest of the ticket may move on.

    Raises what Tickets.update_ticket raises, Conflict only after the ticket moved on five times meanwhile.
    """
    ticket = desk.tickets.get_ticket(command.number)
    version = command.expected_version
    for attempt in range(_TRIES):
        try:
            changed = desk.tickets.update_ticket(
                ticket.ticket_id,
                command.edit,
                expected_version=version,
                # A refusal is the answer of its key: another try is another question.
                key=f"{command.key}:{attempt}",
                agent_id=agent.agent_id,
            )
        except Conflict:
            ticket = desk.tickets.get_ticket(command.number)
            wanted = command.edit.differences(ticket)
            if not wanted:
                # Both wanted the same: nobody needs to be asked.
                return Changed(ticket)
            log = desk.tickets.list_changes(ticket.ticket_id)
            if _touched_by_others(log, command.expected_version, agent) & {step.name for step in wanted}:
                return SomebodyWasFaster(ticket, wanted)
            version = ticket.version
        else:
            return Changed(changed)
    raise Conflict(f"ticket {command.number} does not hold still")


def _touched_by_others(log: tuple[Change, ...], since: int, agent: Agent) -> set[str]:
    return {
        step.name
        for line in log
        if line.version > since and not (line.actor.kind == "agent" and line.actor.actor_id == agent.agent_id)
        for step in line.changes
    }
