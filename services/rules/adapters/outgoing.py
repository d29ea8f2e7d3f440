"""The commands of a batch on their way to tickets, in as few requests as they fit into."""

from collections.abc import Sequence

from relaydesk.tickets.v1 import service_pb2
from services.rules.adapters.wire import set_command
from services.rules.domain.heard import AddEntry, Heard, SetField, Step
from services.rules.domain.rule import Rule

# Tickets takes 500 commands and 16 MiB in one request.
MOST_COMMANDS = 400
MOST_LETTERS = 2_000_000


class Outgoing:
    """`asked` are the commands' events and rules, in their order."""

    def __init__(self) -> None:
        self.requests: list[service_pb2.ApplyCommandsRequest] = []
        self.asked: list[tuple[str, str]] = []
        self._room = self._letters = 0

    def add(self, heard: Heard, rule: Rule, key: str, steps: Sequence[Step]) -> None:
        if not self._room or self._letters <= 0:
            self.requests.append(service_pb2.ApplyCommandsRequest())
            self._room, self._letters = MOST_COMMANDS, MOST_LETTERS
        set_command(self.requests[-1].commands.add(), heard, rule, key, steps)
        self.asked.append((heard.event_id, rule.rule_id))
        self._room -= 1
        self._letters -= sum(map(_letters_of, steps))


def _letters_of(step: Step) -> int:
    if isinstance(step, AddEntry):
        return len(step.text)
    return len(step.value) if isinstance(step, SetField) else 0
