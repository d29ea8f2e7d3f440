"""Something happened to a ticket: the rules decide what then."""

from services.rules.application.ports import Ports
from services.rules.application.vocabulary import find_read
from services.rules.domain.commands import ApplyRules
from services.rules.domain.run import run_rules


def apply_rules(command: ApplyRules, ports: Ports) -> None:
    """Every event is concluded, so that it can be explained also where nothing matched."""
    heard = command.heard
    verdict = run_rules(ports.rules.newest(), heard, find_read, ports.memories.of(heard))
    if verdict.matches:
        ports.memories.note(heard, verdict)
    ports.conclude(heard, verdict)
