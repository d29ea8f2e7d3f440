"""The Flask application: the gate before every page, the headers behind it, and refusals as pages."""

import gzip
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from flask import Blueprint, Flask, Response, abort, g, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from chassis.errors import (
    Conflict,
    InvalidField,
    InvalidFields,
    NotFound,
    PermissionDenied,
    Refused,
    TooBusy,
    Unavailable,
)
from services.console.pages import (
    agents,
    blocked,
    board,
    calendars,
    channel_form,
    channels,
    customers,
    files,
    inbox,
    ledger,
    mail_body,
    merging,
    organisations,
    outside,
    patterns,
    quarantine,
    rules,
    sends,
    settings,
    sign_in,
    sla,
    ticket,
    what_if,
)
from services.console.pages.frame import Console, frame, is_partial, open_frame, page, toast

PAGES: tuple[Callable[[Console], Blueprint], ...] = (
    sign_in.blueprint,
    inbox.blueprint,
    ticket.blueprint,
    mail_body.blueprint,
    customers.blueprint,
    merging.blueprint,
    organisations.blueprint,
    outside.blueprint,
    files.blueprint,
    board.blueprint,
    rules.blueprint,
    sla.blueprint,
    calendars.blueprint,
    what_if.blueprint,
    channels.blueprint,
    channel_form.blueprint,
    ledger.blueprint,
    quarantine.blueprint,
    blocked.blueprint,
    patterns.blueprint,
    sends.blueprint,
    agents.blueprint,
    settings.blueprint,
)
# Addresses that answer without a sign-in.
OPEN = frozenset({"/sign-in", "/language"})

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; object-src 'none';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_STATUSES: dict[type[Exception], int] = {
    NotFound: 404,
    Conflict: 409,
    InvalidField: 422,
    InvalidFields: 422,
    PermissionDenied: 403,
    TooBusy: 503,
    Unavailable: 503,
}
# Raw mails and attachments of an answer; the edge takes mails of 35 MB.
_LARGEST_BODY = 36 * 1024 * 1024
_WORTH_PACKING = 1000


def build_app(console: Console) -> Flask:
    """All pages over the given ports."""
    app = Flask("console", static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    for make in PAGES:
        app.register_blueprint(make(console))

    @app.before_request
    def gate() -> WerkzeugResponse | None:
        g.frame = open_frame(console)
        if request.method not in ("GET", "HEAD"):
            check_origin(console)
        if frame().agent is not None or request.path in OPEN:
            return None
        return to_the_door()

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "private, no-store")
        if console.is_https:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        return packed(response)

    @app.errorhandler(Refused)
    @app.errorhandler(Unavailable)
    def refused(error: Exception) -> Response:
        status = next((code for kind, code in _STATUSES.items() if isinstance(error, kind)), 400)
        return explain(status, str(error))

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        return explain(error.code or 500, "")

    return app


def to_the_door() -> WerkzeugResponse:
    """Ask for a sign-in, and come back here after it."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" and not is_partial() else ""
    door = "/sign-in" + (f"?next={quote(wanted)}" if wanted not in ("", "/") else "")
    if is_partial():
        response = Response(status=401)
        response.headers["HX-Redirect"] = door
        return response
    return redirect(door, 303)


def check_origin(console: Console) -> None:
    """A write must come from our own page: the browser says so, and the form's token proves it."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None and site != "same-origin":
        abort(403)
    if site is None and origin is not None and urlsplit(origin).netloc != request.host:
        abort(403)
    token = request.headers.get("X-CSRF") or request.form.get("csrf", "")
    session_id = frame().session_id
    if not session_id or not console.sessions.fits(token, session_id):
        abort(403)


def explain(status: int, what: str) -> Response:
    """A refusal: a page of its own, or a line over the page that asked for a part."""
    g.setdefault("frame", None)
    if frame() is None:
        return Response(status=status)
    if is_partial():
        response = toast(Response(status=status), refusal_text(status, what), is_bad=True)
        response.headers["HX-Reswap"] = "none"
        return response
    return page("error.html", status, code=status, text=refusal_text(status, what), current="")


def refusal_text(status: int, what: str) -> str:
    """What to do about it, in the person's words."""
    _ = frame().words.gettext
    sentences = {
        403: _("This was not allowed. Reload the page and try again."),
        404: _("There is nothing at this address."),
        405: _("This address cannot be used like that."),
        409: _("Somebody changed this meanwhile. Reload and look before you try again."),
        413: _("This is too large. Files of one answer may have 35 MB together."),
        503: _("A service is away: %(what)s. The rest works; try again in a moment.") % {"what": what or "?"},
    }
    if status == 422 or (status == 400 and what):
        return what
    return sentences.get(
        status, _("That did not work. Try again, and tell the people in charge if it stays.")
    )


def packed(response: Response) -> Response:
    """gzip for pages; streams and small answers go as they are."""
    if (
        response.direct_passthrough
        or response.is_streamed
        or not response.content_type.startswith("text/html")
        or "gzip" not in request.headers.get("Accept-Encoding", "")
        or len(response.get_data()) < _WORTH_PACKING
    ):
        return response
    response.set_data(gzip.compress(response.get_data(), 5))
    response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    return response
