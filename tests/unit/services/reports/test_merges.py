"""What was merged goes on in another ticket: it is counted there, and its own opening and solving no longer."""

import random

from tests.fakes.ticket_facts import TicketLife
from tests.unit.services.reports.conftest import Counted


def test_a_merged_ticket_is_neither_opened_nor_solved_nor_reopened(counted: Counted) -> None:
    life = TicketLife()
    life.opens(tags=["vip"])
    life.changes(5, group="claims", agent="anna")
    life.merges(10)
    counted.hear_all(life.told)
    assert [counted.total[name] for name in ("opened", "solved", "reopened")] == [0, 0, 0]
    for by in ("channel", "group", "agent", "tag"):
        assert not any(row["opened"] for row in counted.by(by).values())


def test_what_was_solved_before_it_was_merged_counts_as_neither_and_as_both_once_undone(
    counted: Counted,
) -> None:
    life = TicketLife()
    life.opens()
    life.changes(20, status="solved")
    life.merges(30)
    counted.hear_all(life.told)
    assert [counted.total[name] for name in ("opened", "solved", "reopened")] == [0, 0, 0]
    counted.hear_all([life.unmerges(40, "solved")])
    assert [counted.total[name] for name in ("opened", "solved", "reopened")] == [1, 1, 0]


def test_opened_less_solved_and_reopened_is_what_is_open_whatever_was_merged(counted: Counted) -> None:
    merged, stays = TicketLife(), TicketLife()
    for life in (merged, stays):
        life.opens()
        life.changes(20, status="solved")
        life.hears(30)
    merged.merges(40)
    counted.hear_all([*merged.told, *stays.told])
    total = counted.total
    assert total["opened"] - total["solved"] + total["reopened"] == 1


def test_messages_that_came_along_are_counted_where_they_were_written_and_nowhere_else(
    counted: Counted,
) -> None:
    source, target = TicketLife(), TicketLife(channel="sales")
    fact, _ = source.opens()
    target.opens(1)
    source.merges(5)
    target.takes_in(5, fact.message)  # type: ignore[attr-defined]
    counted.hear_all([*source.told, *target.told])
    assert counted.total["messages_in"] == 2
    assert {value: row["messages_in"] for value, row in counted.by("channel").items()} == {
        "support": 1,
        "sales": 1,
    }


def test_facts_of_a_merge_are_counted_alike_in_any_order(counted: Counted) -> None:
    life = TicketLife()
    life.opens(tags=["vip"])
    life.changes(5, group="claims")
    life.merges(10)
    life.unmerges(20, "new")
    life.changes(25, group="money")
    told = list(life.told)
    random.Random(7).shuffle(told)
    counted.hear_all(told)
    assert counted.total["opened"] == 1
    opened = {value: row["opened"] for value, row in counted.by("group").items() if row["opened"]}
    assert opened == {"money": 1}
