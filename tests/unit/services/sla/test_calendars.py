"""The worked examples of docs/sla.md about calendars, a test each, in the order of the page."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from chassis.businesstime import Calendar, Hours, Whom, Window
from chassis.errors import InvalidFields
from services.sla.domain.commands import SaveCalendar, SavePolicy
from services.sla.domain.policy import NamedCalendar, Policy, counted_in
from services.sla.domain.special_day import Feed, NamedDay, SpecialDay
from services.sla.domain.target import TargetState
from tests.fakes.sla import MemoryPolicies, MemorySla
from tests.ticket_story import OFFICE, STANDARD, Story, a_book, a_line, berlin

NINE_TO_SIX = tuple(Window(day, "09:00", "18:00") for day in range(1, 6))


def hours(amount: float) -> timedelta:
    return timedelta(hours=amount)


def kept(ports: MemorySla, calendar: NamedCalendar, expected_version: int = 0) -> NamedCalendar:
    saved = ports.run(SaveCalendar(calendar, expected_version))
    assert isinstance(saved, NamedCalendar)
    return saved


def saved(calendar: NamedCalendar, when: str = "2026-01-01T00:00:00") -> NamedCalendar:
    return kept(MemorySla(berlin(when)), calendar)


def office(**more: Any) -> NamedCalendar:
    """Monday to Friday, nine to six, in Berlin."""
    return NamedCalendar("office", "Office", Hours("Europe/Berlin", NINE_TO_SIX), **more)


def due(calendar: NamedCalendar, opened: str, within: float = 4) -> datetime | None:
    book = a_book(replace(STANDARD, targets=(a_line("first_reply", within),)), calendars=(calendar,))
    state: TargetState = Story(opened).at(opened, book)["first_reply"]
    return state.due_at


def refused(calendar: NamedCalendar, *others: NamedCalendar) -> dict[str, str]:
    """What was wrong: what was expected of each field."""
    ports = MemorySla(berlin("01-01 00:00"), MemoryPolicies((), others))
    with pytest.raises(InvalidFields) as refusal:
        ports.run(SaveCalendar(calendar, 0))
    return {wrong.field: wrong.expected for wrong in refusal.value.fields}


# ---------------------------------------------------------------------------------------------------------- its dates


def test_public_holidays_of_a_country_and_of_a_region_are_closed() -> None:
    # The 8th of March is kept in Berlin alone, and in 2027 it is a Monday.
    berlins, bavarias = saved(office(country="DE", region="BE")), saved(office(country="DE", region="BY"))
    assert due(berlins, "2027-03-05T16:00:00") == berlin("2027-03-09T11:00:00")
    assert due(bavarias, "2027-03-05T16:00:00") == berlin("2027-03-08T11:00:00")
    assert due(bavarias, "2027-01-05T16:00:00") == berlin("2027-01-07T11:00:00")


def test_a_half_day_ends_when_it_says() -> None:
    eve = SpecialDay(date(2026, 12, 24), "Christmas Eve", (("09:00", "13:00"),))
    assert due(saved(office(country="DE", days=(eve,))), "12-24 11:00") == berlin("12-28 11:00")


def test_a_day_of_ones_own_comes_before_a_holiday() -> None:
    fair = SpecialDay(date(2026, 5, 1), "Fair", (("10:00", "12:00"), ("13:00", "16:00")))
    assert due(saved(office(country="DE", days=(fair,))), "04-30 17:00") == berlin("05-01 14:00")


def test_a_saturday_may_be_worked_like_a_weekday() -> None:
    moved = SpecialDay(date(2026, 6, 6), "For the 5th", like_weekday=5)
    closed = SpecialDay(date(2026, 6, 5), "Bridge")
    assert due(saved(office(days=(closed, moved))), "06-04 16:00") == berlin("06-06 11:00")


def test_days_of_a_feed_are_closed() -> None:
    feed = Feed("https://days.example/all.ics", (NamedDay(date(2026, 3, 9), "Works outing"),))
    assert due(saved(office(feeds=(feed,))), "03-06 16:00") == berlin("03-10 11:00")


def test_hours_of_a_written_night_hold_past_midnight() -> None:
    night = SpecialDay(date(2026, 12, 31), "New Year", (("20:00", "02:00"),))
    assert due(saved(office(country="DE", days=(night,))), "12-31 19:00") == berlin("2027-01-01T00:00:00")
    assert due(saved(office(country="DE", days=(night,))), "12-31 19:00", 7) == berlin("2027-01-04T10:00:00")


# ------------------------------------------------------------------------------------------------------- its versions


def two_versions(valid_from: date | None) -> MemorySla:
    """Nine to six; on the 15th of March it becomes eight to eight."""
    ports = MemorySla(
        berlin("01-01 00:00"), MemoryPolicies([replace(STANDARD, saved_at=berlin("01-01 00:00"))])
    )
    first = kept(ports, office())
    ports.now = berlin("03-15 12:00")
    longer = tuple(Window(day, "08:00", "20:00") for day in range(1, 6))
    second = replace(first, hours=Hours("Europe/Berlin", longer), valid_from=valid_from)
    kept(ports, second, 1)
    return ports


def test_before_its_day_a_version_changes_nothing() -> None:
    # Thursday 12 March 16:00: two hours on Thursday, nine on Friday, then Monday the 16th from 8:00 on.
    story = Story("03-12 16:00")
    state = story.at("03-17 07:00", two_versions(date(2026, 3, 16)).policies.book)["resolution"]
    assert (state.elapsed, state.due_at) == (hours(2 + 9 + 12), berlin("03-16 15:00"))


def test_a_version_without_a_day_tells_of_all_time() -> None:
    story = Story("03-12 16:00")
    state = story.at("03-17 07:00", two_versions(None).policies.book)["resolution"]
    assert (state.elapsed, state.due_at) == (hours(4 + 12 + 12), berlin("03-16 10:00"))


def test_what_was_written_out_counts_whatever_is_told_later() -> None:
    # Another release of the package, or of the time zones, says that Good Friday is no holiday.
    kept_once = saved(office(country="DE"))
    other = replace(kept_once, public_days=(), holidays_version="another")
    assert due(other, "04-02 16:00") == due(kept_once, "04-02 16:00") == berlin("04-07 11:00")


# ------------------------------------------------------------------------------------------------ whose calendar it is


def whose(story: Story, *calendars: NamedCalendar, policy: Policy = STANDARD) -> datetime | None:
    ports = MemorySla(berlin("01-01 00:00"), MemoryPolicies([replace(policy, calendar_id="")]))
    for one in calendars:
        kept(ports, one)
    return story.at("03-02 09:00", ports.policies.book)["first_reply"].due_at


def from_hour(hour: int, **whom: Any) -> NamedCalendar:
    """Open from this hour on, so that four hours from nine o'clock tell which one counted."""
    windows = tuple(Window(day, f"{hour}:00", "24:00") for day in range(1, 6))
    return NamedCalendar(f"c{hour}", f"From {hour}", Hours("Europe/Berlin", windows), whom=Whom(**whom))


def test_the_organisations_calendar_comes_before_the_groups_the_channels_and_the_companys() -> None:
    four = [
        from_hour(10, is_company=True),
        from_hour(11, channels=("support",)),
        from_hour(12, groups=("claims",)),
        from_hour(13, domains=("shop.example",)),
    ]
    story = Story("03-02 09:00", group="claims", sender="bob@eu.shop.example")
    dues = [whose(story, *four[:count]) for count in range(1, 5)]
    assert dues == [berlin(f"03-02 {hour}:00") for hour in (14, 15, 16, 17)]


def test_the_policys_own_calendar_comes_before_all() -> None:
    ports = MemorySla(berlin("01-01 00:00"), MemoryPolicies([STANDARD], [OFFICE]))
    kept(ports, from_hour(12, is_company=True, channels=("support",)))
    state = Story("03-02 09:00").at("03-02 09:00", ports.policies.book)["first_reply"]
    assert state.due_at == berlin("03-02 13:00")


def test_with_a_calendar_of_the_company_a_policy_needs_none_of_its_own() -> None:
    policy = replace(STANDARD, calendar_id="")
    ports = MemorySla(berlin("01-01 00:00"))
    with pytest.raises(InvalidFields):
        ports.run(SavePolicy(policy, 0))
    company = kept(ports, from_hour(12, is_company=True))
    ports.run(SavePolicy(policy, 0))
    with pytest.raises(InvalidFields) as refusal:
        ports.run(SaveCalendar(replace(company, whom=Whom()), 1))
    assert [wrong.field for wrong in refusal.value.fields] == ["calendar.is_company"]


# -------------------------------------------------------------------------------------------------- what is not kept


def test_a_calendar_that_cannot_be_is_refused_by_its_field_with_what_was_expected() -> None:
    new_year = date(2026, 1, 1)
    for wrong, field, expected in (
        (office(country="XX"), "calendar.country", "ISO 3166"),
        (office(country="DE", region="XX"), "calendar.region", "BE, BW"),
        (office(region="BE"), "calendar.region", "empty where no country is named"),
        (office(days=(SpecialDay(new_year), SpecialDay(new_year))), "calendar.days[1].day", "twice"),
        (
            office(days=(SpecialDay(new_year, like_weekday=7),)),
            "calendar.days[0].like_weekday",
            "with windows",
        ),
        (
            office(days=(SpecialDay(new_year, hours=(("9", "10:00"),)),)),
            "calendar.days[0].hours[0].opens",
            "HH:MM",
        ),
        (office(feeds=(Feed("ftp://days.example"),)), "calendar.feeds[0]", "https://"),
        (office(valid_from=date(1800, 1, 1)), "calendar.valid_from", "1970"),
        (replace(office(), hours=Hours("Mars/Base", NINE_TO_SIX)), "calendar.zone", "IANA"),
        (replace(office(), hours=Hours("UTC", ())), "calendar.windows", "at least one"),
        (
            replace(office(), hours=Hours("UTC", (*NINE_TO_SIX, Window(1, "17:00", "19:00")))),
            "calendar.windows[5]",
            "apart",
        ),
    ):
        found = refused(wrong)
        assert list(found) == [field], found
        assert expected in found[field]


def test_a_day_that_is_an_own_holiday_and_has_hours_is_written_twice() -> None:
    day = date(2026, 3, 2)
    both = replace(
        office(days=(SpecialDay(day, hours=(("09:00", "10:00"),)),)),
        hours=Hours("UTC", NINE_TO_SIX, frozenset({day})),
    )
    assert list(refused(both)) == ["calendar.days[0].day"]


def test_two_calendars_for_one_group_are_refused_with_the_name_of_the_other() -> None:
    found = refused(from_hour(11, groups=("a", "claims")), from_hour(12, groups=("claims",)))
    assert list(found) == ["calendar.groups[1]"]
    assert "From 12" in found["calendar.groups[1]"]


def test_every_mistake_of_a_calendar_is_named_at_once() -> None:
    found = refused(office(country="XX", applies_to="maybe", valid_from=date(1800, 1, 1)))
    assert set(found) == {"calendar.country", "calendar.applies_to", "calendar.valid_from"}


def test_holidays_are_told_for_the_years_around_the_one_it_is_saved_in() -> None:
    calendar = saved(office(country="PT"), "2026-03-01T00:00:00")
    assert {one.day.year for one in calendar.public_days} == set(range(2023, 2033))
    assert calendar.written is not None
    assert calendar.written.tzdata
    assert calendar.holidays_version
    assert isinstance(counted_in([calendar]), Calendar)
