"""Tell colleagues by mail: the ticket's agent, everybody in its group, or the group's manager; a note stays in the ticket.

The mail leaves by the ticket's mailbox; where the ticket came by another channel there is only the note.
"""

from dataclasses import dataclass

from services.rules.domain.heard import Notify, Step, Ticket
from services.rules.domain.params import a_text, filled, one_of

WHOM = ("agent", "group", "manager")


@dataclass(frozen=True, slots=True)
class Params:
    # One or more of agent, group and manager, with commas between.
    to: str
    # With places to fill in: {{ ticket.number }}, {{ requester.name }}.
    text: str

    def __post_init__(self) -> None:
        for whom in _named(self.to):
            one_of("to", whom, WHOM)
        a_text("text", self.text)


def decide(ticket: Ticket, params: Params) -> list[Step]:
    return [Notify(_named(params.to), filled(params.text, ticket))]


def _named(to: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in to.split(",")))
