"""The use cases of rules, on memory."""

from dataclasses import replace

import pytest

from chassis.errors import Conflict, InvalidFields, NotFound
from relaydesk.tickets.v1.service_pb2 import TicketCommand
from services.rules.adapters.wire import set_command
from services.rules.domain.commands import ApplyRules, ApplyRulesOfClock, DeleteRule, SaveRule
from services.rules.domain.heard import AddTag, Moment, Notify
from tests.fakes.rules import MemoryDesk
from tests.heard_facts import MONDAY, TICKET, a_rule, changed, opened, ticked


def test_a_saved_rule_runs_once_in_a_chain_and_each_event_is_concluded() -> None:
    desk = MemoryDesk(MONDAY)
    kept = desk.run(SaveRule(a_rule("seen", events=("ticket_opened", "ticket_changed")), 0))
    assert (kept.version, kept.updated_at) == (1, MONDAY)
    desk.run(ApplyRules(opened()))
    desk.run(ApplyRules(changed({"status": ("new", "open")})))
    (_, first), (_, second) = desk.concluded
    assert first.matches[0].steps == [AddTag("seen")]
    assert [reason for _, reason in second.held_back] == ["already_ran"]


def test_a_rule_is_changed_only_from_the_version_that_was_read() -> None:
    desk = MemoryDesk(MONDAY)
    kept = desk.run(SaveRule(replace(a_rule("seen"), rule_id=""), 0))
    assert kept.rule_id == "id-1"
    with pytest.raises(Conflict):
        desk.run(SaveRule(kept, 0))
    assert desk.run(SaveRule(kept, 1)).version == 2


def test_a_rule_with_a_mistake_is_not_kept() -> None:
    desk = MemoryDesk(MONDAY)
    with pytest.raises(InvalidFields):
        desk.run(SaveRule(a_rule("wrong", when=("colour", "is", "red")), 0))
    assert desk.rules.count() == 0


def test_a_deleted_rule_is_gone() -> None:
    desk = MemoryDesk(MONDAY)
    desk.run(SaveRule(a_rule("seen"), 0))
    with pytest.raises(Conflict):
        desk.run(DeleteRule("seen", 7))
    desk.run(DeleteRule("seen", 1))
    desk.run(ApplyRules(opened()))
    assert desk.concluded[0][1].matches == []
    with pytest.raises(NotFound):
        desk.run(DeleteRule("seen", 0))


def test_a_moment_of_a_clock_finds_the_ticket_as_it_is_by_now() -> None:
    desk = MemoryDesk(MONDAY)
    desk.tickets.rows["t1"] = replace(TICKET, group="claims")
    desk.run(
        SaveRule(
            a_rule("escalated", when=("group", "is", "claims"), events=("target_warned", "target_breached")),
            0,
        )
    )
    desk.run(ApplyRulesOfClock(ticked("target_breached", Moment("first_reply"))))
    ((heard, verdict),) = desk.concluded
    assert heard.ticket == desk.tickets.rows["t1"]
    assert verdict.matches[0].steps == [AddTag("escalated")]


def test_a_rule_tells_warnings_targets_and_timers_apart() -> None:
    desk = MemoryDesk(MONDAY)
    desk.tickets.rows["t1"] = TICKET
    asked = {
        "soon": ("warned_minutes_before", "less", "60"),
        "reply": ("target", "is", "first_reply"),
        "call-back": ("timer", "is", "reminders:call-back"),
    }
    events = ("target_warned", "target_breached", "timer_fired")
    for name, when in asked.items():
        desk.run(SaveRule(a_rule(name, when=when, events=events), 0))
    heard = [
        ticked("target_warned", Moment("first_reply", lead_seconds=900)),
        ticked("target_warned", Moment("resolution", lead_seconds=7_200)),
        ticked("target_breached", Moment("first_reply")),
        ticked("timer_fired", Moment(timer="reminders:call-back")),
    ]
    for number, one in enumerate(heard):
        desk.run(ApplyRulesOfClock(replace(one, event_id=f"t1:{number}", chain_id=f"c{number}")))
    ran = [{match.rule.rule.name for match in verdict.matches} for _, verdict in desk.concluded]
    assert ran == [{"soon", "reply"}, set(), {"reply"}, {"call-back"}]


def test_what_no_rule_wants_to_know_of_is_not_kept_and_a_ticket_that_is_gone_neither() -> None:
    desk = MemoryDesk(MONDAY)
    desk.tickets.rows["t1"] = TICKET
    desk.run(ApplyRulesOfClock(ticked("target_breached", Moment("resolution"))))
    desk.run(SaveRule(a_rule("missed", events=("target_breached",)), 0))
    desk.tickets.rows.clear()
    desk.run(ApplyRulesOfClock(ticked("target_breached", Moment("resolution"))))
    assert desk.concluded == []


def test_a_rule_tells_colleagues_and_says_what_of() -> None:
    desk = MemoryDesk(MONDAY)
    action = ("notify", {"to": "agent, manager,agent", "text": "#{{ ticket.number }} is late."})
    desk.run(SaveRule(a_rule("told", action), 0))
    desk.run(ApplyRules(opened()))
    ((_, verdict),) = desk.concluded
    assert verdict.matches[0].steps == [Notify(("agent", "manager"), "#48001 is late.")]
    wire = TicketCommand()
    set_command(wire, opened(), verdict.matches[0].rule.rule, "key", verdict.matches[0].steps)
    assert (list(wire.steps[0].notify.to), wire.steps[0].notify.text) == (
        ["agent", "manager"],
        "#48001 is late.",
    )


def test_a_rule_that_tells_somebody_unknown_is_refused() -> None:
    with pytest.raises(InvalidFields) as refusal:
        MemoryDesk(MONDAY).run(SaveRule(a_rule("told", ("notify", {"to": "everybody", "text": "x"})), 0))
    assert [wrong.field for wrong in refusal.value.fields] == ["rule.actions[0].params.to"]
