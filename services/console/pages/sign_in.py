"""The door: e-mail and password, in three languages."""

from dataclasses import dataclass, replace

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from chassis.errors import Refused, Unauthenticated, Unavailable
from chassis.ids import new_id
from services.console.pages.frame import Console, Preferences, frame, page
from services.console.pages.query import parse
from services.console.pages.translations import LANGUAGES

_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class SignInQuery:
    """Where to go after it."""

    next: str = ""


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("sign_in", __name__)

    @pages.get("/sign-in")
    def show() -> Response | WerkzeugResponse:
        query = parse(SignInQuery, request.args)
        if frame().agent is not None:
            return redirect(inner_address(query.next), 303)
        return door(query)

    @pages.post("/sign-in")
    def enter() -> Response | WerkzeugResponse:
        query = parse(SignInQuery, request.form)
        email = request.form.get("email", "").strip()
        try:
            agent = console.desk.accounts.sign_in(email, request.form.get("password", ""))
        except Unauthenticated:
            return door(query, 401, email=email, error="wrong")
        except Unavailable:
            return door(query, 503, email=email, error="away")
        except Refused:
            return door(query, 401, email=email, error="wrong")
        session = console.sessions.begin(agent)
        response = redirect(inner_address(query.next), 303)
        response.set_cookie(
            console.session_cookie,
            console.sessions.write(session.session_id, agent),
            max_age=int(console.sessions.lifetime.total_seconds()),
            httponly=True,
            secure=console.is_https,
            samesite="Lax",
        )
        response.delete_cookie("door")
        return response

    @pages.post("/sign-out")
    def leave() -> WerkzeugResponse:
        response = redirect("/sign-in", 303)
        response.delete_cookie(console.session_cookie, httponly=True, secure=console.is_https, samesite="Lax")
        return response

    @pages.get("/language")
    def choose() -> WerkzeugResponse:
        language = request.args.get("to", "")
        response = redirect(inner_address(request.args.get("next", "/sign-in")), 303)
        if language in LANGUAGES:
            keep_preferences(response, replace(frame().preferences, language=language))
        return response

    return pages


def door(query: SignInQuery, status: int = 200, *, email: str = "", error: str = "") -> Response:
    """The form, with a cookie that its token is bound to: nobody must sign a person in as somebody else."""
    here = frame()
    if not here.session_id:
        here.session_id = new_id()
    response = page("sign_in.html", status, query=query, email=email, error=error)
    response.set_cookie(
        "door", here.session_id, httponly=True, secure=here.console.is_https, samesite="Lax", max_age=3600
    )
    return response


def keep_preferences(response: WerkzeugResponse, preferences: Preferences) -> None:
    """In a cookie that console.js may read and write too: the theme changes without a request."""
    response.set_cookie(
        "prefs", preferences.cookie(), max_age=_YEAR, secure=frame().console.is_https, samesite="Lax"
    )


def inner_address(wanted: str) -> str:
    """The wanted address where it is one of ours, else the inbox; backslashes and // lead elsewhere."""
    is_ours = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted
    return wanted if is_ours and wanted.isprintable() else "/tickets"
