"""Events that somebody thought up are heard as though they had happened."""

import pytest

from chassis.errors import InvalidField
from chassis.operators import duration
from services.rules.application.vocabulary import described_fields, find_read
from services.rules.domain.trying import thought_up, try_rules
from services.rules.domain.view import View
from tests.heard_facts import MONDAY, a_rule, a_set

EVERYTHING = {
    "subject": ("Parcel",),
    "status": ("open",),
    "priority": ("high",),
    "channel": ("shop",),
    "channel_kind": ("email",),
    "mailbox": ("a@b.example",),
    "group": ("claims",),
    "agent": ("ana",),
    "sla_policy": ("gold",),
    "sender": ("x@y.example",),
    "sender_name": ("Xavier",),
    "message_count": ("3",),
    "reopen_count": ("2",),
    "tags": ("b", "A"),
    "created_at": ("2026-03-01T00:00:00Z",),
    "fields.order": ("7",),
    "text": ("Hello",),
    "visibility": ("internal",),
    "is_automatic": ("true",),
    "actor": ("api",),
}


def test_every_field_that_conditions_know_can_be_given() -> None:
    opened = View(thought_up(("ticket_opened",), EVERYTHING, {}, MONDAY), find_read)
    seen = {name: opened.value(name) for name in EVERYTHING}
    assert seen.pop("tags") == ("a", "b")
    assert seen.pop("created_at") == MONDAY.replace(day=1, hour=0)
    assert {name: str(value).lower() for name, value in seen.items()} == {
        name: EVERYTHING[name][0].lower() for name in seen
    }
    ago = {
        "time_since_created": ("3d",),
        "time_since_requester_wrote": ("24h",),
        "time_since_agent_wrote": ("1h",),
        "time_in_status": ("30m",),
    }
    waiting = View(thought_up(("ticket_changed",), ago, {}, MONDAY), find_read)
    assert [waiting.value(name) for name in ago] == [duration(value) for (value,) in ago.values()]
    of_clock = {"target": ("first_reply",), "warned_minutes_before": ("15",), "timer": ("o:k",)}
    warned = View(thought_up(("target_warned",), of_clock, {}, MONDAY), find_read)
    assert [warned.value(name) for name in of_clock] == ["first_reply", 15, "o:k"]
    follows = {"sender_domain", "is_spam", "fields.<name>"}
    rest = set(described_fields()) - set(EVERYTHING) - set(of_clock) - set(ago) - follows
    # What the calendars tell follows from the moments.
    assert all("business" in name for name in rest)


def test_the_ticket_afterwards_and_every_step_are_told() -> None:
    rules = a_set(
        a_rule("first", ("set_group", {"group": "claims"}), ("add_tag", {"tag": "x"})),
        a_rule("then", ("reply", {"text": "Thank you."}), when=("group", "is", "claims"), position=1),
    )
    tried = try_rules(rules, thought_up(("ticket_opened",), {}, {}, MONDAY), find_read)
    assert (tried.ticket.group, tried.ticket.tags) == ("claims", ("x",))
    assert [rule_id for rule_id, _ in tried.steps] == ["first", "first", "then"]


@pytest.mark.parametrize(
    ("events", "given", "field"),
    [
        ((), {}, "events"),
        (("noon",), {}, "events"),
        (("ticket_opened",), {"colour": ("red",)}, "given.colour"),
        (("ticket_opened",), {"status": ("a", "b")}, "given.status"),
        (("ticket_opened",), {"message_count": ("many",)}, "given.message_count"),
        (("ticket_opened",), {"is_automatic": ("perhaps",)}, "given.is_automatic"),
        (("ticket_opened",), {"created_at": ("noon",)}, "given.created_at"),
        (("target_warned",), {"warned_minutes_before": ("soon",)}, "given.warned_minutes_before"),
    ],
)
def test_what_cannot_be_thought_up_is_named(
    events: tuple[str, ...], given: dict[str, tuple[str, ...]], field: str
) -> None:
    with pytest.raises(InvalidField) as refusal:
        thought_up(events, given, {}, MONDAY)
    assert refusal.value.field == field
