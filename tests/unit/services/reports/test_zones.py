"""Hours and days of a report are those of the zone that is named."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chassis.errors import InvalidFields
from services.reports.application.query_report import query_report
from services.reports.domain.figures import Figures
from services.reports.domain.query import Query, checked_query
from services.reports.domain.tally import Key, minute_of, moment_of
from services.reports.domain.zones import begin_of_bucket
from tests.unit.services.reports.conftest import Counted

DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "America/Havana",
    "Australia/Lord_Howe",
)


def opened_at(counted: Counted, *moments: datetime) -> None:
    for moment in moments:
        counted.kept[Key("channel", minute_of(moment), "mail")] = Figures({"opened": 1})


def answered(counted: Counted, query: Query) -> list[tuple[datetime, int]]:
    return [(moment_of(row.minute), row.figures["opened"]) for row in query_report(query, counted)]


def test_what_came_after_midnight_in_berlin_is_of_the_next_day(counted: Counted) -> None:
    evening = datetime(2026, 3, 2, 22, 45, tzinfo=UTC)
    opened_at(counted, evening, evening + QUARTER)
    span = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC))
    assert answered(counted, Query(*span, "", 1440, "Europe/Berlin")) == [
        (datetime(2026, 3, 1, 23, tzinfo=UTC), 1),
        (datetime(2026, 3, 2, 23, tzinfo=UTC), 1),
    ]


def test_an_hour_of_kathmandu_begins_a_quarter_past_utcs(counted: Counted) -> None:
    begin = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
    opened_at(counted, *(begin + number * QUARTER for number in range(-1, 5)))
    query = Query(begin, begin + timedelta(hours=1), "", 60, "Asia/Kathmandu")
    assert answered(counted, query) == [(begin, 4)]


def test_an_hour_that_comes_twice_is_two(counted: Counted) -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    opened_at(counted, first, first + timedelta(hours=1))
    query = Query(first, first + timedelta(hours=2), "", 60, "Europe/Berlin")
    assert [at.hour for at, _ in answered(counted, query)] == [0, 1]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        # Midnight itself is leapt over.
        ("Asia/Beirut", date(2026, 3, 29), 23),
        # Midnight comes twice.
        ("America/Havana", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
    ],
)
def test_a_day_is_as_long_as_its_zones_clock_says(zone: str, day: date, hours: float) -> None:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    query = Query(noon, noon + QUARTER, "", 1440, zone)
    assert query.end_minute - query.first_minute == hours * 60


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("minutes", [15, 60, 1440])
def test_buckets_of_a_year_follow_one_another_and_lose_nothing(zone: str, minutes: int) -> None:
    begin = minute_of(datetime(2026, 1, 1, tzinfo=UTC))
    begins = [begin_of_bucket(begin + 15 * number, minutes, zone) for number in range(365 * 96)]
    assert begins == sorted(begins)
    assert all(begin_of_bucket(one, minutes, zone) == one for one in set(begins))


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "Europe", "a\0b"])
def test_a_zone_that_does_not_exist_is_refused_by_name(zone: str) -> None:
    with pytest.raises(InvalidFields) as refusal:
        checked_query(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC), "", 1440, zone)
    assert [field.field for field in refusal.value.fields] == ["time_zone"]
