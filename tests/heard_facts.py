"""Facts and rules for tests of the rules service; each takes what the test is about and fills in the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from chassis.conditions import ALWAYS, Condition, Test
from services.rules.application.vocabulary import vocabulary
from services.rules.domain.heard import REQUESTER_WROTE, TICKET_OPENED, Heard, Message, Moment, Ticket
from services.rules.domain.rule import ActionUse, Rule, compile_rule
from services.rules.domain.rule_set import RuleSet

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
TICKET = Ticket(
    ticket_id="t1",
    version=1,
    number=48_001,
    subject="Where is my parcel?",
    status="new",
    priority="medium",
    channel="support",
    channel_kind="email",
    lane="email",
    mailbox="support@demo.example",
    requester_name="Ana",
    requester_email="ana@example.org",
    created_at=MONDAY,
)


def opened(text: str = "Please help.", *, is_automatic: bool = False, **ticket: Any) -> Heard:
    """Ana's mail became a ticket; `ticket` are fields of it."""
    return Heard(
        event_id="t1:1:0",
        events=(TICKET_OPENED, REQUESTER_WROTE),
        ticket=replace(TICKET, **ticket),
        occurred_at=MONDAY,
        message=Message("m1", text, "public", "requester", is_automatic),
        actor="requester",
        chain_id="c1",
        depth=1,
    )


def changed(
    changes: Mapping[str, tuple[str, str]], *, actor: str = "agent", actor_id: str = "", **more: Any
) -> Heard:
    """Fields of the ticket were changed."""
    values: dict[str, Any] = {name: new for name, (_, new) in changes.items() if name != "tags"}
    ticket = replace(TICKET, **values)
    heard = Heard("t1:2:0", ("ticket_changed",), ticket, MONDAY, None, changes, actor, actor_id, "c1", 2)
    return replace(heard, **more)


def ticked(event: str, moment: Moment) -> Heard:
    """A moment of a clock; of the ticket no more than its id is known."""
    bare = Ticket("t1", 0, 0, "", "", "", "")
    return Heard(f"t1:{event}", (event,), bare, MONDAY, actor="system", chain_id=event, moment=moment)


def a_rule(
    name: str,
    *actions: tuple[str, Mapping[str, str]],
    when: Condition | Sequence[Any] = ALWAYS,
    events: Sequence[str] = (TICKET_OPENED,),
    **more: Any,
) -> Rule:
    """A rule called and identified by its name; `when` may be one test as (field, operator, values…)."""
    condition = Test(when[0], when[1], tuple(when[2:])) if isinstance(when, tuple) else when
    uses = tuple(ActionUse(kind, params) for kind, params in actions or [("add_tag", {"tag": name})])
    return Rule(rule_id=name, name=name, events=tuple(events), actions=uses, condition=condition, **more)  # type: ignore[arg-type]


def a_set(*rules: Rule, version: int = 1) -> RuleSet:
    return RuleSet(version, [compile_rule(rule, vocabulary()) for rule in rules])
