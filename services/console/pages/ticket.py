"""One ticket on its own page, and what can be done to it."""

import hashlib
from dataclasses import dataclass
from typing import IO
from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from chassis.errors import InvalidField, PermissionDenied
from chassis.ids import new_id
from services.console.application.change_ticket import Changed, ChangeTicket, change_ticket
from services.console.application.send_answer import CameMeanwhile, SendAnswer, send_answer
from services.console.domain.bands import bands
from services.console.domain.tickets import PRIORITIES, STATUSES, Agent, Attachment, Edit, Filter, Ticket
from services.console.pages.conversation import conversation
from services.console.pages.frame import Console, announce, frame, is_partial, page
from services.console.pages.inbox import InboxQuery, list_tickets
from services.console.pages.part import part
from services.console.pages.query import parse
from services.console.pages.rule_words import RuleWords

TABS = ("all", "messages", "changes")


@dataclass(frozen=True, slots=True)
class TicketQuery:
    """Which part of the timeline, and the list one came from (`view` of the inbox)."""

    tab: str = "all"
    view: str = "open"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the ticket stands in the list one came from; numbers of its neighbours, 0 at the ends."""

    at: int
    of: int
    has_more: bool
    previous: int
    next: int


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("ticket", __name__)

    @pages.get("/tickets/<int:number>")
    def show(number: int) -> Response:
        query = parse(TicketQuery, request.args)
        # Read before all else: what happens from here on, the stream tells.
        since = part(console.desk.tickets.get_sequence)
        ticket = console.desk.tickets.get_ticket(number)
        talk = conversation(console, ticket, query.tab if query.tab in TABS else "all")
        return page(
            "ticket.html",
            current="ticket",
            query=query,
            since=since,
            talk=talk,
            place=part(lambda: place_of(console, ticket, query)),
            clock=part(lambda: console.desk.sla.get_clock(ticket.ticket_id)),
            earlier=part(lambda: earlier(console, ticket)),
            tabs=TABS,
            sources=console.desk.lookups.sources,
        )

    @pages.get("/tickets/<int:number>/preview")
    def preview(number: int) -> Response:
        ticket = console.desk.tickets.get_ticket(number)
        return page(
            "parts/preview.html", talk=conversation(console, ticket), view=request.args.get("view", "open")
        )

    @pages.get("/tickets/<int:number>/news")
    def news(number: int) -> Response:
        """The head and the timeline anew, morphed in place; what is being typed is not touched."""
        tab = request.args.get("tab", "all")
        ticket = console.desk.tickets.get_ticket(number)
        return page(
            "parts/news.html",
            is_preview=is_in_inbox(),
            talk=conversation(console, ticket, tab if tab in TABS else "all"),
        )

    @pages.get("/tickets/<int:number>/clock")
    def clock(number: int) -> Response:
        ticket = console.desk.tickets.get_ticket(number)
        found = part(lambda: console.desk.sla.get_clock(ticket.ticket_id))
        return page("parts/clock.html", clock=found, ticket=ticket)

    @pages.get("/tickets/<int:number>/clock/spans")
    def clock_spans(number: int) -> Response:
        ticket = console.desk.tickets.get_ticket(number)
        explained = part(lambda: console.desk.sla.explain_clock(ticket.ticket_id))
        return page("clock_spans.html", current="ticket", explained=explained, ticket=ticket)

    @pages.get("/tickets/<int:number>/why/<event_id>")
    def why(number: int, event_id: str) -> Response:
        explained = part(lambda: console.desk.rules.explain_event(event_id))
        template = "parts/why.html" if is_partial() else "why.html"
        rules = {outcome.rule_id: outcome.name for one in explained.value or () for outcome in one.outcomes}
        said = RuleWords(frame().words, frame().names, rules)
        return page(template, explained=explained, said=said, number=number, current="ticket")

    @pages.post("/tickets/<int:number>/change")
    def change(number: int) -> Response | WerkzeugResponse:
        command = change_from_form(console, number)
        outcome = change_ticket(command, console.desk, writer())
        if isinstance(outcome, Changed):
            if not is_partial():
                return redirect(f"/tickets/{number}", 303)
            return page(
                "parts/news.html", is_preview=is_in_inbox(), talk=conversation(console, outcome.ticket)
            )
        talk = conversation(console, outcome.ticket)
        return page("parts/conflict.html", 409, is_preview=is_in_inbox(), talk=talk, wanted=outcome.wanted)

    @pages.post("/tickets/<int:number>/messages")
    def answer(number: int) -> Response | WerkzeugResponse:
        return send(console, number)

    return pages


def send(console: Console, number: int) -> Response | WerkzeugResponse:
    """Send what the composer holds; 409 with the requester's words where they came meanwhile."""
    ticket = console.desk.tickets.get_ticket(number)
    text = request.form.get("text", "").replace("\r\n", "\n").strip()
    files = [file for file in request.files.getlist("files") if file.filename]
    if not text and not files:
        raise InvalidField("text", frame().words.gettext("Write something first."))
    command = SendAnswer(
        ticket_id=ticket.ticket_id,
        text=text,
        is_note=request.form.get("kind") == "note",
        status=one_of(request.form.get("status", ""), ("", *STATUSES)),
        seen="" if request.form.get("anyway") else request.form.get("seen", ""),
        key=request.form.get("key", "") or new_id(),
        attachments=tuple(
            keep_file(console, file.filename or "", file.mimetype, file.stream) for file in files
        ),
    )
    outcome = send_answer(command, console.desk, writer())
    if isinstance(outcome, CameMeanwhile):
        talk = conversation(console, ticket)
        return page("parts/meanwhile.html", 409, is_preview=is_in_inbox(), talk=talk, came=outcome.messages)
    if not is_partial():
        return redirect(f"/tickets/{number}", 303)
    done = page("parts/news.html", is_preview=is_in_inbox(), talk=conversation(console, outcome.ticket))
    return announce(done, {"sent": {"number": number, "note": command.is_note}})


def is_in_inbox() -> bool:
    """Whether the part goes beside the list, where the ticket's subject is the second heading."""
    return urlsplit(request.headers.get("HX-Current-URL", "")).path == "/tickets"


def writer() -> Agent:
    """The agent, where they may write at all."""
    agent = frame().me
    if not agent.may_write:
        raise PermissionDenied(frame().words.gettext("Your role only reads."))
    return agent


def change_from_form(console: Console, number: int) -> ChangeTicket:
    """The change that a menu's form asks for; raises InvalidField."""
    form = request.form
    tags: tuple[str, ...] | None = None
    if form.get("add_tag") or form.get("remove_tag"):
        old = console.desk.tickets.get_ticket(number).tags
        added = tuple(tag.strip() for tag in form.get("add_tag", "").split(",") if tag.strip())
        tags = tuple(sorted({*old, *added} - {form.get("remove_tag", "")}))
    elif "tags" in form:
        tags = tuple(tag for tag in form["tags"].split(",") if tag)
    edit = Edit(
        status=one_of(form["status"], STATUSES) if "status" in form else None,
        priority=one_of(form["priority"], PRIORITIES) if "priority" in form else None,
        group_id=form.get("group"),
        agent_id=form.get("agent"),
        tags=tags,
    )
    version = form.get("version", "0")
    if not (version.isascii() and version.isdigit()):
        raise InvalidField("version", "a number", version)
    # Two strokes in one breath carry one form's key, and are two changes all the same.
    what = hashlib.sha256(repr(edit).encode()).hexdigest()[:12]
    return ChangeTicket(number, edit, int(version), f"{form.get('key') or new_id()}:{what}")


def one_of(value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise InvalidField("value", ", ".join(choices), value)
    return value


def keep_file(console: Console, name: str, mime_type: str, stream: IO[bytes]) -> Attachment:
    """Hand a file to ingest piece by piece."""
    pieces = iter(lambda: stream.read(512 * 1024), b"")
    return console.desk.ingest.write_attachment(name, mime_type or "application/octet-stream", pieces)


def place_of(console: Console, ticket: Ticket, query: TicketQuery) -> Place | None:
    """The ticket's place in its list, or None where it is no longer in the first hundred of it."""
    listed = list_tickets(console, InboxQuery(view=query.view), page_size=100)
    numbers = [row.number for band in bands(listed.tickets, frame().words.now) for row in band.tickets]
    if ticket.number not in numbers:
        return None
    at = numbers.index(ticket.number)
    return Place(
        at=at + 1,
        of=len(numbers),
        has_more=bool(listed.next_token),
        previous=numbers[at - 1] if at else 0,
        next=numbers[at + 1] if at + 1 < len(numbers) else 0,
    )


def earlier(console: Console, ticket: Ticket) -> tuple[Ticket, ...]:
    """The requester's other tickets, newest first."""
    who = ticket.requester.requester_id or ticket.requester.email
    if not who:
        return ()
    found = console.desk.tickets.list_tickets(Filter(requester=who), order_by="created_at desc", page_size=9)
    return tuple(other for other in found.tickets if other.number != ticket.number)[:8]
