"""Business time against a naive second hand, and by worked examples."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.businesstime import (
    Calendar,
    CalendarError,
    InvalidWindow,
    NeverOpen,
    OverlappingWindows,
    UnknownZone,
    Window,
    always_open,
    compile_calendar,
)

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/St_Johns",
)
OFFICE = tuple(Window(day, "09:00", "18:00") for day in range(1, 6))


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def hours(amount: float) -> timedelta:
    return timedelta(hours=amount)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Random hours: some weekdays, up to three windows each, a few of them over midnight, some holidays."""
    windows: list[Window] = []
    for day in range(1, 8):
        marks = sorted(draw(st.lists(st.integers(0, 1_440), max_size=6, unique=True)))
        for opens, closes in zip(marks[::2], marks[1::2], strict=False):
            windows.append(Window(day, _clock(opens), _clock(closes)))
    # The hours before every other window begin at 06:00, so that a night shift overlaps nothing.
    if not windows or draw(st.booleans()):
        windows = [w for w in windows if w.opens >= "06:00" and w.closes <= "22:00"]
        windows.append(Window(draw(st.integers(1, 7)), "22:00", "06:00"))
    first = date(2026, 3, 1)
    holidays = draw(st.lists(st.integers(0, 60).map(lambda days: first + timedelta(days=days)), max_size=4))
    return compile_calendar(draw(st.sampled_from(ZONES)), windows, holidays)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


# Around the changes of spring in Europe and in the Americas, and the days after.
moments = st.integers(0, 40 * 86_400).map(lambda s: datetime(2026, 3, 5, tzinfo=UTC) + timedelta(seconds=s))
amounts = st.integers(0, 400 * 3_600).map(lambda seconds: timedelta(seconds=seconds))


def shows_open(calendar: Calendar, moment: datetime) -> bool:
    """The definition, read off the wall clock."""
    local = moment.astimezone(ZoneInfo(calendar.hours.zone))
    if local.date() in calendar.hours.holidays:
        return False
    now = f"{local:%H:%M}"
    for window in calendar.hours.windows:
        over_midnight = window.closes <= window.opens
        if (
            window.weekday == local.isoweekday()
            and window.opens <= now
            and (over_midnight or now < window.closes)
        ):
            return True
        if over_midnight and window.weekday % 7 + 1 == local.isoweekday() and now < window.closes:
            return True
    return False


@given(calendars(), moments, st.integers(1, 600))
@settings(max_examples=60, deadline=None)
def test_business_time_equals_a_second_hand_that_looks_at_the_wall_clock(
    calendar: Calendar, start: datetime, minutes: int
) -> None:
    # Windows begin on whole minutes, so a hand that jumps by minutes sees every second there is.
    start = start.replace(second=0)
    seen = sum(shows_open(calendar, start + timedelta(minutes=m)) for m in range(minutes))
    assert calendar.between(start, start + timedelta(minutes=minutes)) == timedelta(minutes=seen)


@given(calendars(), moments)
@settings(max_examples=100, deadline=None)
def test_a_calendar_is_open_when_the_wall_clock_says_so(calendar: Calendar, moment: datetime) -> None:
    assert calendar.is_open(moment) == shows_open(calendar, moment)


@given(calendars(), moments, moments, moments)
@settings(max_examples=100, deadline=None)
def test_business_time_adds_up(calendar: Calendar, a: datetime, b: datetime, c: datetime) -> None:
    assert calendar.between(a, b) + calendar.between(b, c) == calendar.between(a, c)


@given(calendars(), moments, moments, moments)
@settings(max_examples=100, deadline=None)
def test_business_time_never_runs_back(calendar: Calendar, a: datetime, b: datetime, c: datetime) -> None:
    first, second, third = sorted((a, b, c))
    assert timedelta(0) <= calendar.between(first, second) <= calendar.between(first, third)
    assert calendar.between(first, third) <= third - first


@given(calendars(), moments, amounts)
@settings(max_examples=100, deadline=None)
def test_the_moment_after_an_amount_is_the_first_by_which_it_has_passed(
    calendar: Calendar, start: datetime, amount: timedelta
) -> None:
    due = calendar.after(start, amount)
    assert calendar.between(start, due) == amount
    if amount:
        assert calendar.between(start, due - timedelta(seconds=1)) < amount


def edges(calendar: Calendar, moment: datetime) -> list[datetime]:
    """The last edge of open hours up to a moment, and the first one after it."""
    week = timedelta(days=9)
    found = [edge for span in calendar.spans(moment - week, moment + week) for edge in span]
    before = [edge for edge in found if edge <= moment]
    after = [edge for edge in found if edge > moment]
    return before[-1:] + after[:1]


@given(
    calendars(),
    moments,
    # A minute a week is the least that a calendar of these may have: more would lie beyond all years.
    st.integers(1, 20 * 3_600).map(lambda seconds: timedelta(seconds=seconds)),
    st.lists(st.tuples(st.booleans(), st.integers(0, 1), st.integers(-1, 1)), max_size=12),
)
@settings(max_examples=100, deadline=None)
def test_what_was_asked_before_changes_no_answer(
    calendar: Calendar, moment: datetime, amount: timedelta, turns: list[tuple[bool, int, int]]
) -> None:
    for at_the_end, which, micros in turns:
        # To where the hours of the moment or of its answer begin or end, and a microsecond to either side of it.
        due = calendar.after(moment, amount)
        near = due if at_the_end else moment
        moment += (edges(calendar, near) or [near])[-which] - near + timedelta(microseconds=micros)
        due = calendar.after(moment, amount)
        assert calendar.between(moment, due) == amount
        assert calendar.between(moment, due - timedelta(microseconds=1)) < amount


def test_a_moment_of_another_zone_is_answered_in_utc() -> None:
    office = compile_calendar("Europe/Berlin", OFFICE)
    for minute in (0, 1):
        start = datetime(2026, 3, 27, 16, minute, tzinfo=ZoneInfo("Europe/Berlin"))
        due = office.after(start, hours(4))
        assert (due, due.tzinfo) == (at(f"2026-03-30T11:0{minute}", "Europe/Berlin"), UTC)


@given(calendars(), moments, moments)
@settings(max_examples=50, deadline=None)
def test_the_open_spans_sum_up_to_the_business_time(calendar: Calendar, a: datetime, b: datetime) -> None:
    start, end = sorted((a, b))
    total = sum((last - first for first, last in calendar.spans(start, end)), timedelta(0))
    assert total == calendar.between(start, end)


@pytest.mark.parametrize(
    ("start", "amount", "due"),
    [
        ("2026-10-23T16:00", 2, "2026-10-23T18:00"),  # ends with the day, not with the next morning
        ("2026-10-23T17:00", 2, "2026-10-26T10:00"),  # over a weekend in which the clock is put back
        ("2026-10-24T12:00", 1, "2026-10-26T10:00"),  # begins on a Saturday
        ("2026-10-23T18:00", 9, "2026-10-26T18:00"),  # a whole day
    ],
)
def test_office_hours_over_the_end_of_summer_time(start: str, amount: int, due: str) -> None:
    calendar = compile_calendar("Europe/Berlin", OFFICE)
    assert calendar.after(at(start, "Europe/Berlin"), hours(amount)) == at(due, "Europe/Berlin")


def test_a_night_shift_is_an_hour_shorter_when_summer_time_begins() -> None:
    calendar = compile_calendar("Europe/Berlin", [Window(6, "22:00", "06:00")])
    assert calendar.between(at("2026-03-28T12:00"), at("2026-03-29T12:00")) == hours(7)
    assert calendar.between(at("2026-10-24T12:00"), at("2026-10-25T12:00")) == hours(9)


def test_a_wall_time_that_comes_twice_is_open_twice() -> None:
    calendar = compile_calendar("Europe/Berlin", [Window(7, "02:00", "02:30")])
    assert calendar.between(at("2026-10-25T00:00"), at("2026-10-25T12:00")) == hours(1)


def test_a_wall_time_that_is_left_out_is_open_for_no_time() -> None:
    calendar = compile_calendar("Europe/Berlin", [Window(7, "02:00", "03:00")])
    assert calendar.between(at("2026-03-29T00:00"), at("2026-03-29T12:00")) == hours(0)


def test_lunch_is_closed() -> None:
    calendar = compile_calendar("UTC", [Window(1, "09:00", "12:00"), Window(1, "13:00", "18:00")])
    assert calendar.after(at("2026-06-01T11:30"), hours(1)) == at("2026-06-01T13:30")
    assert not calendar.is_open(at("2026-06-01T12:00"))


def test_a_holiday_closes_its_local_date_and_nothing_else() -> None:
    calendar = compile_calendar(
        "UTC", [Window(d, "22:00", "06:00") for d in range(1, 8)], [date(2026, 12, 25)]
    )
    # 22:00 to midnight of the 24th, then 22:00 of the 26th is next but for the hours after midnight that day.
    assert calendar.after(at("2026-12-24T22:00"), hours(3)) == at("2026-12-26T01:00")


def test_round_the_clock_counts_every_second() -> None:
    calendar = compile_calendar("Europe/Berlin", [Window(day, "00:00", "24:00") for day in range(1, 8)])
    start, end = at("2026-03-01T00:00:00.250"), at("2026-11-01T00:00")
    assert calendar.between(start, end) == always_open().between(start, end) == end - start


def test_a_day_that_ends_at_midnight_has_no_closed_minute() -> None:
    until_24 = compile_calendar("UTC", [Window(1, "00:00", "24:00"), Window(2, "00:00", "00:00")])
    assert until_24.between(at("2026-06-01T00:00"), at("2026-06-03T00:00")) == hours(48)


def test_years_beyond_the_compiled_span_are_as_exact() -> None:
    calendar = compile_calendar("Europe/Berlin", OFFICE)
    assert calendar.between(at("2051-01-02T00:00"), at("2051-01-09T00:00")) == hours(45)
    assert calendar.after(at("1999-06-07T00:00"), hours(45)) == at("1999-06-11T16:00")
    assert calendar.after(at("2026-01-01T00:00"), hours(9 * 261 * 20)).year == 2046


def test_a_year_of_business_time_ahead_is_found_without_walking_there() -> None:
    calendar = compile_calendar("Europe/Berlin", OFFICE)
    due = calendar.after(at("2026-01-05T00:00"), hours(9 * 5 * 52))
    assert due == at("2027-01-01T18:00", "Europe/Berlin")


def test_nothing_is_due_at_once() -> None:
    calendar = compile_calendar("UTC", OFFICE)
    assert calendar.after(at("2026-06-06T12:00"), hours(0)) == at("2026-06-06T12:00")


@pytest.mark.parametrize(
    "zone", ["Europe/Atlantis", "", "Europe", "../etc/passwd", "/etc/localtime", "CEST+1"]
)
def test_a_zone_that_does_not_exist_is_refused(zone: str) -> None:
    with pytest.raises(UnknownZone) as refusal:
        compile_calendar(zone, OFFICE)
    assert refusal.value.field == "zone"


def test_a_calendar_that_is_never_open_is_refused() -> None:
    with pytest.raises(NeverOpen):
        compile_calendar("UTC", [])


def test_a_search_for_open_time_that_holidays_took_away_ends() -> None:
    first = date(2026, 1, 1)
    closed = [first + timedelta(days=7 * week) for week in range(53 * 145)]
    calendar = compile_calendar("UTC", [Window(4, "09:00", "10:00")], closed)
    with pytest.raises(NeverOpen):
        calendar.after(at("2026-01-02T00:00"), hours(1))


@pytest.mark.parametrize(
    "windows",
    [
        [Window(1, "09:00", "12:00"), Window(1, "11:59", "18:00")],
        [Window(7, "22:00", "06:00"), Window(1, "05:00", "07:00")],
        [Window(1, "09:00", "09:00"), Window(2, "08:00", "10:00")],
    ],
)
def test_overlapping_windows_are_refused_by_name(windows: list[Window]) -> None:
    with pytest.raises(OverlappingWindows) as refusal:
        compile_calendar("UTC", windows)
    assert refusal.value.field == "windows[1]"
    assert windows[0].opens in refusal.value.expected


@pytest.mark.parametrize(
    ("window", "field"),
    [
        (Window(0, "09:00", "10:00"), "windows[0].weekday"),
        (Window(8, "09:00", "10:00"), "windows[0].weekday"),
        (Window(1, "9:00", "10:00"), "windows[0].opens"),
        (Window(1, "24:00", "10:00"), "windows[0].opens"),
        (Window(1, "09:00", "24:01"), "windows[0].closes"),
        (Window(1, "09:00", "10:60"), "windows[0].closes"),
        (Window(1, "09:00", "١٠:٠٠"), "windows[0].closes"),
    ],
)
def test_a_window_that_cannot_be_names_its_field(window: Window, field: str) -> None:
    with pytest.raises(InvalidWindow) as refusal:
        compile_calendar("UTC", [window])
    assert refusal.value.field == field
    assert isinstance(refusal.value, CalendarError)
