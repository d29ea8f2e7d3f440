"""What the condition of a policy can ask of a ticket: by the names that rules know them by."""

from collections.abc import Mapping

from chassis.conditions import Compiled, Condition, Field, Kind, Reading, Value, compile_condition
from services.sla.domain.snapshot import ABOUT, PRIORITIES, Snapshot

# Where a ticket is in its life is for pauses to ask; what only one fact has is for rules.
_NOT_ASKED: Mapping[str, str] = {
    "status": "a status pauses targets and chooses no policy",
    "sla_policy": "a policy that was set on the ticket is its policy without any condition",
    "organisation": "no fact of a ticket carries it; a rule that knows it can set the policy",
    "type": "a ticket has none; a field of its form can be asked for as fields.type",
    **dict.fromkeys(
        ("text", "visibility", "actor", "is_automatic", "is_spam"),
        "it is one message's; a rule can ask for it and set the policy",
    ),
    **dict.fromkeys(
        ("created_at", "message_count", "reopen_count"),
        "a promise would change by itself; a rule can ask for it and set the policy",
    ),
}
FIELDS: Mapping[str, Field] = {
    "channel": Field(Kind.TEXT),
    "channel_kind": Field(Kind.TEXT),
    "mailbox": Field(Kind.TEXT),
    "group": Field(Kind.TEXT),
    "agent": Field(Kind.TEXT),
    "priority": Field(Kind.TEXT, PRIORITIES),
    "tags": Field(Kind.LIST),
    "subject": Field(Kind.TEXT),
    "requester": Field(Kind.TEXT),
    "sender": Field(Kind.TEXT),
    "sender_name": Field(Kind.TEXT),
    "sender_domain": Field(Kind.TEXT),
}
_FORM = "fields."


def field_of(name: str) -> Field | None:
    """The word, None where a policy cannot ask for it."""
    if name.startswith(_FORM) and name != _FORM:
        return Field(Kind.TEXT)
    return FIELDS.get(name)


def why_not(name: str) -> str:
    """Why a policy cannot ask for a field, as what is expected instead."""
    known = f"one of {', '.join(FIELDS)} or fields.<name>"
    reason = _NOT_ASKED.get(name)
    return f"{known}; not {name}: {reason}" if reason else known


def compiled(condition: Condition, path: str = "condition") -> Compiled:
    """Raises ConditionError."""
    return compile_condition(condition, field_of, path)


class Subject(Reading):
    """A ticket as a condition sees it: what changes with its history, and what stays."""

    __slots__ = ("_ticket", "_values")

    def __init__(self, ticket: Snapshot, values: Mapping[str, str]) -> None:
        super().__init__(_nothing)
        self._ticket = ticket
        self._values = values

    def value(self, field: str) -> Value:
        # Fields of the history first; of the rest the ticket as it is now.
        held = self._values.get(field)
        if field == "tags":
            return tuple(held.split(",")) if held else ()
        if held is not None:
            return held
        if field == "sender_domain":
            return self._ticket.told("sender").rpartition("@")[2]
        if field == "channel":
            return self._ticket.channel
        return self._ticket.told(field) if field in ABOUT else ""


def _nothing(field: str) -> Value:
    return None
