"""What could not be understood: why, as it came, and once more."""

from dataclasses import dataclass, replace
from itertools import chain

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from chassis.errors import PermissionDenied
from services.console.pages.files import download
from services.console.pages.frame import Console, announce, frame, is_partial, page
from services.console.pages.part import part
from services.console.pages.query import address, parse

# Enough to see what is wrong; the whole can be downloaded.
_SHOWN = 256 * 1024


@dataclass(frozen=True, slots=True)
class QuarantineQuery:
    channel: str = ""
    after: str = ""

    def behind(self, token: str) -> "QuarantineQuery":
        """The next page of the same channel."""
        return replace(self, after=token)


@dataclass(frozen=True, slots=True)
class Raw:
    """The beginning of a raw message as text."""

    text: str
    is_cut: bool


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("quarantine", __name__)
    ingest = console.desk.ingest

    @pages.get("/quarantine")
    def show() -> Response:
        query = parse(QuarantineQuery, request.args)
        listed = part(lambda: ingest.list_quarantine(channel_id=query.channel, page_token=query.after))
        return page("quarantine.html", current="quarantine", query=query, listed=listed, chosen="", raw=None)

    @pages.get("/quarantine/<intake_id>")
    def raw(intake_id: str) -> Response:
        shown = part(lambda: raw_text(console, intake_id))
        listed = part(lambda: ingest.list_quarantine())
        query = QuarantineQuery()
        return page(
            "quarantine.html", current="quarantine", query=query, listed=listed, chosen=intake_id, raw=shown
        )

    @pages.get("/quarantine/<intake_id>/raw")
    def whole(intake_id: str) -> Response:
        pieces = ingest.read_raw(intake_id)
        first = next(pieces, b"")
        # What is posted is JSON; everything else is a mail, which mail programs open by its name.
        ending = "json" if first.lstrip()[:1] in (b"{", b"[") else "eml"
        return download(
            chain((first,), pieces), f"message-{intake_id}.{ending}", "application/octet-stream", 0
        )

    @pages.post("/quarantine/retry")
    def retry() -> Response | WerkzeugResponse:
        here = frame()
        if not here.me.may_write:
            raise PermissionDenied(here.words.gettext("Your role only reads."))
        wanted = request.form.getlist("intake")
        retried = ingest.retry_quarantined(wanted)
        query = QuarantineQuery(request.form.get("channel", ""))
        if not is_partial():
            return redirect(address("/quarantine", query), 303)
        listed = part(lambda: ingest.list_quarantine(channel_id=query.channel))
        answer = page("parts/quarantine_rows.html", listed=listed, query=query, chosen="")
        return announce(answer, {"toast": {"text": retried_text(retried), "bad": False}})

    return pages


def retried_text(count: int) -> str:
    ngettext = frame().words.ngettext
    return ngettext("%(num)d message is processed again", "%(num)d messages are processed again", count)


def raw_text(console: Console, intake_id: str) -> Raw:
    """The first pieces, whatever their charset: what is no UTF-8 stands as its replacement sign."""
    kept = b""
    for piece in console.desk.ingest.read_raw(intake_id):
        kept += piece
        if len(kept) > _SHOWN:
            break
    return Raw(kept[:_SHOWN].decode("utf-8", "replace").replace("\0", "␀"), len(kept) > _SHOWN)
