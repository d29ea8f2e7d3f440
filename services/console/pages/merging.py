"""A ticket becomes part of another: looked for, shown before, done, and undone."""

from dataclasses import dataclass

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from chassis.errors import FailedPrecondition
from chassis.ids import new_id
from services.console.application.ports import Merge
from services.console.domain.tickets import Filter, Merged, Ticket
from services.console.pages.customers import number_of
from services.console.pages.frame import Console, page
from services.console.pages.inbox import find_tickets
from services.console.pages.part import Part, part
from services.console.pages.query import parse
from services.console.pages.ticket import writer

_OFFERED = 8


@dataclass(frozen=True, slots=True)
class MergeQuery:
    """Which ticket it is to be part of: looked for, or already found (`into`, a number)."""

    q: str = ""
    into: int = 0


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("merging", __name__)
    tickets = console.desk.tickets

    @pages.get("/tickets/<int:number>/merge")
    def preview(number: int) -> Response:
        query = parse(MergeQuery, request.args)
        ticket = tickets.get_ticket(number)
        target: Part[Ticket] = Part()
        would: Part[Merged] = Part()
        candidates: Part[tuple[Ticket, ...]] = Part()
        refusal = ""
        if query.into:
            target = part(lambda: tickets.get_ticket(query.into))
        if target.value is not None:
            would, refusal = tried(console, ticket, target.value)
        elif not query.into:
            candidates = part(lambda: candidates_of(console, ticket, query.q))
        return page(
            "ticket_merge.html",
            current="ticket",
            ticket=ticket,
            query=query,
            target=target,
            would=would,
            refusal=refusal,
            candidates=candidates,
            key=new_id(),
        )

    @pages.post("/tickets/<int:number>/merge")
    def merge(number: int) -> WerkzeugResponse:
        form, agent = request.form, writer()
        source, target = tickets.get_ticket(number), tickets.get_ticket(number_of(form.get("into", "")))
        wanted = Merge(form.get("reason", "").strip(), form.get("other") == "yes")
        key = f"{form.get('key') or new_id()}:merge"
        tickets.merge_ticket(source.ticket_id, target.ticket_id, wanted, key=key, agent_id=agent.agent_id)
        return redirect(f"/tickets/{target.number}", 303)

    @pages.post("/tickets/<int:number>/unmerge")
    def unmerge(number: int) -> WerkzeugResponse:
        agent, ticket = writer(), tickets.get_ticket(number)
        key = f"{request.form.get('key') or new_id()}:unmerge:{number}"
        tickets.unmerge_ticket(ticket.ticket_id, key=key, agent_id=agent.agent_id)
        return redirect(f"/tickets/{number}", 303)

    return pages


def tried(console: Console, ticket: Ticket, target: Ticket) -> tuple[Part[Merged], str]:
    """What would be, or the name of the reason why not. Another requester is for the person who looks to allow."""

    def ask() -> Merged | str:
        wanted = Merge(allows_other_requester=True, is_trial=True)
        try:
            return console.desk.tickets.merge_ticket(ticket.ticket_id, target.ticket_id, wanted)
        except FailedPrecondition as refusal:
            return str(refusal).partition(":")[0]

    found = part(ask)
    if isinstance(found.value, str):
        return Part(), found.value
    return Part(found.value, found.failure), ""


def candidates_of(console: Console, ticket: Ticket, words: str) -> tuple[Ticket, ...]:
    """What is looked for; without words what the same person asked, last first."""
    if words.strip():
        found = find_tickets(console, words.strip())
    else:
        who = ticket.requester.requester_id or ticket.requester.email
        wanted = Filter(requester=who)
        found = (
            console.desk.tickets.list_tickets(
                wanted, order_by="updated_at desc", page_size=_OFFERED + 1
            ).tickets
            if who
            else ()
        )
    return tuple(one for one in found if one.number != ticket.number)[:_OFFERED]
