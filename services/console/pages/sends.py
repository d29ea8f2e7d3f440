"""What left: the send ledger, and on a developer's machine what the local sink caught."""

from dataclasses import dataclass

from flask import Blueprint, Response, request

from chassis.errors import NotFound
from services.console.domain.ingest import SendPage
from services.console.domain.tickets import Ticket
from services.console.pages.frame import Console, page
from services.console.pages.part import part
from services.console.pages.query import parse

STATES = ("queued", "sending", "sent", "failed", "unknown")


@dataclass(frozen=True, slots=True)
class SendsQuery:
    state: tuple[str, ...] = ()
    after: str = ""


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("sends", __name__)

    @pages.get("/sends")
    def show() -> Response:
        query = parse(SendsQuery, request.args)
        listed = part(lambda: console.desk.ingest.list_sends(states=query.state, page_token=query.after))
        return page(
            "sends.html",
            current="sends",
            query=query,
            listed=listed,
            tickets=tickets_of(console, listed.value) if listed.value else {},
            states=STATES,
        )

    @pages.get("/sink")
    @pages.get("/sink/<mail_id>")
    def sink(mail_id: str = "") -> Response:
        if console.desk.sink is None:
            raise NotFound("no sink")
        caught = part(console.desk.sink.list_mails)
        mails = caught.value or ()
        chosen = next((mail for mail in mails if mail.mail_id == mail_id), mails[0] if mails else None)
        return page("sink.html", current="sink", caught=caught, chosen=chosen, is_named=bool(mail_id))

    return pages


def tickets_of(console: Console, listed: SendPage) -> dict[str, Ticket]:
    """The tickets that the rows belong to; one that cannot be read is left out."""

    def found(ticket_id: str) -> Ticket | None:
        return part(lambda: console.desk.tickets.get_ticket_by_id(ticket_id)).value

    ids = {send.ticket_id for send in listed.sends}
    return {ticket.ticket_id: ticket for ticket in map(found, ids) if ticket is not None}
