"""What a block list kept out: by which entry, and brought back."""

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from chassis.errors import PermissionDenied
from services.console.pages.frame import Console, announce, frame, is_partial, page
from services.console.pages.part import part
from services.console.pages.quarantine import QuarantineQuery
from services.console.pages.query import address, parse


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("blocked", __name__)
    screening = console.desk.screening

    @pages.get("/blocked")
    def show() -> Response:
        query = parse(QuarantineQuery, request.args)
        listed = part(lambda: screening.list_blocked(channel_id=query.channel, page_token=query.after))
        return page("blocked.html", current="quarantine", query=query, listed=listed)

    @pages.post("/blocked/bring-back")
    def bring_back() -> Response | WerkzeugResponse:
        here = frame()
        if not here.me.may_write:
            raise PermissionDenied(here.words.gettext("Your role only reads."))
        wanted = request.form.getlist("intake")
        back = screening.bring_back(wanted) if wanted else 0
        query = QuarantineQuery(request.form.get("channel", ""))
        if not is_partial():
            return redirect(address("/blocked", query), 303)
        listed = part(lambda: screening.list_blocked(channel_id=query.channel))
        answer = page("parts/blocked_rows.html", listed=listed, query=query)
        return announce(answer, {"toast": {"text": brought_back_text(back), "bad": False}})

    return pages


def brought_back_text(count: int) -> str:
    ngettext = frame().words.ngettext
    return ngettext("%(num)d message is brought back", "%(num)d messages are brought back", count)
