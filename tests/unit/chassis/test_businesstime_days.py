"""Hours of dates, versions and nights in which clocks change, against a second hand that reads the wall clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.businesstime import (
    Calendar,
    CalendarError,
    DayHours,
    Hours,
    InvalidDay,
    InvalidWindow,
    OverlappingWindows,
    Version,
    Window,
    compile_calendar,
    day_begins,
    zone_named,
)
from chassis.businesstime.written import Written

OFFICE = tuple(Window(day, "09:00", "18:00") for day in range(1, 6))
# A night in which something happens to the clocks: the zone, and a moment before it in UTC.
NIGHTS = (
    ("Europe/Berlin", "2026-03-28T20:00"),
    ("Europe/Berlin", "2026-10-24T20:00"),
    ("Australia/Lord_Howe", "2026-10-03T10:00"),
    ("Australia/Lord_Howe", "2026-04-04T10:00"),
    # Summer time all year but for Ramadan.
    ("Africa/Casablanca", "2026-02-14T20:00"),
    ("Africa/Casablanca", "2026-03-21T20:00"),
    # Clocks went forward and back at midnight, until 2018 and 2019.
    ("America/Sao_Paulo", "2018-11-03T22:00"),
    ("America/Sao_Paulo", "2019-02-16T22:00"),
    # The 30th of December 2011 was left out.
    ("Pacific/Apia", "2011-12-29T20:00"),
    ("America/St_Johns", "2011-03-13T00:00"),
    ("America/Havana", "2026-10-31T22:00"),
)


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def hours(amount: float) -> timedelta:
    return timedelta(hours=amount)


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def shows_open(calendar_hours: Hours, moment: datetime) -> bool:
    """The definition, read off the wall clock."""
    local = moment.astimezone(zone_named(calendar_hours.zone))
    now, today, yesterday = (
        local.hour * 60 + local.minute,
        local.date(),
        local.date() - timedelta(days=1),
    )
    written = {one.day: one.hours for one in calendar_hours.days}
    for opens, closes in written.get(yesterday, ()):
        if _minutes(closes) <= _minutes(opens) and now < _minutes(closes):
            return True
    if today in written:
        return any(_holds(pair, now) for pair in written[today])
    if today in calendar_hours.holidays:
        return False
    for window in calendar_hours.windows:
        pair = (window.opens, window.closes)
        if window.weekday == local.isoweekday() and _holds(pair, now):
            return True
        is_over_midnight = _minutes(window.closes) <= _minutes(window.opens)
        if (
            is_over_midnight
            and window.weekday % 7 + 1 == local.isoweekday()
            and now < _minutes(window.closes)
        ):
            return True
    return False


def _holds(pair: tuple[str, str], now: int) -> bool:
    opens, closes = _minutes(pair[0]), _minutes(pair[1])
    return opens <= now and (closes <= opens or now < closes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


@st.composite
def pairs(draw: st.DrawFn) -> tuple[tuple[str, str], ...]:
    """Hours of a day, the last of them perhaps over midnight, but never into what others may begin with."""
    marks = sorted(draw(st.lists(st.integers(180, 1_440), max_size=4, unique=True)))
    found = [(_clock(first), _clock(last)) for first, last in zip(marks[::2], marks[1::2], strict=False)]
    if draw(st.booleans()) and (not found or found[-1][1] < "23:00"):
        found.append(("23:00", _clock(draw(st.integers(0, 180)))))
    return tuple(found)


@st.composite
def hours_around(draw: st.DrawFn, zone: str, around: date) -> Hours:
    windows = [
        Window(day, opens, closes)
        for day in range(1, 8)
        if draw(st.booleans())
        for opens, closes in draw(pairs())
    ]
    windows = windows or [Window(3, "09:00", "17:00")]
    near = st.integers(-3, 4).map(lambda days: around + timedelta(days=days))
    days = draw(st.lists(near, max_size=3, unique=True))
    return Hours(
        zone,
        tuple(windows),
        frozenset(draw(st.lists(near, max_size=2))),
        tuple(DayHours(day, draw(pairs())) for day in days),
    )


@given(st.data(), st.sampled_from(NIGHTS))
@settings(max_examples=30, deadline=None)
def test_random_hours_equal_a_second_hand_in_nights_of_changing_clocks(
    data: st.DataObject, night: tuple[str, str]
) -> None:
    zone, text = night
    start = at(text)
    calendar = Calendar(data.draw(hours_around(zone, start.date())))
    # Every second of an hour, and every minute of the night around it.
    first = start + timedelta(minutes=data.draw(st.integers(0, 720)))
    first += timedelta(seconds=data.draw(st.integers(0, 59)))
    seen = sum(shows_open(calendar.hours, first + timedelta(seconds=second)) for second in range(3_600))
    assert calendar.between(first, first + hours(1)) == timedelta(seconds=seen)
    seen = sum(shows_open(calendar.hours, start + timedelta(minutes=minute)) for minute in range(1_440))
    assert calendar.between(start, start + hours(24)) == timedelta(minutes=seen)


@given(st.data(), st.sampled_from(NIGHTS))
@settings(max_examples=40, deadline=None)
def test_versions_equal_a_second_hand_that_asks_the_version_of_the_day(
    data: st.DataObject, night: tuple[str, str]
) -> None:
    zone, text = night
    start = at(text)
    older = data.draw(hours_around(zone, start.date()))
    newer = data.draw(hours_around(data.draw(st.sampled_from((zone, "UTC"))), start.date()))
    day = start.date() + timedelta(days=data.draw(st.integers(0, 1)))
    calendar = Calendar.of([Version(older), Version(newer, valid_from=day)])
    begins = datetime.fromtimestamp(day_begins(newer.zone, day), UTC)
    seen = 0
    for minute in range(2 * 1_440):
        moment = start + timedelta(minutes=minute)
        seen += shows_open(newer if moment >= begins else older, moment)
    assert calendar.between(start, start + hours(48)) == timedelta(minutes=seen)
    # What was written once counts as it stands, and only where its version counts.
    first_year = start.year - 1
    written = Calendar(older).write(first_year, first_year + 3)
    again = Calendar.of([Version(older, written=written), Version(newer, valid_from=day)])
    assert again.between(start, start + hours(48)) == timedelta(minutes=seen)


@given(st.data(), st.sampled_from(NIGHTS), st.integers(0, 200 * 3_600), st.integers(0, 200 * 3_600))
@settings(max_examples=60, deadline=None)
def test_the_laws_of_time_hold_over_versions(
    data: st.DataObject, night: tuple[str, str], first: int, second: int
) -> None:
    zone, text = night
    start = at(text)
    versions = [
        Version(data.draw(hours_around(zone, start.date())), start.date() + timedelta(days=n) if n else None)
        for n in range(3)
    ]
    calendar = Calendar.of(versions)
    a, b = start + timedelta(seconds=first), start + timedelta(seconds=second)
    assert calendar.between(start, a) + calendar.between(a, b) == calendar.between(start, b)
    assert calendar.between(start, min(a, b)) <= calendar.between(start, max(a, b))
    amount = timedelta(seconds=second)
    due = calendar.after(a, amount)
    assert calendar.between(a, due) == amount
    if amount:
        assert calendar.between(a, due - timedelta(microseconds=1)) < amount


def test_a_half_day_closes_at_noon() -> None:
    calendar = compile_calendar("UTC", OFFICE, days=[DayHours(date(2026, 12, 24), (("09:00", "12:00"),))])
    assert calendar.after(at("2026-12-24T11:00"), hours(2)) == at("2026-12-25T10:00")


def test_an_extra_working_day_is_open_though_it_is_a_saturday_or_a_holiday() -> None:
    saturday = date(2026, 6, 6)
    calendar = compile_calendar(
        "UTC", OFFICE, [saturday], [DayHours(saturday, (("09:00", "12:00"), ("13:00", "18:00")))]
    )
    assert calendar.after(at("2026-06-05T17:00"), hours(5)) == at("2026-06-06T14:00")


def test_hours_written_for_a_night_hold_past_midnight_into_a_holiday() -> None:
    calendar = compile_calendar(
        "UTC", OFFICE, [date(2027, 1, 1)], [DayHours(date(2026, 12, 31), (("20:00", "02:00"),))]
    )
    assert calendar.between(at("2026-12-31T00:00"), at("2027-01-02T00:00")) == hours(6)


def test_what_is_left_of_a_written_night_does_not_count_twice() -> None:
    calendar = compile_calendar(
        "UTC", [Window(5, "01:00", "05:00")], days=[DayHours(date(2026, 12, 31), (("20:00", "02:00"),))]
    )
    assert calendar.between(at("2026-12-31T00:00"), at("2027-01-02T00:00")) == hours(9)


def test_a_date_without_hours_is_closed() -> None:
    calendar = compile_calendar("UTC", OFFICE, days=[DayHours(date(2026, 6, 5))])
    assert not calendar.is_open(at("2026-06-05T12:00"))


def test_the_past_stays_what_it_was() -> None:
    longer = Hours("UTC", tuple(Window(day, "08:00", "20:00") for day in range(1, 6)))
    calendar = Calendar.of([Version(Hours("UTC", OFFICE)), Version(longer, valid_from=date(2026, 7, 1))])
    assert calendar.between(at("2026-06-30T00:00"), at("2026-07-01T00:00")) == hours(9)
    assert calendar.between(at("2026-07-01T00:00"), at("2026-07-02T00:00")) == hours(12)


def test_a_version_without_a_date_takes_the_place_of_all_before_it() -> None:
    longer = Hours("UTC", tuple(Window(day, "08:00", "20:00") for day in range(1, 6)))
    calendar = Calendar.of([Version(Hours("UTC", OFFICE)), Version(longer)])
    assert calendar.between(at("2026-06-30T00:00"), at("2026-07-01T00:00")) == hours(12)


def test_a_day_that_a_zone_left_out_begins_with_the_next() -> None:
    assert day_begins("Pacific/Apia", date(2011, 12, 30)) == day_begins("Pacific/Apia", date(2011, 12, 31))
    # 01:00 is the first that clocks showed of that day.
    assert datetime.fromtimestamp(day_begins("America/Sao_Paulo", date(2018, 11, 4)), UTC) == at(
        "2018-11-04T03:00"
    )


def test_hours_of_the_left_out_day_are_no_time_at_all() -> None:
    calendar = compile_calendar("Pacific/Apia", [Window(5, "00:00", "24:00")])
    assert calendar.between(at("2011-12-26T12:00"), at("2012-01-02T00:00")) == hours(0)


def test_what_was_written_counts_whatever_the_hours_say_now() -> None:
    written = Calendar(Hours("UTC", OFFICE)).write(2026, 2027)
    shorter = Hours("UTC", (Window(1, "09:00", "10:00"),))
    calendar = Calendar.of([Version(shorter, written=written)])
    assert calendar.between(at("2026-06-01T00:00"), at("2026-06-08T00:00")) == hours(45)
    assert calendar.between(at("2028-06-05T00:00"), at("2028-06-12T00:00")) == hours(1)
    assert calendar.between(at("2025-06-02T00:00"), at("2025-06-09T00:00")) == hours(1)


@pytest.mark.parametrize("lengths", [(5,), (5, 0), (0, 5, 0, 5), (-1, 5), (5, 200)])
def test_intervals_that_are_none_are_not_read(lengths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="open intervals"):
        Written(0, 100, lengths)


@pytest.mark.parametrize(
    ("days", "refusal", "field"),
    [
        ([DayHours(date(2026, 6, 5)), DayHours(date(2026, 6, 5))], InvalidDay, "days[1].day"),
        (
            [DayHours(date(2026, 6, 5), (("09:00", "12:00"), ("11:00", "13:00")))],
            OverlappingWindows,
            "days[0].hours[1]",
        ),
        ([DayHours(date(2026, 6, 5), (("9", "12:00"),))], InvalidWindow, "days[0].hours[0].opens"),
        (
            [
                DayHours(date(2026, 6, 5), (("22:00", "04:00"),)),
                DayHours(date(2026, 6, 6), (("03:00", "09:00"),)),
            ],
            OverlappingWindows,
            "days[0].hours[0]",
        ),
    ],
)
def test_a_day_that_cannot_be_names_its_field(
    days: list[DayHours], refusal: type[CalendarError], field: str
) -> None:
    with pytest.raises(refusal) as raised:
        compile_calendar("UTC", OFFICE, days=days)
    assert raised.value.field == field
