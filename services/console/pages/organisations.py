"""Companies whose people write to us: their domains, and which are our own."""

from dataclasses import dataclass

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from chassis.errors import AlreadyExists, InvalidField, InvalidFields, NotFound, PermissionDenied
from chassis.ids import new_id
from services.console.domain.customers import Organisation
from services.console.pages.frame import Console, frame, page
from services.console.pages.part import part
from services.console.pages.ticket import writer


@dataclass(frozen=True, slots=True)
class _Sent:
    """What the form holds, and what was wrong with it."""

    organisation: Organisation
    wrong: str = ""


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("organisations", __name__)
    customers = console.desk.customers

    @pages.get("/organisations")
    @pages.get("/organisations/<organisation_id>")
    def show(organisation_id: str = "") -> Response:
        listed = part(customers.list_organisations)
        chosen = next((one for one in listed.value or () if one.organisation_id == organisation_id), None)
        if organisation_id and chosen is None and listed.failure is None:
            raise NotFound(f"organisation {organisation_id}")
        return _page(_Sent(chosen or Organisation("", "")))

    @pages.post("/organisations")
    def save() -> Response | WerkzeugResponse:
        form, agent = request.form, writer()
        if agent.role != "admin":
            raise PermissionDenied(frame().words.gettext("Only administrators change organisations."))
        wanted = Organisation(
            form.get("id", ""),
            form.get("name", "").strip(),
            tuple(form.get("domains", "").replace(",", " ").split()),
            form.get("own") == "1",
        )
        key = f"{form.get('key') or new_id()}:organisation"
        try:
            kept = customers.save_organisation(wanted, key=key, agent_id=agent.agent_id)
        except (AlreadyExists, InvalidField, InvalidFields) as refusal:
            # What was typed stays, with what is wrong above it.
            return _page(_Sent(wanted, str(refusal)), 422)
        return redirect(f"/organisations/{kept.organisation_id}", 303)

    def _page(sent: _Sent, status: int = 200) -> Response:
        return page(
            "organisations.html",
            status,
            current="customers",
            listed=part(customers.list_organisations),
            sent=sent,
            key=new_id(),
            is_admin=frame().me.role == "admin",
        )

    return pages
