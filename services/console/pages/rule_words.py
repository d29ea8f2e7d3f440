"""Rules in words. What the vocabulary grows later is shown by its own name until it has a word here."""

from services.console.application.directory import Names
from services.console.domain.rules import Action, RuleOutcome
from services.console.pages.words import Words


class RuleWords:
    """Fields, operators, events and actions in one language."""

    def __init__(self, words: Words, names: Names) -> None:
        self._words = words
        self._names = names

    def event(self, event: str) -> str:
        _ = self._words.gettext
        return {
            "ticket_opened": _("a ticket is opened"),
            "requester_wrote": _("a requester writes"),
            "agent_answered": _("an agent answers"),
            "note_added": _("a note is added"),
            "ticket_changed": _("a ticket changes"),
        }.get(event, event)

    def field(self, field: str) -> str:
        _ = self._words.gettext
        return {
            "subject": _("subject"),
            "text": _("text"),
            "subject_or_text": _("subject or text"),
            "sender": _("sender"),
            "requester": _("requester"),
            "channel": _("channel"),
            "channel_kind": _("kind of channel"),
            "tags": _("tag"),
            "tag": _("tag"),
            "status": _("status"),
            "priority": _("priority"),
            "group": _("group"),
            "agent": _("agent"),
            "is_automatic": _("an automatic mail"),
            "mailbox": _("mailbox"),
        }.get(field, field.removeprefix("fields."))

    def operator(self, operator: str) -> str:
        _ = self._words.gettext
        return {
            "is": _("is"),
            "is_not": _("is not"),
            "is_any_of": _("is any of"),
            "is_none_of": _("is none of"),
            "contains": _("contains"),
            "contains_any": _("contains any of"),
            "contains_all": _("contains all of"),
            "contains_none": _("contains none of"),
            "starts_with": _("starts with"),
            "ends_with": _("ends with"),
            "matches": _("matches"),
            "is_set": _("is set"),
            "is_not_set": _("is not set"),
            "is_under": _("is or is under"),
            "changed": _("changed"),
            "changed_to": _("changed to"),
            "changed_from": _("changed from"),
            "at_least": _("is at least"),
            "at_most": _("is at most"),
        }.get(operator, operator.replace("_", " "))

    def value(self, field: str, value: str) -> str:
        """A value with its name where it is an id."""
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
            "add_note": (_("add the note"), "text"),
            "set_sla_policy": (_("keep the promise of"), "policy"),
        }.get(action.kind)
        values = list(action.params.values())
        if said is None:
            return action.kind.replace("_", " "), self._words.together(values)
        sentence, name = said
        value = action.params.get(name) or next(iter(values), "")
        return sentence, self.value(name, value)

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
            "already_ran": _("held back: it already ran in this chain"),
            "depth": _("held back: the chain is too long"),
            "automatic_mail": _("held back: the mail is automatic"),
            "stopped_by": _("held back: “%(rule)s” stopped first") % {"rule": rule},
        }
        return held.get(reason, outcome.reason or outcome.outcome)
