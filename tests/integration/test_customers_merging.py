"""Two cards become one and two again, on a real store."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from relaydesk.tickets.v1 import customers_pb2
from tests.integration.customers_desk import CustomersDesk, proven, refusal
from tests.integration.tickets_desk import TicketsDesk


@pytest.fixture
def desk(vhost: str, mongo_url: str, database_prefix: str) -> Iterator[CustomersDesk]:
    tickets = TicketsDesk(vhost, mongo_url, database_prefix)
    yield CustomersDesk(tickets, tickets.serve())
    tickets.stop()


def _rows(desk: CustomersDesk) -> dict[str, dict[str, Any]]:
    """All people as they are kept, but for the version."""
    return {row["_id"]: {**row, "version": None} for row in desk.desk.database["requesters"].find()}


def test_the_tickets_of_both_are_on_one_card_whichever_of_them_is_asked_for(desk: CustomersDesk) -> None:
    ana, work = desk.mail("ana@example.org"), desk.mail("ana@work.example")
    card = desk.merge(ana, work).customer
    assert (card.id, proven(card)) == (ana, {"ana@example.org", "ana@work.example"})
    assert desk.card(ana).ticket_count == 2
    assert desk.card(work).id == ana
    both = [row["number"] for row in desk.desk.tickets()]
    for wanted in (ana, work, "ana@example.org", "ana@work.example"):
        assert desk.tickets_of(wanted) == both


def test_what_the_merged_one_writes_later_reaches_the_kept_card(desk: CustomersDesk) -> None:
    ana, work = desk.mail("ana@example.org"), desk.mail("ana@work.example")
    desk.merge(ana, work)
    asker = desk.mail("ana@work.example")
    assert desk.card(asker).id == ana
    assert len(desk.tickets_of(ana)) == 3
    assert desk.desk.tickets()[-1]["requester"]["email"] == "ana@work.example"


def test_undoing_restores_both_exactly(desk: CustomersDesk) -> None:
    ana, work = desk.mail("ana@example.org"), desk.mail("ana@work.example")
    desk.update(work, name="Ana at work", language="pt")
    before = _rows(desk)
    cards = [desk.card(one) for one in (ana, work)]
    desk.merge(ana, work)
    answer = desk.undo(work)
    assert (answer.customer.id, answer.kept.id) == (work, ana)
    assert _rows(desk) == before
    for card in cards:
        now = desk.card(card.id)
        card.version = now.version
        assert now == card


def test_what_came_in_between_goes_to_whom_it_came_from(desk: CustomersDesk) -> None:
    ana, work = desk.mail("ana@example.org"), desk.mail("ana@work.example")
    desk.merge(ana, work)
    desk.mail("ana@work.example")
    desk.mail("ana@example.org")
    desk.undo(work)
    numbers = [row["number"] for row in desk.desk.tickets()]
    assert desk.tickets_of(ana) == [numbers[0], numbers[3]]
    assert desk.tickets_of(work) == [numbers[1], numbers[2]]


def test_notes_and_changes_of_the_merged_one_are_on_the_card_until_it_is_undone(desk: CustomersDesk) -> None:
    ana, work = desk.mail("ana@example.org"), desk.mail("ana@work.example")
    desk.note(work, "Calls on Fridays.")
    desk.merge(ana, work)
    desk.note(work, "Is ill.")
    assert [one.text for one in desk.changes(ana, notes_only=True)] == ["Is ill.", "Calls on Fridays."]
    assert [one.fact for one in desk.changes(ana)] == ["NoteAdded", "CustomersMerged", "NoteAdded"]
    desk.undo(work)
    assert [one.text for one in desk.changes(work, notes_only=True)] == ["Calls on Fridays."]
    assert [one.text for one in desk.changes(ana, notes_only=True)] == ["Is ill."]


def test_a_chain_is_one_card_and_comes_apart_where_it_is_undone(desk: CustomersDesk) -> None:
    a, b, c, d = (desk.mail(f"{name}@example.org") for name in "abcd")
    desk.merge(b, c)
    desk.merge(b, d)
    desk.merge(a, b)
    assert [(one.customer_id, one.into_id) for one in desk.card(d).merges] == [(b, a), (d, b), (c, b)]
    assert len(desk.tickets_of(c)) == 4
    # In the middle: what had been merged into it stays with it.
    desk.undo(b)
    assert (desk.card(a).id, desk.card(c).id, desk.card(d).id) == (a, b, b)
    assert proven(desk.card(b)) == {"b@example.org", "c@example.org", "d@example.org"}
    assert proven(desk.card(a)) == {"a@example.org"}


def test_a_chain_can_be_undone_from_its_far_end(desk: CustomersDesk) -> None:
    a, b, c = (desk.mail(f"{name}@example.org") for name in "abc")
    before = _rows(desk)
    desk.merge(b, c)
    desk.merge(a, b)
    desk.undo(c)
    assert (desk.card(b).id, desk.card(c).id) == (a, c)
    desk.undo(b)
    assert _rows(desk) == before


def test_naming_a_merged_one_merges_the_whole_card(desk: CustomersDesk) -> None:
    a, b, c, d = (desk.mail(f"{name}@example.org") for name in "abcd")
    desk.merge(a, b)
    desk.merge(c, d)
    assert desk.merge(b, d).customer.id == a
    assert {desk.card(one).id for one in (a, b, c, d)} == {a}


@pytest.mark.parametrize("round_", range(3))
def test_two_opposite_merges_at_once_make_one_card(desk: CustomersDesk, round_: int) -> None:
    first, second = desk.mail(f"a{round_}@example.org"), desk.mail(f"b{round_}@example.org")

    def merge(pair: tuple[str, str]) -> str:
        try:
            return desk.merge(*pair).customer.id
        except grpc.RpcError as error:
            return str(error.code().name)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(merge, [(first, second), (second, first)]))
    assert answers.count("FAILED_PRECONDITION") == 1
    (kept,) = set(answers) - {"FAILED_PRECONDITION"}
    assert {desk.card(first).id, desk.card(second).id} == {kept}
    assert len(desk.tickets_of(kept)) == 2


def test_merges_and_undoings_of_five_at_once_leave_no_ring_and_nobody_out(desk: CustomersDesk) -> None:
    people = [desk.mail(f"{name}@example.org") for name in "abcde"]
    other = CustomersDesk(desk.desk, desk.desk.serve())
    desks = itertools.cycle([desk, other])

    def merge(pair: tuple[CustomersDesk, tuple[str, str]]) -> None:
        try:
            pair[0].merge(*pair[1])
            pair[0].undo(pair[1][1])
            pair[0].merge(*pair[1])
        except grpc.RpcError as error:
            assert error.code().name in ("FAILED_PRECONDITION", "ABORTED"), error  # noqa: PT017

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(merge, zip(desks, itertools.permutations(people, 2), strict=False)))
    rows = {row["_id"]: row for row in desk.desk.database["requesters"].find()}
    for row in rows.values():
        top = rows[row["card"]] if "card" in row else row
        assert "card" not in top
        members = set(top.get("members", ()))
        assert members == {one["_id"] for one in rows.values() if one.get("card") == top["_id"]}
        if "card" in row:
            assert row["merge"]["into"] in {*members, top["_id"]}
    cards = {one: desk.card(one).id for one in people}
    for kept in set(cards.values()):
        assert len(desk.tickets_of(kept)) == sum(card == kept for card in cards.values())


def test_a_repeat_with_the_same_key_merges_once(desk: CustomersDesk) -> None:
    ana, work = desk.mail("ana@example.org"), desk.mail("ana@work.example")
    first = desk.merge(ana, work, idempotency_key="m1")
    desk.undo(work)
    assert desk.merge(ana, work, idempotency_key="m1") == first
    assert desk.card(work).id == work


def test_a_trial_says_what_it_would_be_and_changes_nothing(desk: CustomersDesk) -> None:
    ana, work = desk.mail("ana@example.org"), desk.mail("ana@work.example")
    before = _rows(desk)
    tried = desk.merge(ana, work, validate_only=True)
    assert (tried.merge_id, proven(tried.customer)) == ("", {"ana@example.org", "ana@work.example"})
    assert _rows(desk) == before
    assert desk.changes(ana) == []


def test_who_saw_another_version_of_either_card_merges_nothing(desk: CustomersDesk) -> None:
    ana, work = desk.mail("ana@example.org"), desk.mail("ana@work.example")
    desk.update(work, name="Somebody else")
    desk.update(work, name="Ana at work")
    request = customers_pb2.MergeCustomersRequest(kept_id=ana, merged_id=work, expected_merged_version=1)
    assert refusal(desk.client, "MergeCustomers", request)[0] == "ABORTED"
    assert desk.card(work).id == work


def test_who_saw_a_card_that_nobody_had_changed_can_say_so(desk: CustomersDesk) -> None:
    ana, work = desk.asker(email="ana@example.org"), desk.asker(email="ana@work.example")
    request = customers_pb2.MergeCustomersRequest(
        kept_id=ana, merged_id=work, expected_kept_version=-1, expected_merged_version=-1
    )
    desk.note(work, "Moved.")
    assert refusal(desk.client, "MergeCustomers", request)[0] == "ABORTED"
    assert desk.card(work).id == work


@pytest.mark.parametrize(
    ("kept", "merged", "status"),
    [("ana", "ana", "FAILED_PRECONDITION"), ("ana", "nobody", "NOT_FOUND"), ("ana", "", "INVALID_ARGUMENT")],
)
def test_what_cannot_be_one_is_refused(desk: CustomersDesk, kept: str, merged: str, status: str) -> None:
    ids = {"ana": desk.mail("ana@example.org")}
    request = customers_pb2.MergeCustomersRequest(
        kept_id=ids.get(kept, kept), merged_id=ids.get(merged, merged)
    )
    assert refusal(desk.client, "MergeCustomers", request)[0] == status


def test_only_the_merge_that_is_meant_is_undone(desk: CustomersDesk) -> None:
    ana, work = desk.mail("ana@example.org"), desk.mail("ana@work.example")
    first = desk.merge(ana, work).merge_id
    desk.undo(work, merge_id=first)
    second = desk.merge(ana, work).merge_id
    request = customers_pb2.UndoMergeRequest(customer_id=work, merge_id=first)
    assert refusal(desk.client, "UndoMerge", request)[0] == "FAILED_PRECONDITION"
    desk.undo(work, merge_id=second)
    again = customers_pb2.UndoMergeRequest(customer_id=work)
    assert refusal(desk.client, "UndoMerge", again)[0] == "FAILED_PRECONDITION"


def test_the_log_says_who_merged_whom(desk: CustomersDesk) -> None:
    ana, work = desk.mail("ana@example.org"), desk.mail("ana@work.example")
    merge_id = desk.merge(ana, work).merge_id
    desk.undo(work)
    for one in (ana, work):
        undone, merged = desk.changes(one)
        assert (merged.fact, undone.fact) == ("CustomersMerged", "MergeUndone")
        assert {merged.merge_id, undone.merge_id} == {merge_id}
        assert merged.actor.kind == "system"
        assert merged.other_id == (work if one == ana else ana)
