"""Rules on a real broker and a real store: events become commands once, and everything is explained."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from bus.v1.bundle_pb2 import Envelope
from chassis.errors import Conflict, InvalidFields, NotFound, PermissionDenied, Unauthenticated
from relaydesk.rules.v1 import events_pb2, service_pb2
from relaydesk.rules.v1.service_pb2_grpc import RulesServiceStub
from relaydesk.tickets.v1 import events_pb2 as tickets
from relaydesk.tickets.v1 import ticket_pb2
from services.rules import __main__ as main
from services.rules.config import Settings
from tests.fakes.tickets_rpc import FakeTickets
from tests.integration.service_desk import ServiceDesk, common, said
from tests.waiting import wait_until


@pytest.fixture
def outside() -> Iterator[FakeTickets]:
    outside = FakeTickets()
    yield outside
    outside.stop()


@pytest.fixture
def desk(vhost: str, mongo_url: str, database_prefix: str, outside: FakeTickets) -> Iterator[ServiceDesk]:
    settings = Settings(
        **common(vhost, mongo_url, database_prefix),
        linger=timedelta(milliseconds=10),
        tickets_address=outside.address,
        # Nobody is there.
        sla_address="127.0.0.1:1",
    )
    desk = ServiceDesk(main, "rules", settings)
    yield desk
    desk.stop()


@pytest.fixture
def rules(desk: ServiceDesk) -> RulesServiceStub:
    return RulesServiceStub(desk.serve())


def a_test(field: str, operator: str, *values: str) -> service_pb2.Condition:
    return service_pb2.Condition(test=service_pb2.Test(field=field, operator=operator, values=values))


def a_rule(name: str, when: service_pb2.Condition | None = None, **actions: Any) -> service_pb2.Rule:
    """`actions` are kinds with their parameters; without any it adds its name as a tag."""
    rule = service_pb2.Rule(name=name, enabled=True, events=["ticket_opened"], condition=when)
    for kind, params in (actions or {"add_tag": {"tag": name}}).items():
        rule.actions.add(kind=kind).params.update(params)
    return rule


def save(rules: RulesServiceStub, rule: service_pb2.Rule, expected_version: int = 0) -> service_pb2.Rule:
    return rules.SaveRule(service_pb2.SaveRuleRequest(rule=rule, expected_version=expected_version)).rule


def opened(ticket_id: str, subject: str = "Parcel", *, text: str = "Help.", **more: Any) -> Envelope:
    sender = more.pop("sender", f"{ticket_id}@example.org")
    ticket = ticket_pb2.Ticket(
        id=ticket_id,
        number=48_001,
        subject=subject,
        status="new",
        priority="medium",
        channel="support",
        lane="email",
        version=1,
        requester=ticket_pb2.Requester(name="Ana", email=sender),
    )
    ticket.created_at.FromDatetime(datetime.now(UTC))
    ticket.updated_at.CopyFrom(ticket.created_at)
    author = ticket_pb2.Actor(kind="requester")
    message = ticket_pb2.Message(
        id=f"{ticket_id}-1",
        text=text,
        visibility="public",
        author=author,
        is_automatic=more.pop("is_automatic", False),
    )
    fact = tickets.TicketOpened(ticket=ticket, message=message, actor=author)
    return said(fact, f"{ticket_id}:1:0", depth=1, **more)


def changed(ticket_id: str, version: int, actor: ticket_pb2.Actor, **more: Any) -> Envelope:
    ticket = ticket_pb2.Ticket(id=ticket_id, version=version, status="open", channel="support", lane="email")
    ticket.updated_at.FromDatetime(datetime.now(UTC))
    changes = [ticket_pb2.FieldChange(field="status", old="new", new="open")]
    fact = tickets.TicketChanged(ticket=ticket, changes=changes, actor=actor)
    return said(fact, f"{ticket_id}:{version}:0", **more)


def explained(rules: RulesServiceStub, **which: str) -> list[service_pb2.Explanation]:
    return list(rules.ExplainEvent(service_pb2.ExplainEventRequest(**which)).explanations)


def handled(desk: ServiceDesk, count: int) -> None:
    wait_until(lambda: desk.database["explanations"].count_documents({}) == count)


def test_a_hundred_events_are_one_call_of_commands_each_with_its_key(
    desk: ServiceDesk, rules: RulesServiceStub, outside: FakeTickets
) -> None:
    rule = save(rules, a_rule("claims", a_test("subject", "contains", "claim"), set_group={"group": "g2"}))
    desk.publish(*(opened(f"t{n:02}", "A claim" if n % 2 else "Parcel") for n in range(100)))
    desk.role("listen")
    handled(desk, 100)
    keys = [f"t{n:02}:1:0:{rule.id}" for n in range(1, 100, 2)]
    assert outside.steps() == {key: ["group=g2"] for key in keys}
    assert outside.calls == 1
    command = outside.commands[keys[0]]
    assert (command.actor.kind, command.actor.name, command.cause_id, command.depth) == (
        "rule",
        "claims",
        "t01:1:0",
        1,
    )
    wait_until(lambda: len(desk.heard(events_pb2.RulesApplied)) == 50)
    assert {fact.rules[0].name for fact in desk.heard(events_pb2.RulesApplied)} == {"claims"}


def test_events_delivered_twice_take_effect_once(
    desk: ServiceDesk, rules: RulesServiceStub, outside: FakeTickets
) -> None:
    save(rules, a_rule("seen"))
    events = [opened(f"t{n}") for n in range(20)]
    desk.role("listen")
    desk.role("listen")
    desk.publish(*events)
    desk.publish(*events)
    handled(desk, 20)
    wait_until(lambda: len(desk.heard(events_pb2.RulesApplied)) >= 20)
    assert len(outside.commands) == 20
    assert len({envelope.event_id for envelope in desk.heard()}) == 20


def test_what_a_rule_stopped_stays_stopped_when_the_event_comes_again(
    desk: ServiceDesk, rules: RulesServiceStub, outside: FakeTickets
) -> None:
    known = a_rule("known", a_test("subject", "contains", "claim"))
    known.position, known.stop = 1, True
    known = save(rules, known)
    rest = a_rule("rest", reply={"text": "We got your mail."})
    rest.position = 2
    save(rules, rest)
    desk.role("listen")
    event = opened("t1", "A claim")
    desk.publish(event)
    handled(desk, 1)
    # By now the first rule ran in this chain, so that nothing would stop the second.
    desk.publish(event)
    desk.publish(opened("t2", "A claim"))
    handled(desk, 2)
    assert list(outside.commands) == [f"{ticket}:1:0:{known.id}" for ticket in ("t1", "t2")]
    assert desk.database["answered"].count_documents({}) == 0


@pytest.mark.parametrize("failure", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_commands_whose_answer_was_lost_are_sent_again_with_the_same_keys(
    desk: ServiceDesk, rules: RulesServiceStub, outside: FakeTickets, failure: grpc.StatusCode
) -> None:
    save(rules, a_rule("seen"))
    outside.failing, outside.failure = 6, failure
    desk.publish(opened("t1"), opened("t2"))
    desk.role("listen")
    handled(desk, 2)
    assert outside.calls == 7
    assert len(outside.commands) == 2


def test_a_rule_takes_effect_at_the_next_event(
    desk: ServiceDesk, rules: RulesServiceStub, outside: FakeTickets
) -> None:
    desk.role("listen")
    desk.publish(opened("t1"))
    handled(desk, 1)
    rule = save(rules, a_rule("late"))
    desk.publish(opened("t2"))
    handled(desk, 2)
    rule.enabled = False
    save(rules, rule, rule.version)
    desk.publish(opened("t3"))
    handled(desk, 3)
    assert list(outside.steps()) == [f"t2:1:0:{rule.id}"]


def test_an_event_is_explained_with_the_rules_of_its_time(
    desk: ServiceDesk, rules: RulesServiceStub, outside: FakeTickets
) -> None:
    yes = save(rules, a_rule("yes", a_test("text", "contains", "help")))
    no = save(rules, a_rule("no", a_test("subject", "contains", "invoice")))
    outside.refused["t1"] = "the ticket is closed"
    desk.role("listen")
    desk.publish(opened("t1"))
    handled(desk, 1)
    rules.DeleteRule(service_pb2.DeleteRuleRequest(rule_id=yes.id))
    save(rules, a_rule("new"))
    (explanation,) = explained(rules, event_id="t1:1:0")
    assert (explanation.ticket_id, explanation.rule_set_version) == ("t1", 2)
    outcomes = {outcome.name: outcome for outcome in explanation.outcomes}
    assert set(outcomes) == {"yes", "no"}
    assert (outcomes["yes"].outcome, outcomes["yes"].result) == ("matched", "refused: the ticket is closed")
    assert list(outcomes["yes"].actions) == ["add_tag"]
    assert (outcomes["no"].outcome, outcomes["no"].rule_id) == ("not_matched", no.id)
    (seen,) = outcomes["no"].tests
    assert (seen.actual, list(seen.expected), seen.holds) == ("Parcel", ["invoice"], False)


def test_a_long_text_is_explained_whole(
    desk: ServiceDesk, rules: RulesServiceStub, outside: FakeTickets
) -> None:
    save(rules, a_rule("end", a_test("text", "ends_with", "regards")))
    text = "word " * 2_000 + "Regards"
    outside.messages["t1"] = [ticket_pb2.Message(id="t1-1", text=text)]
    desk.role("listen")
    desk.publish(opened("t1", text=text))
    handled(desk, 1)
    (explanation,) = explained(rules, ticket_id="t1")
    assert explanation.outcomes[0].tests[0].holds


def test_rules_of_one_chain_do_not_run_again_and_never_hear_themselves(
    desk: ServiceDesk, rules: RulesServiceStub, outside: FakeTickets
) -> None:
    first = a_rule("first")
    first.events.append("ticket_changed")
    kept = save(rules, first)
    echo = a_rule("echo")
    echo.events[:] = ["ticket_changed"]
    other = save(rules, echo)
    desk.role("listen")
    desk.publish(opened("t1", chain_id="c1"))
    handled(desk, 1)
    by_first = ticket_pb2.Actor(kind="rule", id=kept.id, name="first")
    desk.publish(changed("t1", 2, by_first, chain_id="c1", depth=2))
    handled(desk, 2)
    by_echo = ticket_pb2.Actor(kind="rule", id=other.id, name="echo")
    desk.publish(changed("t1", 3, by_echo, chain_id="c1", depth=3))
    handled(desk, 3)
    assert sorted(outside.steps()) == [f"t1:1:0:{kept.id}", f"t1:2:0:{other.id}"]
    (explanation,) = explained(rules, event_id="t1:3:0")
    assert {o.name: (o.outcome, o.reason) for o in explanation.outcomes} == {
        "first": ("held_back", "already_ran"),
        "echo": ("held_back", "already_ran"),
    }
    # A change from outside begins another chain.
    desk.publish(changed("t1", 4, ticket_pb2.Actor(kind="agent", id="a1")))
    handled(desk, 4)
    assert f"t1:4:0:{kept.id}" in outside.steps()


def test_one_address_gets_five_answers_an_hour_and_automatic_mail_none(
    desk: ServiceDesk, rules: RulesServiceStub, outside: FakeTickets
) -> None:
    save(
        rules,
        a_rule("hello", reply={"text": "Your ticket is #{{ ticket.number }}."}, add_tag={"tag": "seen"}),
    )
    desk.role("listen")
    desk.role("listen")
    for n in range(8):
        desk.publish(opened(f"t{n}", sender="loop@example.org"))
    desk.publish(opened("robot", is_automatic=True))
    handled(desk, 9)
    answers = [steps for steps in outside.steps().values() if steps == ["public: Your ticket is #48001."]]
    tags = [steps for steps in outside.steps().values() if steps == ["add_tag seen"]]
    assert (len(answers), len(tags)) == (5, 9)
    (robot,) = explained(rules, event_id="robot:1:0")
    assert (robot.outcomes[0].outcome, robot.outcomes[0].reason) == ("matched", "automatic_mail")


def test_rules_have_versions_and_are_read_as_they_were_written(rules: RulesServiceStub) -> None:
    condition = service_pb2.Condition(
        all=service_pb2.ConditionGroup(
            conditions=[
                a_test("subject", "matches", r"order \d+"),
                service_pb2.Condition(
                    none=service_pb2.ConditionGroup(conditions=[a_test("tags", "subtree", "spam")])
                ),
            ]
        )
    )
    written = a_rule(
        "orders", condition, set_priority={"priority": "high"}, note={"text": "Look at {{ ticket.subject }}"}
    )
    written.position, written.stop = 7, True
    kept = save(rules, written)
    read = rules.GetRule(service_pb2.GetRuleRequest(rule_id=kept.id)).rule
    assert read == kept
    assert (kept.version, kept.condition, list(kept.actions)) == (1, written.condition, list(written.actions))
    with pytest.raises(Conflict):
        save(rules, kept, expected_version=7)
    assert save(rules, kept, expected_version=1).version == 2
    listed = rules.ListRules(service_pb2.ListRulesRequest())
    assert ([rule.name for rule in listed.rules], listed.rule_set_version) == (["orders"], 2)
    rules.DeleteRule(service_pb2.DeleteRuleRequest(rule_id=kept.id, expected_version=2))
    with pytest.raises(NotFound):
        rules.GetRule(service_pb2.GetRuleRequest(rule_id=kept.id))
    # Its id may be taken again.
    assert save(rules, kept).version == 1


def test_every_mistake_of_a_rule_is_named_by_its_field(rules: RulesServiceStub) -> None:
    wrong = a_rule("", a_test("colour", "is", "red"), set_prio={"priority": "high"})
    wrong.events.append("never")
    with pytest.raises(InvalidFields) as refusal:
        save(rules, wrong)
    assert [field.field for field in refusal.value.fields] == [
        "rule.name",
        "rule.events[1]",
        "rule.actions[0].kind",
        "rule.condition.test.field",
    ]


def test_the_vocabulary_is_what_the_folders_hold(rules: RulesServiceStub) -> None:
    words = rules.ListVocabulary(service_pb2.ListVocabularyRequest())
    fields = {word.name: word for word in words.fields}
    assert "subtree" in fields["tags"].takes
    assert "urgent" in fields["priority"].takes
    assert {word.name: list(word.takes) for word in words.actions}["set_group"] == ["group"]
    assert "requester_wrote" in {word.name for word in words.events}
    assert all(word.description for word in (*words.fields, *words.operators, *words.actions, *words.events))


def test_only_an_admin_changes_rules(desk: ServiceDesk, outside: FakeTickets) -> None:
    outside.tokens = {"of-an-agent": "agent", "of-an-admin": "admin"}
    desk.serve()
    (server,) = (part for part in desk._started if part.name == "rpc")
    port: int = server.port  # type: ignore[attr-defined]
    with pytest.raises(PermissionDenied):
        save(RulesServiceStub(desk.channel(port, "of-an-agent")), a_rule("a"))
    with pytest.raises(Unauthenticated):
        save(RulesServiceStub(desk.channel(port, "of-nobody")), a_rule("a"))
    assert save(RulesServiceStub(desk.channel(port, "of-an-admin")), a_rule("a")).version == 1


def test_odd_rules_are_told_also_with_drafts_among_them(rules: RulesServiceStub) -> None:
    def warned(*drafts: service_pb2.Rule) -> list[tuple[str, str, str, list[str]]]:
        found = rules.CheckRules(service_pb2.CheckRulesRequest(drafts=drafts)).warnings
        return [(one.rule_id, one.kind, one.path, list(one.other_rule_ids)) for one in found]

    above = a_rule("above", a_test("channel", "is", "shop"))
    above.stop = True
    above = save(rules, above)
    assert warned() == []
    below = a_rule("below", a_test("channel", "is", "shop"))
    below.position = 1
    assert warned(below) == [("", "shadowed", "rule.condition", [above.id])]
    below = save(rules, below)
    assert warned() == [(below.id, "shadowed", "rule.condition", [above.id])]
    above.stop = False
    assert warned(above) == []
    with pytest.raises(InvalidFields, match=r"drafts\[1\]\.condition\.test\.field"):
        warned(below, a_rule("wrong", a_test("colour", "is", "red")))
    with pytest.raises(InvalidFields, match=r"drafts\[1\]\.id"):
        warned(a_rule("one"), a_rule("two"))
