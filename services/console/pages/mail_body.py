"""A rich mail in a frame of its own: no script, no request to anybody, white paper."""

import re
from html import escape

import nh3
from flask import Blueprint, Response, abort, request
from selectolax.lexbor import LexborHTMLParser

from chassis.errors import NotFound
from services.console.application.ports import Tickets
from services.console.domain.tickets import Message, Ticket
from services.console.pages.frame import Console
from services.console.pages.mail_text import host_of, names_host

POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; script-src 'none'; form-action 'none';"
    " base-uri 'none'; frame-ancestors 'self'"
)
_TAGS = frozenset({
    "a", "abbr", "b", "blockquote", "br", "caption", "center", "code", "col", "colgroup", "dd", "del", "div", "dl",
    "dt", "em", "figcaption", "figure", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "li",
    "ol", "p", "pre", "q", "s", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot",
    "th", "thead", "tr", "tt", "u", "ul",
})  # fmt: skip
_ATTRIBUTES = {
    "*": {"align", "bgcolor", "color", "dir", "height", "lang", "style", "title", "valign", "width"},
    "a": {"href"},
    "font": {"face", "size"},
    "img": {"alt", "src"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_STYLES = {
    "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-radius",
    "border-right", "border-style", "border-top", "border-width", "color", "display", "font", "font-family",
    "font-size", "font-style", "font-weight", "height", "letter-spacing", "line-height", "list-style-type", "margin",
    "margin-bottom", "margin-left", "margin-right", "margin-top", "max-width", "min-width", "padding",
    "padding-bottom", "padding-left", "padding-right", "padding-top", "text-align", "text-decoration",
    "text-transform", "vertical-align", "white-space", "width",
}  # fmt: skip
# Only what every browser draws as a picture and nothing else.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_WITH_SCHEME = re.compile(r"\s*(?:https?://|mailto:|tel:)", re.IGNORECASE)
_PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title><style>
html{{color-scheme:light;background:#fff}}body{{margin:0;padding:8px 12px;font:14px/22px Inter,system-ui,sans-serif;
color:#191d22;overflow-wrap:anywhere}}img{{max-width:100%;height:auto}}table{{max-width:100%}}pre{{white-space:pre-wrap}}
a{{color:#1a57b8}}</style></head><body>{body}</body></html>"""


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("mail_body", __name__)

    @pages.get("/tickets/<int:number>/messages/<message_id>/body")
    def show(number: int, message_id: str) -> Response:
        # Opened by itself it would stand in our origin without its sandbox.
        if request.headers.get("Sec-Fetch-Dest") != "iframe":
            abort(403)
        ticket, message = find_message(console.desk.tickets, number, message_id)
        html = message.html if "whole" in request.args else message.said_html or message.html
        response = Response(document(ticket, message, html), content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return pages


def find_message(tickets: Tickets, number: int, message_id: str) -> tuple[Ticket, Message]:
    """The message, only where it is one of that ticket's; raises NotFound."""
    ticket = tickets.get_ticket(number)
    for message in tickets.list_messages(ticket.ticket_id):
        if message.message_id == message_id:
            return ticket, message
    raise NotFound(f"ticket {number} has no such message")


def with_hosts(html: str) -> str:
    """The HTML with a link's real host behind it where its text names another; still to be made harmless."""
    tree = LexborHTMLParser(html)
    for found in tree.css("a[href]"):
        host = host_of(found.attributes["href"] or "")
        if host and not names_host(" ".join(found.text().split()), host):
            found.insert_after(f" [{host}]")
    return tree.html or ""


def document(ticket: Ticket, message: Message, html: str) -> str:
    """HTML of the message as a page: known tags only, own pictures only."""
    own = {file.content_id.strip("<>"): file for file in message.attachments if file.mime_type in PICTURES}

    def attribute(tag: str, name: str, value: str) -> str | None:
        if tag == "img" and name == "src":
            if not value.lower().startswith("cid:") or value[4:] not in own:
                return None
            return f"/tickets/{ticket.number}/pictures/{own[value[4:]].attachment_id}"
        # Without a scheme it would lead to a page of our own, in the name of whoever clicks.
        if name == "href" and not _WITH_SCHEME.match(value):
            return None
        return value

    body = nh3.clean(
        with_hosts(html),
        tags=set(_TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        filter_style_properties=set(_STYLES),
        attribute_filter=attribute,
        clean_content_tags={"script", "style", "template", "noscript", "title", "svg", "math"},
    )
    return _PAGE.format(lang="", title=escape(ticket.subject), body=body)
