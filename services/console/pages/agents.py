"""People who answer: who there is, what each may do, and who changed that."""

from dataclasses import dataclass

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from chassis.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidField,
    InvalidFields,
    NotFound,
    PermissionDenied,
)
from services.console.domain.accounts import RIGHTS, ROLES, AgentEdit
from services.console.domain.tickets import Agent
from services.console.pages.frame import Console, frame, page
from services.console.pages.part import part
from services.console.pages.query import parse
from services.console.pages.translations import LANGUAGES

_NOBODY = Agent("", "", "", "agent")


@dataclass(frozen=True, slots=True)
class AgentsQuery:
    """The page of the log."""

    after: str = ""


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("agents", __name__)
    accounts = console.desk.accounts

    @pages.get("/agents")
    @pages.get("/agents/<agent_id>")
    def show(agent_id: str = "") -> Response:
        administrator()
        return _page(agent_id)

    @pages.post("/agents")
    def add() -> Response | WerkzeugResponse:
        me, form = administrator(), request.form
        wanted = Agent(
            "",
            form.get("name", "").strip(),
            form.get("email", "").strip(),
            form.get("role", ""),
            tuple(form.getlist("group")),
            form.get("language", ""),
            tuple(form.getlist("right")),
        )
        try:
            added = accounts.add_agent(wanted, form.get("password", ""), by=me.agent_id)
        except (AlreadyExists, InvalidField, InvalidFields) as refusal:
            # What was typed stays, but for the password, with what is wrong above it.
            return _page("", 422, wanted, wrong_of(refusal))
        console.directory.forget()
        return redirect(f"/agents/{added.agent_id}", 303)

    @pages.post("/agents/<agent_id>")
    def change(agent_id: str) -> Response | WerkzeugResponse:
        me, form = administrator(), request.form
        # Only what was changed on the page: somebody else may have given another right meanwhile.
        had, wanted = set(form.getlist("had")), set(form.getlist("right"))
        return _changed(
            AgentEdit(
                agent_id,
                form.get("role", "") if form.get("role", "") != form.get("was", "") else "",
                tuple(sorted(wanted - had)),
                tuple(sorted(had - wanted)),
            ),
            me,
        )

    @pages.post("/agents/<agent_id>/deactivate")
    def deactivate(agent_id: str) -> Response | WerkzeugResponse:
        return _changed(AgentEdit(agent_id, is_deactivated=True), administrator())

    @pages.post("/agents/<agent_id>/activate")
    def activate(agent_id: str) -> Response | WerkzeugResponse:
        return _changed(AgentEdit(agent_id, is_deactivated=False), administrator())

    def _changed(edit: AgentEdit, me: Agent) -> Response | WerkzeugResponse:
        try:
            accounts.change_agent(edit, by=me.agent_id)
        except (FailedPrecondition, InvalidField, InvalidFields) as refusal:
            return _page(edit.agent_id, 409, wrong=wrong_of(refusal))
        console.directory.forget()
        return redirect(f"/agents/{edit.agent_id}", 303)

    def _page(agent_id: str, status: int = 200, sent: Agent = _NOBODY, wrong: str = "") -> Response:
        query = parse(AgentsQuery, request.args)
        # Not as names are remembered: whoever has just changed something looks here whether it holds.
        listed = part(accounts.list_agents)
        chosen = next((one for one in listed.value or () if one.agent_id == agent_id), None)
        if agent_id and chosen is None and listed.failure is None:
            raise NotFound(f"agent {agent_id}")
        return page(
            "agents.html",
            status,
            current="agents",
            listed=listed,
            chosen=chosen,
            log=part(lambda: accounts.list_agent_changes(agent_id, page_token=query.after)),
            sent=sent,
            wrong=wrong,
            roles=ROLES,
            rights=RIGHTS,
            account_languages=LANGUAGES,
        )

    return pages


def administrator() -> Agent:
    """Whoever asks, who may manage accounts. Raises PermissionDenied."""
    here = frame()
    if not here.me.may_administer:
        raise PermissionDenied(here.words.gettext("Only administrators manage agents and their rights."))
    return here.me


def wrong_of(refusal: AlreadyExists | FailedPrecondition | InvalidField | InvalidFields) -> str:
    """What is wrong, in the person's words where there are any."""
    gettext = frame().words.gettext
    if isinstance(refusal, AlreadyExists):
        return gettext("Another agent has this address.")
    if isinstance(refusal, FailedPrecondition):
        return gettext("Nobody takes their own administration away: ask another administrator.")
    fields = {one.field for one in (refusal.fields if isinstance(refusal, InvalidFields) else (refusal,))}
    known = {
        "agent.name": gettext("A name of at most 200 characters is needed."),
        "agent.email": gettext("This is no e-mail address."),
        "password": gettext("A password has 8 to 1,000 characters."),
    }
    said = [known[field] for field in sorted(fields) if field in known]
    return " ".join(said) or str(refusal)
