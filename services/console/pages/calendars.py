"""Calendars: a year at a glance, and the editor, which tells what would change before anything is saved."""

from flask import Blueprint, Response, redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as WerkzeugResponse

from chassis.errors import AlreadyExists, Conflict, InvalidField, InvalidFields, NotFound, PermissionDenied
from services.console.domain.calendars import CalendarDraft, CalendarYear
from services.console.pages.frame import Console, frame, page
from services.console.pages.part import Failure, part

_REFUSALS = (AlreadyExists, Conflict, InvalidField, InvalidFields, NotFound)


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("calendars", __name__)
    sla = console.desk.sla

    def check_known(calendar_id: str) -> None:
        listed = part(sla.list_calendars).value
        if listed is not None and all(one.calendar_id != calendar_id for one in listed):
            raise NotFound(f"calendar {calendar_id}")

    @pages.get("/sla/calendars/new")
    def new() -> Response:
        _may_change()
        return _editor(CalendarDraft())

    @pages.get("/sla/calendars/<calendar_id>")
    def show(calendar_id: str) -> Response:
        asked = request.args.get("year", "")
        # What is no year is the present one.
        year = int(asked) if asked.isascii() and asked.isdigit() and len(asked) == 4 else 0
        check_known(calendar_id)
        told = part(lambda: sla.calendar_year(calendar_id, year))
        return page(
            "calendar.html",
            current="sla",
            calendar_id=calendar_id,
            failure=told.failure,
            told=told.value,
            may_change=frame().me.may_administer,
        )

    @pages.get("/sla/calendars/<calendar_id>/edit")
    def edit(calendar_id: str) -> Response:
        _may_change()
        check_known(calendar_id)
        kept = part(lambda: sla.get_calendar(calendar_id))
        return _editor(kept.value or CalendarDraft(calendar_id), failure=kept.failure)

    @pages.post("/sla/calendars")
    def save() -> Response | WerkzeugResponse:
        agent_id = _may_change()
        draft = _draft_in(request.form)
        try:
            if request.form.get("do") == "save":
                saved = sla.save_calendar(draft, agent_id)
                return redirect(f"/sla/calendars/{saved.calendar_id}", 303)
            return _editor(draft, told=sla.preview_calendar(draft))
        except _REFUSALS as refusal:
            # What was typed stays, with what is wrong above it.
            return _editor(draft, wrong=_lines(refusal))

    return pages


def _editor(
    draft: CalendarDraft,
    *,
    told: CalendarYear | None = None,
    wrong: tuple[str, ...] = (),
    failure: Failure | None = None,
) -> Response:
    status = 422 if wrong else 200
    return page(
        "calendar_form.html", status, current="sla", draft=draft, told=told, wrong=wrong, failure=failure
    )


def _lines(refusal: Exception) -> tuple[str, ...]:
    found = refusal.fields if isinstance(refusal, InvalidFields) else [refusal]
    return tuple(str(one) for one in found)


def _draft_in(form: MultiDict[str, str]) -> CalendarDraft:
    version = form.get("version", "0")

    def typed(name: str) -> str:
        return form.get(name, "").strip()

    return CalendarDraft(
        calendar_id=form.get("id", ""),
        version=int(version) if version.isascii() and version.isdigit() else 0,
        name=typed("name"),
        zone=typed("zone"),
        weekdays=tuple(typed(f"day{day}") for day in range(1, 8)),
        days=typed("days"),
        country=typed("country"),
        region=typed("region"),
        feeds=typed("feeds"),
        valid_from=typed("valid_from"),
        applies_to=form.get("applies_to", "running"),
        domains=typed("domains"),
        groups=tuple(form.get("groups", "").replace(",", " ").split()),
        channels=tuple(form.get("channels", "").replace(",", " ").split()),
        is_company=form.get("is_company") == "1",
    )


def _may_change() -> str:
    """The agent who may change calendars. Raises PermissionDenied."""
    here = frame()
    if not here.me.may_administer:
        raise PermissionDenied(here.words.gettext("Only administrators change calendars."))
    return here.me.agent_id
