"""The words of a warning."""

from collections.abc import Mapping
from dataclasses import dataclass

NEVER_MATCHES = "never_matches"
EVENT_NEVER_MATCHES = "event_never_matches"
SHADOWED = "shadowed"
UNDONE = "undone"
MAY_LOOP = "may_loop"
NEVER_ANSWERS = "never_answers"
MAILS_ON_AUTOMATIC = "mails_on_automatic"
CHANGES_NOTHING = "changes_nothing"
KINDS: Mapping[str, str] = {
    NEVER_MATCHES: "Its condition contradicts itself or the events: it never matches.",
    EVENT_NEVER_MATCHES: "At this event the condition never holds.",
    SHADOWED: "Whenever it would match, a rule above matches first and lets no later rule look.",
    UNDONE: "A later rule takes back at once what this action does.",
    MAY_LOOP: "The changes of these rules wake each other and take each other back; each runs once in a chain.",
    NEVER_ANSWERS: "It matches only what gets no automatic answer: automatic mail, or spam.",
    MAILS_ON_AUTOMATIC: "It may mail colleagues for automatic mail too.",
    CHANGES_NOTHING: "The ticket is so already whenever the rule matches.",
}


@dataclass(frozen=True, slots=True)
class RuleWarning:
    """`path` leads to the line of the rule; `others` are ids of the rules that it has to do with."""

    rule_id: str
    kind: str
    path: str
    others: tuple[str, ...] = ()
