"""Something happened to a ticket: the rules decide what then."""

from dataclasses import replace

from services.rules.application.ports import Ports
from services.rules.application.vocabulary import find_read
from services.rules.domain.commands import ApplyRules, ApplyRulesOfClock
from services.rules.domain.heard import Heard
from services.rules.domain.run import run_rules


def apply_rules(command: ApplyRules, ports: Ports) -> None:
    """Every event is concluded, so that it can be explained also where nothing matched."""
    _apply(command.heard, ports)


def apply_rules_of_clock(command: ApplyRulesOfClock, ports: Ports) -> None:
    """Clocks tick for every ticket: one that no rule wants to know of is not even looked at."""
    heard = command.heard
    ticket = ports.tickets.get(heard.ticket.ticket_id) if ports.rules.newest().hears(heard.events) else None
    if ticket is not None:
        _apply(replace(heard, ticket=ticket), ports)


def _apply(heard: Heard, ports: Ports) -> None:
    memory = ports.memories.of(heard)
    verdict = run_rules(ports.rules.newest(), heard, find_read, memory, ports.calendars.newest)
    if verdict.matches:
        ports.memories.note(heard, verdict)
    ports.conclude(heard, verdict)
