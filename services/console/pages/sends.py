"""What left: the send ledger, and on a developer's machine what the local sink caught."""

from dataclasses import dataclass

from flask import Blueprint, Response, request

from chassis.errors import NotFound
from services.console.pages.frame import Console, page
from services.console.pages.part import part
from services.console.pages.query import parse
from services.console.pages.tickets_by_id import tickets_by_id

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
            tickets=tickets_by_id(console, (send.ticket_id for send in listed.value.sends))
            if listed.value
            else {},
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
