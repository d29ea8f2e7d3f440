"""What is promised: policies, the calendars they count in, and the tickets that are near or past their promise."""

from dataclasses import dataclass, replace
from datetime import timedelta

from flask import Blueprint, Response, request

from services.console.domain.sla import AtRisk, AtRiskList
from services.console.domain.tickets import Ticket
from services.console.pages.frame import Console, frame, page
from services.console.pages.part import part
from services.console.pages.query import parse
from services.console.pages.rule_words import RuleWords
from services.console.pages.tickets_by_id import tickets_by_id

WITHIN = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "1d": timedelta(days=1),
}
# A ticket is read for each row; more than a screen of them helps nobody.
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class RiskQuery:
    within: str = "1h"
    group: str = ""
    channel: str = ""

    def of_group(self, group: str) -> "RiskQuery":
        """The same list of one group; of all where it is chosen already."""
        return replace(self, group="" if group == self.group else group)

    def of_channel(self, channel: str) -> "RiskQuery":
        return replace(self, channel="" if channel == self.channel else channel)

    def in_span(self, within: str) -> "RiskQuery":
        return replace(self, within=within)


@dataclass(frozen=True, slots=True)
class RiskRow:
    """`ticket` is None where it could not be read; the promise is shown all the same."""

    risk: AtRisk
    ticket: Ticket | None


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("sla", __name__)
    sla = console.desk.sla

    @pages.get("/sla")
    @pages.get("/sla/policies/<policy_id>")
    def policies(policy_id: str = "") -> Response:
        listed, calendars = part(sla.list_policies), part(sla.list_calendars)
        names = {calendar.calendar_id: calendar.name for calendar in calendars.value or ()}
        here = frame()
        return page(
            "sla.html",
            current="sla",
            tab="policies",
            policies=listed,
            calendar_names=names,
            chosen=policy_id,
            said=RuleWords(here.words, here.names),
        )

    @pages.get("/sla/calendars")
    def calendars() -> Response:
        return page(
            "sla.html",
            current="sla",
            tab="calendars",
            calendars=part(sla.list_calendars),
            may_change=frame().me.may_administer,
        )

    @pages.get("/sla/at-risk")
    def at_risk() -> Response:
        query = parse(RiskQuery, request.args)
        within = WITHIN.get(query.within, WITHIN["1h"])
        listed = part(lambda: sla.count_at_risk(within, _SHOWN, query.group, query.channel))
        rows = risk_rows(console, listed.value) if listed.value else []
        return page(
            "sla.html",
            current="sla",
            tab="at-risk",
            query=query,
            spans=tuple(WITHIN),
            at_risk=listed,
            rows=rows,
        )

    return pages


def risk_rows(console: Console, listed: AtRiskList) -> list[RiskRow]:
    """The promises with their tickets."""
    tickets = tickets_by_id(console, (risk.ticket_id for risk in listed.tickets))
    return [RiskRow(risk, tickets.get(risk.ticket_id)) for risk in listed.tickets]
