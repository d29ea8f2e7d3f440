"""Rules in words. What the vocabulary grows later is shown by its own name until it has a word here."""

import re
from collections.abc import Mapping

from services.console.application.directory import Names
from services.console.domain.rules import Action, Rule, RuleOutcome, RuleWarning
from services.console.pages.words import Words

_LINE = re.compile(r"rule\.(events|actions)\[(\d+)\]")
_EITHER = re.compile(r"\{\{(.+)\}\}")


class RuleWords:
    """Fields, operators, events and actions in one language."""

    def __init__(self, words: Words, names: Names, rules: Mapping[str, str] | None = None) -> None:
        """`rules` are names of rules by id, for reasons that speak of another rule."""
        self._words = words
        self._names = names
        self._rules = rules or {}

    def event(self, event: str) -> str:
        _ = self._words.gettext
        return {
            "ticket_opened": _("a ticket is opened"),
            "requester_wrote": _("a requester writes"),
            "agent_answered": _("an agent answers"),
            "note_added": _("a note is added"),
            "ticket_changed": _("a ticket changes"),
            "ticket_merged": _("a ticket is merged, or that is undone"),
            "target_warned": _("a promise is at risk"),
            "target_breached": _("a promise is broken"),
            "timer_fired": _("a timer's moment comes"),
        }.get(event, event)

    def field(self, field: str) -> str:
        _ = self._words.gettext
        return {
            "subject": _("subject"),
            "text": _("text"),
            "sender": _("sender"),
            "sender_domain": _("sender's domain"),
            "sender_name": _("sender's name"),
            "channel": _("channel"),
            "channel_kind": _("kind of channel"),
            "tags": _("tag"),
            "status": _("status"),
            "priority": _("priority"),
            "group": _("group"),
            "agent": _("agent"),
            "actor": _("who did it"),
            "visibility": _("visibility"),
            "sla_policy": _("policy"),
            "created_at": _("opened"),
            "message_count": _("number of messages"),
            "reopen_count": _("times reopened"),
            "is_automatic": _("an automatic mail"),
            "mailbox": _("mailbox"),
            "is_spam": _("taken for spam"),
            "target": _("promise"),
            "warned_minutes_before": _("minutes before due"),
            "timer": _("timer"),
            "in_business_hours": _("in business hours"),
            "time_since_created": _("time since it was opened"),
            "business_time_since_created": _("business time since it was opened"),
            "time_since_requester_wrote": _("time since the requester wrote"),
            "business_time_since_requester_wrote": _("business time since the requester wrote"),
            "time_since_agent_wrote": _("time since an agent answered"),
            "business_time_since_agent_wrote": _("business time since an agent answered"),
            "time_in_status": _("time in this status"),
            "business_time_in_status": _("business time in this status"),
        }.get(field, field.removeprefix("fields."))

    def operator(self, operator: str) -> str:
        _ = self._words.gettext
        return {
            "is": _("is"),
            "is_not": _("is not"),
            "any_of": _("is any of"),
            "none_of": _("is none of"),
            "contains": _("contains"),
            "contains_any": _("contains any of"),
            "contains_none": _("contains none of"),
            "starts_with": _("starts with"),
            "ends_with": _("ends with"),
            "matches": _("matches"),
            "subtree": _("is or is under"),
            "greater": _("is more than"),
            "less": _("is less than"),
            "before": _("before"),
            "after": _("after"),
            "within": _("is at most"),
            "older_than": _("is more than"),
            "is_set": _("is set"),
            "is_not_set": _("is not set"),
            "changed": _("changed"),
            "changed_from": _("changed from"),
            "changed_to": _("changed to"),
        }.get(operator, operator.replace("_", " "))

    def value(self, field: str, value: str) -> str:
        """A value with its name where it is an id; {{a||b}} stands for either word."""
        if field == "status":
            return self._words.status(value)
        if field == "priority":
            return self._words.priority(value)
        if field == "group":
            return self._names.group_name(value)
        if field == "agent":
            return self._names.agent_name(value)
        if field == "channel":
            return self._names.channel_name(value)
        if either := _EITHER.fullmatch(value):
            return self._words.gettext(" or ").join(either.group(1).split("||"))
        return value

    def values(self, field: str, values: tuple[str, ...]) -> str:
        return self._words.together([self.value(field, value) for value in values])

    def action(self, action: Action) -> tuple[str, str]:
        """What is done, and to what: "set priority to", "Urgent"."""
        _ = self._words.gettext
        said = {
            "set_group": (_("assign to group"), "group"),
            "set_agent": (_("assign to"), "agent"),
            "set_priority": (_("set priority to"), "priority"),
            "set_status": (_("set status to"), "status"),
            "add_tag": (_("add tag"), "tag"),
            "remove_tag": (_("remove tag"), "tag"),
            "reply": (_("reply with"), "text"),
            "note": (_("add the note"), "text"),
            "notify": (_("tell colleagues"), "text"),
            "set_sla_policy": (_("keep the promise of"), "policy"),
        }.get(action.kind)
        values = list(action.params.values())
        if action.kind == "mark_spam":
            return _("take it for spam"), ""
        if said is None:
            return action.kind.replace("_", " "), self._words.together(values)
        sentence, name = said
        value = action.params.get(name) or next(iter(values), "")
        return sentence, self.value(name, value)

    def who(self, agent_or_token: str) -> str:
        """The name of the agent, or of the token."""
        return self._names.agent_name(agent_or_token)

    def warning(self, warning: RuleWarning, rule: Rule) -> str:
        """What is odd, with the line that it is about."""
        _ = self._words.gettext
        others = self._words.together([self._rules.get(one, one) for one in warning.others])
        line = self._line(warning.path, rule)
        return {
            "never_matches": _("Its condition contradicts itself or the events: it never matches."),
            "event_never_matches": _("When %(line)s, the condition never holds.") % {"line": line},
            "shadowed": _("It never gets to look: “%(rules)s” matches first and stops.") % {"rules": others},
            "undone": _("“%(line)s” is taken back at once by “%(rules)s”.") % {"line": line, "rules": others},
            "may_loop": _(
                "It and “%(rules)s” may wake each other and take each other back; each runs once in a chain."
            )
            % {"rules": others},
            "never_answers": _("The answer never leaves: only automatic mail or spam matches."),
            "mails_on_automatic": _("It may mail colleagues for automatic mail too."),
            "changes_nothing": _("“%(line)s” changes nothing: the ticket is so already.") % {"line": line},
        }.get(warning.kind, warning.kind)

    def _line(self, path: str, rule: Rule) -> str:
        where = _LINE.fullmatch(path)
        if where is None:
            return path
        place = int(where[2])
        if where[1] == "events" and place < len(rule.events):
            return self.event(rule.events[place])
        if where[1] == "actions" and place < len(rule.actions):
            return " ".join(filter(None, self.action(rule.actions[place])))
        return path

    def outcome(self, outcome: RuleOutcome) -> str:
        """What became of the rule, with the reason where something held it back."""
        _ = self._words.gettext
        if outcome.outcome == "matched":
            return _("matched")
        if outcome.outcome == "not_matched":
            return _("did not match")
        reason, _colon, rule = outcome.reason.partition(":")
        held = {
            "disabled": _("held back: it is off"),
            "out_of_season": _("held back: it was not its season"),
            "already_ran": _("held back: it already ran in this chain"),
            "depth": _("held back: the chain is too long"),
            "automatic_mail": _("held back: the mail is automatic"),
            "answer_unwanted": _("held back: the mail wants no automatic answer"),
            "already_answered": _("held back: it already answered on this ticket"),
            "too_many_answers": _("held back: this person got too many automatic answers"),
            "not_this_event": _("is not asked at this event"),
            "stopped_by": _("held back: “%(rule)s” stopped first") % {"rule": self._rules.get(rule, rule)},
        }
        return held.get(reason, outcome.reason or outcome.outcome)
