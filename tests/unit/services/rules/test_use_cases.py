"""The use cases of rules, on memory."""

from dataclasses import replace

import pytest

from chassis.errors import Conflict, InvalidFields, NotFound
from services.rules.domain.commands import ApplyRules, DeleteRule, SaveRule
from services.rules.domain.heard import AddTag
from tests.fakes.rules import MemoryDesk
from tests.heard_facts import MONDAY, a_rule, changed, opened


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
