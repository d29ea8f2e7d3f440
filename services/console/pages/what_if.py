"""What if: other promises for a past period, how far the counting is, and what it came to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response, redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as WerkzeugResponse

from chassis.errors import FailedPrecondition, InvalidField, InvalidFields, NotFound, PermissionDenied
from services.console.domain.sla import Policy
from services.console.domain.what_if import WhatIfDraft, day_in
from services.console.pages.frame import Console, frame, is_partial, page
from services.console.pages.part import part
from services.console.pages.query import parse
from services.console.pages.tickets_by_id import tickets_by_id

_REFUSALS = (FailedPrecondition, InvalidField, InvalidFields, NotFound)
_TURNS = ("newly_breached", "no_longer_breached")
_LISTED = 10
_USUAL = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class WhatIfQuery:
    """Which of the targets that turn are listed."""

    turn: str = ""
    target: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it stands."""

    begin: str
    end: str
    policy_id: str = ""
    within: tuple[str, ...] = ()
    counted_in: str = ""
    calendar_id: str = ""
    weekdays: tuple[str, ...] = ("",) * 7


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("what_if", __name__)
    sla, what_ifs = console.desk.sla, console.desk.what_ifs

    @pages.get("/sla/what-if")
    def ask() -> Response:
        _may_ask()
        policies, calendar_id = part(sla.list_policies), request.args.get("calendar", "")
        policy = _policy_of(policies.value or (), request.args.get("policy", ""))
        known = part(lambda: sla.get_calendar(calendar_id)).value if calendar_id else None
        today = frame().words.now.astimezone(frame().words.zone).date()
        typed = Typed(
            begin=request.args.get("from", (today - _USUAL).isoformat()),
            end=request.args.get("to", today.isoformat()),
            policy_id=policy.policy_id if policy else "",
            within=tuple(f"{target.within.total_seconds() / 3_600:g}" for target in policy.targets)
            if policy
            else (),
            counted_in=policy.calendar_id if policy else "",
            calendar_id=calendar_id if known else "",
            weekdays=known.weekdays if known else ("",) * 7,
        )
        return _form(typed)

    @pages.post("/sla/what-if")
    def start() -> Response | WerkzeugResponse:
        agent_id = _may_ask()
        typed = _typed_in(request.form)
        try:
            return redirect(f"/sla/what-if/{what_ifs.start(_draft_of(typed), agent_id)}", 303)
        except _REFUSALS as refusal:
            # What was typed stays, with what is wrong above it.
            return _form(typed, wrong=_lines(refusal))

    @pages.get("/sla/what-if/<what_if_id>")
    def show(what_if_id: str) -> Response:
        _may_ask()
        query = parse(WhatIfQuery, request.args)
        turn = query.turn if query.turn in _TURNS else ""
        told = part(lambda: what_ifs.get(what_if_id))
        if told.failure is not None and told.failure.reason == "refused":
            raise NotFound("no such what-if: each is kept for 7 days")
        turned = None
        if told.value is not None and not told.value.is_under_way:
            turned = part(lambda: what_ifs.turns(what_if_id, turn, query.target, query.page))
        rows = turned.value.turns if turned is not None and turned.value is not None else ()
        return page(
            "parts/what_if.html" if is_partial() else "what_if.html",
            current="sla",
            what_if_id=what_if_id,
            told=told,
            turned=turned,
            tickets=tickets_by_id(console, (row.ticket_id for row in rows)),
            query=query,
        )

    @pages.post("/sla/what-if/<what_if_id>/cancel")
    def cancel(what_if_id: str) -> WerkzeugResponse:
        what_ifs.cancel(what_if_id, _may_ask())
        return redirect(f"/sla/what-if/{what_if_id}", 303)

    def _form(typed: Typed, *, wrong: tuple[str, ...] = ()) -> Response:
        policies, calendars = part(sla.list_policies), part(sla.list_calendars)
        return page(
            "what_if_form.html",
            422 if wrong else 200,
            current="sla",
            typed=typed,
            wrong=wrong,
            policies=policies,
            policy=_policy_of(policies.value or (), typed.policy_id),
            policy_options=[(one.policy_id, one.name) for one in policies.value or ()],
            calendars=calendars,
            calendar_options=[(one.calendar_id, one.name) for one in calendars.value or ()],
            earlier=part(lambda: what_ifs.list()[:_LISTED]),
        )

    return pages


def _policy_of(policies: Iterable[Policy], policy_id: str) -> Policy | None:
    return next((one for one in policies if one.policy_id == policy_id), None)


def _typed_in(form: MultiDict[str, str]) -> Typed:
    def typed(name: str) -> str:
        return form.get(name, "").strip()

    return Typed(
        begin=typed("from"),
        end=typed("to"),
        policy_id=typed("policy"),
        within=tuple(one.strip() for one in form.getlist("within")),
        counted_in=typed("counted_in"),
        calendar_id=typed("calendar"),
        weekdays=tuple(typed(f"day{day}") for day in range(1, 8)),
    )


def _draft_of(typed: Typed) -> WhatIfDraft:
    """Its days are of the person's zone, the last one whole, or up to now where it is today. Raises InvalidField."""
    words = frame().words
    begin, last = day_in(typed.begin, "from", words.zone), day_in(typed.end, "to", words.zone)
    today = words.now.astimezone(words.zone)
    end = words.now if last.date() == today.date() else last + timedelta(days=1)
    return WhatIfDraft(
        begin, end, typed.policy_id, typed.within, typed.counted_in, typed.calendar_id, typed.weekdays
    )


def _lines(refusal: Exception) -> tuple[str, ...]:
    found = refusal.fields if isinstance(refusal, InvalidFields) else [refusal]
    return tuple(str(one) for one in found)


def _may_ask() -> str:
    """The agent who may ask. Raises PermissionDenied."""
    here = frame()
    if not here.me.may_administer:
        raise PermissionDenied(here.words.gettext("Only administrators try other promises on the past."))
    return here.me.agent_id
