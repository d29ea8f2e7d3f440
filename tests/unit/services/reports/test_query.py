"""What may be asked, what is refused, and by the name of which field."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from chassis.clock import FixedClock
from chassis.errors import InvalidField, InvalidFields
from services.reports.application.query_report import query_report
from services.reports.application.write_export import start_export, write_export
from services.reports.domain.export import DONE
from services.reports.domain.figures import Figures
from services.reports.domain.query import (
    MOST_ROWS,
    Query,
    checked_board_span,
    checked_load_query,
    checked_query,
)
from services.reports.domain.tally import Key, by_day, minute_of
from tests.fakes.reports import MemoryExports
from tests.fakes.ticket_facts import MONDAY, TicketLife
from tests.unit.services.reports.conftest import Counted

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("ask", "fields"),
    [
        (lambda: checked_query(None, None, "", 0), ["from", "to"]),
        (lambda: checked_query(MONDAY, MONDAY, "", 0), ["to"]),
        (lambda: checked_query(MONDAY + DAY, MONDAY, "", 0), ["to"]),
        (lambda: checked_query(MONDAY, MONDAY + 401 * DAY, "", 0), ["to"]),
        (lambda: checked_query(MONDAY, MONDAY + DAY, "colour", 7), ["by", "bucket_minutes"]),
        (lambda: checked_load_query(MONDAY, MONDAY + 36 * DAY, "", 1), ["to"]),
        (lambda: checked_load_query(MONDAY, MONDAY + DAY, "", 60), ["bucket_minutes"]),
        (lambda: checked_load_query(None, MONDAY, "", 15), ["from"]),
    ],
)
def test_every_wrong_field_is_named(ask: Callable[[], object], fields: list[str]) -> None:
    with pytest.raises(InvalidFields) as refusal:
        ask()
    assert [field.field for field in refusal.value.fields] == fields


@pytest.mark.parametrize("seconds", [-60, 30, 90, 86_460])
def test_a_boards_span_is_whole_minutes_of_a_day_at_most(seconds: int) -> None:
    with pytest.raises(InvalidField) as refusal:
        checked_board_span(seconds)
    assert refusal.value.field == "span_seconds"


def test_four_hundred_days_may_be_asked_for() -> None:
    assert checked_query(MONDAY, MONDAY + 400 * DAY, "tag", 1440).minutes == 1440


def test_wider_buckets_are_the_sum_of_the_kept_ones(counted: Counted) -> None:
    counted.hear_all([TicketLife().opens(minutes) for minutes in (0, 20, 50, 70)])
    begin = MONDAY.replace(hour=0)
    by_hour = query_report(Query(begin, begin + DAY, "", 60), counted)
    assert [(row.minute - minute_of(MONDAY), row.figures["opened"]) for row in by_hour] == [(0, 3), (60, 1)]
    (by_day,) = query_report(Query(begin, begin + DAY, "", 1440), counted)
    assert (by_day.minute, by_day.figures["opened"]) == (minute_of(begin), 4)


def test_a_bucket_that_the_span_touches_is_taken_whole(counted: Counted) -> None:
    counted.hear_all([TicketLife().opens(1), TicketLife().opens(16)])
    begin = MONDAY + timedelta(minutes=5)
    rows = query_report(Query(begin, begin + timedelta(minutes=5)), counted)
    assert [row.figures["opened"] for row in rows] == [1]


def test_more_rows_than_one_answer_holds_are_refused_with_a_way_out(counted: Counted) -> None:
    for number in range(MOST_ROWS + 1):
        counted.kept[Key("tag", minute_of(MONDAY), f"tag{number}")] = Figures({"opened": 1})
    with pytest.raises(InvalidField, match="export"):
        query_report(Query(MONDAY, MONDAY + DAY, "tag"), counted)


def test_an_export_has_every_row_and_is_written_once(counted: Counted) -> None:
    for number in range(MOST_ROWS + 1):
        counted.kept[Key("tag", minute_of(MONDAY), f"tag{number}")] = Figures({"opened": number})
    exports, clock = MemoryExports(), FixedClock(datetime(2026, 3, 3, tzinfo=UTC))
    query = Query(MONDAY, MONDAY + DAY, "tag")
    first = start_export("e1", query, "me", clock.now(), exports)
    assert start_export("e1", query, "me", clock.now(), exports) == first
    assert write_export("e1", clock, counted, exports)
    assert not write_export("e1", clock, counted, exports), "a job that comes twice"
    done = exports.rows["e1"]
    # tag0 opened nothing, so it has no row.
    assert (done.state, done.rows, done.size) == (DONE, MOST_ROWS, len(exports.files["e1"]))
    table = list(csv.DictReader(io.StringIO(exports.files["e1"].decode())))
    assert len(table) == MOST_ROWS
    assert table[0]["bucket_at"] == "2026-03-02T10:00:00Z"
    assert {row["key"]: row["opened"] for row in table}["tag77"] == "77"


def test_an_export_is_no_formula(counted: Counted) -> None:
    counted.kept[Key("tag", minute_of(MONDAY), "=cmd()")] = Figures({"opened": 1})
    exports, clock = MemoryExports(), FixedClock(MONDAY)
    start_export("e", Query(MONDAY, MONDAY + DAY, "tag"), "me", clock.now(), exports)
    write_export("e", clock, counted, exports)
    assert b",'=cmd()," in exports.files["e"]


def test_days_are_the_sum_of_their_quarters_and_what_moved_within_one_leaves_no_row(counted: Counted) -> None:
    morning, evening = (Key("tag", minute_of(MONDAY) + minutes, "refund") for minutes in (0, 600))
    noon = morning._replace(value="lost")
    days = by_day(
        {
            morning: Figures({"opened": -1}),
            evening: Figures({"opened": 1}),
            noon: Figures({"opened": 2, "solved": 1}),
        }
    )
    assert {key.value: row.counts for key, row in days.items()} == {"lost": {"opened": 2, "solved": 1}}
    assert {key.minute % 1440 for key in days} == {0}
