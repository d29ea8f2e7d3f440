"""A ticket's head, timeline and composer: the same in the preview and on its own page."""

from dataclasses import dataclass

from chassis.ids import new_id
from services.console.application.macros import Macro
from services.console.domain.language import language_of
from services.console.domain.tickets import Message, Ticket
from services.console.domain.timeline import Entry, timeline
from services.console.pages.frame import Console, frame
from services.console.pages.part import Part, part


@dataclass(frozen=True, slots=True)
class ReadyAnswer:
    """A macro as it would be sent."""

    macro: Macro
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the parts of a ticket show. `seen` is the newest message on the screen, `key` makes the next write one."""

    ticket: Ticket
    entries: Part[list[Entry]]
    messages: tuple[Message, ...]
    macros: tuple[ReadyAnswer, ...]
    seen: str
    key: str
    tab: str
    language: str
    # The tickets that it is part of or that are part of it.
    relatives: tuple[Ticket, ...] = ()


def conversation(console: Console, ticket: Ticket, tab: str = "all") -> Conversation:
    """Read the ticket's messages and log."""
    tickets = console.desk.tickets
    said = part(lambda: tickets.list_messages(ticket.ticket_id))
    changes = part(lambda: tickets.list_changes(ticket.ticket_id))
    messages = said.value or ()
    failure = said.failure or changes.failure
    entries: Part[list[Entry]] = (
        Part(failure=failure) if failure else Part(value=timeline(messages, changes.value or (), tab=tab))
    )
    theirs = [message for message in messages if not message.is_ours]
    language = language_of(theirs[-1].text if theirs else ticket.subject)
    return Conversation(
        ticket=ticket,
        entries=entries,
        messages=messages,
        macros=ready_answers(console, ticket, language),
        seen=messages[-1].message_id if messages else "",
        key=new_id(),
        tab=tab,
        language=language,
        relatives=_relatives(console, ticket),
    )


def _relatives(console: Console, ticket: Ticket) -> tuple[Ticket, ...]:
    ids = [*ticket.merged_from, *([ticket.merged_into] if ticket.merged_into else [])]
    found = part(lambda: console.desk.tickets.get_tickets(ids)).value if ids else None
    return tuple(sorted(found or (), key=lambda one: one.number))


def ready_answers(console: Console, ticket: Ticket, language: str) -> tuple[ReadyAnswer, ...]:
    """The macros in the requester's language under titles in the agent's; the agent's own where no guess was made."""
    here = frame()
    return tuple(
        ReadyAnswer(
            macro,
            macro.title(here.words.language),
            macro.text(language or here.words.language, ticket, here.me.name),
        )
        for macro in console.macros
    )
