"""Kept bytes on their way to a person: attachments, pictures of a mail, the raw mail itself."""

from collections.abc import Iterator
from urllib.parse import quote

from flask import Blueprint, Response

from chassis.errors import NotFound
from services.console.application.ports import Tickets
from services.console.domain.tickets import Attachment
from services.console.pages.frame import Console
from services.console.pages.mail_body import PICTURES, find_message

# A file that a browser opens after all must still find no script, no frame and no origin.
POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("files", __name__)
    tickets, ingest = console.desk.tickets, console.desk.ingest

    @pages.get("/tickets/<int:number>/attachments/<attachment_id>")
    def attachment(number: int, attachment_id: str) -> Response:
        known = find_attachment(tickets, number, attachment_id)
        kept = ingest.read_attachment(attachment_id)
        return download(kept.pieces, known.name, "application/octet-stream", kept.size)

    @pages.get("/tickets/<int:number>/pictures/<attachment_id>")
    def picture(number: int, attachment_id: str) -> Response:
        known = find_attachment(tickets, number, attachment_id)
        if known.mime_type not in PICTURES:
            raise NotFound("not a picture")
        kept = ingest.read_attachment(attachment_id)
        response = download(kept.pieces, known.name, known.mime_type, kept.size)
        response.headers["Content-Disposition"] = "inline"
        response.headers["Cache-Control"] = "private, max-age=3600"
        return response

    @pages.get("/tickets/<int:number>/messages/<message_id>/raw")
    def raw(number: int, message_id: str) -> Response:
        _, message = find_message(tickets, number, message_id)
        if not message.intake_id:
            raise NotFound("nothing was received for this message")
        return download(
            ingest.read_raw(message.intake_id), f"ticket-{number}.eml", "application/octet-stream", 0
        )

    return pages


def find_attachment(tickets: Tickets, number: int, attachment_id: str) -> Attachment:
    """The attachment, only where one of that ticket's messages has it; raises NotFound."""
    ticket = tickets.get_ticket(number)
    for message in tickets.list_messages(ticket.ticket_id):
        for file in message.attachments:
            if file.attachment_id == attachment_id:
                return file
    raise NotFound(f"ticket {number} has no such attachment")


def download(pieces: Iterator[bytes], name: str, content_type: str, size: int) -> Response:
    """Bytes to keep, never to show: no type is guessed and nothing runs."""
    response = Response(pieces, content_type=content_type, direct_passthrough=True)
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name) or "file"
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if size:
        response.headers["Content-Length"] = str(size)
    return response
