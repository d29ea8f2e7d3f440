"""Whatever is merged and undone, in whatever order: cards are what the merges that stand say, and nothing else changes."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chassis.errors import FailedPrecondition
from services.tickets.application.find_card import find_card
from services.tickets.application.merge_customers import merge_customers
from services.tickets.application.undo_merge import undo_merge
from services.tickets.domain.customer_commands import MergeCustomers, UndoMerge
from services.tickets.domain.people import THE_SYSTEM
from tests.fakes.tickets_customers import MemoryCustomerPorts

PEOPLE = ("a", "b", "c", "d", "e", "f")
somebody = st.sampled_from(PEOPLE)


class Merges(RuleBasedStateMachine):
    """Beside the cards stands what they should be: who went into whom."""

    def __init__(self) -> None:
        super().__init__()
        self.ports = MemoryCustomerPorts(*PEOPLE)
        self.before = dict(self.ports.customers.rows)
        self.into: dict[str, str] = {}

    def top(self, one: str) -> str:
        while one in self.into:
            one = self.into[one]
        return one

    @rule(kept=somebody, merged=somebody)
    def merge(self, kept: str, merged: str) -> None:
        top, other = self.top(kept), self.top(merged)
        try:
            card, _ = merge_customers(MergeCustomers(THE_SYSTEM, kept, merged), self.ports)
        except FailedPrecondition:
            assert top == other
            return
        assert card.kept.customer_id == top
        assert other != top
        self.into[other] = top

    @rule(kept=somebody, merged=somebody)
    def try_merge(self, kept: str, merged: str) -> None:
        rows = dict(self.ports.customers.rows)
        if self.top(kept) != self.top(merged):
            card, merge_id = merge_customers(
                MergeCustomers(THE_SYSTEM, kept, merged, is_trial=True), self.ports
            )
            together = {one for one in PEOPLE if self.top(one) in (self.top(kept), self.top(merged))}
            assert {one.customer_id for one in card.customers} == together
            assert merge_id == ""
        assert self.ports.customers.rows == rows

    @rule(one=somebody)
    def undo(self, one: str) -> None:
        try:
            back, kept = undo_merge(UndoMerge(THE_SYSTEM, one), self.ports)
        except FailedPrecondition:
            assert one not in self.into
            return
        top = self.top(one)
        del self.into[one]
        assert (back.kept.customer_id, kept.kept.customer_id) == (one, top)

    @invariant()
    def cards_are_what_stands(self) -> None:
        for one in PEOPLE:
            card = find_card(one, self.ports)
            assert card.kept.customer_id == self.top(one)
            assert {member.customer_id for member in card.customers} == {
                other for other in PEOPLE if self.top(other) == self.top(one)
            }

    @invariant()
    def nobody_is_other_than_before(self) -> None:
        for one, row in self.ports.customers.rows.items():
            bare = replace(row, merging=None, card_id="", member_ids=(), version=0)
            assert bare == self.before[one]
            assert (row.merging is None) == (row.card_id == "") == (one not in self.into)


TestMerges = Merges.TestCase
TestMerges.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
