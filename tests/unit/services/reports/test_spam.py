"""Spam is nobody's work: it is counted as opened when somebody takes it back, and by what it is then."""

from tests.fakes.ticket_facts import TicketLife
from tests.unit.services.reports.conftest import Counted


def test_what_a_list_took_for_spam_is_counted_as_nobodys_work(counted: Counted) -> None:
    life = TicketLife()
    life.opens(spam=True)
    life.changes(5, group="claims", tags=["vip"])
    counted.hear_all(life.told)
    assert counted.total["opened"] == 0
    assert not any(row["opened"] for row in (*counted.by("group").values(), *counted.by("tag").values()))


def test_what_was_taken_back_is_counted_where_it_is_by_then_and_moves_from_there(counted: Counted) -> None:
    life = TicketLife()
    life.opens(spam=True)
    life.changes(5, group="claims")
    life.changes(10, status="new", agent="anna")
    life.changes(15, group="sales")
    counted.hear_all(life.told)
    assert counted.total["opened"] == 1
    assert {value: row["opened"] for value, row in counted.by("group").items() if row["opened"]} == {
        "sales": 1
    }
    assert {value: row["opened"] for value, row in counted.by("agent").items() if row["opened"]} == {
        "anna": 1
    }


def test_what_is_taken_for_spam_later_stays_counted_once(counted: Counted) -> None:
    life = TicketLife()
    life.opens()
    for minutes, status in ((5, "spam"), (10, "new"), (15, "spam"), (20, "open")):
        life.changes(minutes, status=status, group=f"g{minutes}")
    counted.hear_all(life.told)
    assert counted.total["opened"] == 1
    assert {value: row["opened"] for value, row in counted.by("group").items() if row["opened"]} == {"g20": 1}
