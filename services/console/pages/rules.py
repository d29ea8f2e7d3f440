"""What happens by itself: the rules in the order they run, each as a sentence, with its switch."""

from collections.abc import Iterable

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from chassis.errors import InvalidField, NotFound, PermissionDenied
from services.console.domain.rules import Rule, RuleWarning
from services.console.pages.frame import Console, frame, is_partial, page
from services.console.pages.part import part
from services.console.pages.rule_words import RuleWords


def blueprint(console: Console) -> Blueprint:
    pages = Blueprint("rules", __name__)

    @pages.get("/rules")
    @pages.get("/rules/<rule_id>")
    def show(rule_id: str = "") -> Response:
        listed = part(console.desk.rules.list_rules)
        rules = listed.value or ()
        chosen = next((rule for rule in rules if rule.rule_id == rule_id), None)
        if rule_id and chosen is None and listed.failure is None:
            raise NotFound(f"rule {rule_id}")
        chosen = chosen or (rules[0] if rules else None)
        here = frame()
        odd = part(console.desk.rules.check_rules)
        return page(
            "rules.html",
            odd=odd,
            warnings=_by_rule(odd.value or ()),
            current="rules",
            rules=listed,
            chosen=chosen,
            is_named=bool(rule_id),
            said=RuleWords(here.words, here.names, {rule.rule_id: rule.name for rule in rules}),
        )

    @pages.post("/rules/<rule_id>/switch")
    def switch(rule_id: str) -> Response | WerkzeugResponse:
        rule = switch_rule(console, rule_id)
        if not is_partial():
            return redirect(f"/rules/{rule.rule_id}", 303)
        odd = part(console.desk.rules.check_rules)
        return page("parts/rule_row.html", rule=rule, is_chosen=False, warnings=_by_rule(odd.value or ()))

    return pages


def _by_rule(warnings: Iterable[RuleWarning]) -> dict[str, list[RuleWarning]]:
    found: dict[str, list[RuleWarning]] = {}
    for one in warnings:
        found.setdefault(one.rule_id, []).append(one)
    return found


def switch_rule(console: Console, rule_id: str) -> Rule:
    """Turn the rule on or off as the form says."""
    here = frame()
    if not here.me.may_administer:
        raise PermissionDenied(here.words.gettext("Only administrators change rules."))
    version = request.form.get("version", "")
    if not (version.isascii() and version.isdigit()):
        raise InvalidField("version", "a number", version)
    return console.desk.rules.switch_rule(
        rule_id, on=request.form.get("on") == "1", expected_version=int(version), agent_id=here.me.agent_id
    )
