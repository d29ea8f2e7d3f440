"""Which days an iCalendar file closes, and which files are none."""

from datetime import date

import pytest

from services.sla.adapters.icalendar_days import NoCalendar, days_of_file

FIRST, LAST = date(2025, 1, 1), date(2028, 12, 31)


def a_file(*events: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN"]
    for number, event in enumerate(events):
        lines += ["BEGIN:VEVENT", f"UID:{number}", "DTSTAMP:20260101T000000Z", *event.split(), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def days(*events: str) -> list[str]:
    return [one.day.isoformat() for one in days_of_file(a_file(*events), FIRST, LAST)]


def test_an_event_of_a_day_and_one_of_several_are_closed() -> None:
    body = a_file(
        "DTSTART;VALUE=DATE:20260309 SUMMARY:Outing", "DTSTART;VALUE=DATE:20261224 DTEND;VALUE=DATE:20261227"
    )
    found = days_of_file(body, FIRST, LAST)
    assert [one.day.isoformat() for one in found] == ["2026-03-09", "2026-12-24", "2026-12-25", "2026-12-26"]
    assert found[0].name == "Outing"
    assert days("DTSTART;VALUE=DATE:20260309 DURATION:P2D") == ["2026-03-09", "2026-03-10"]


def test_an_appointment_and_a_cancelled_event_close_nothing() -> None:
    assert days("DTSTART:20260309T090000Z", "DTSTART;VALUE=DATE:20260310 STATUS:CANCELLED") == []


def test_what_repeats_is_told_for_every_year_but_those_it_leaves_out() -> None:
    assert days("DTSTART;VALUE=DATE:20000501 RRULE:FREQ=YEARLY EXDATE;VALUE=DATE:20270501") == [
        "2025-05-01",
        "2026-05-01",
        "2028-05-01",
    ]
    assert days("DTSTART;VALUE=DATE:20000501 RRULE:FREQ=YEARLY;UNTIL=20260501") == [
        "2025-05-01",
        "2026-05-01",
    ]
    assert days("DTSTART;VALUE=DATE:20240501 RRULE:FREQ=YEARLY;COUNT=2") == ["2025-05-01"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no iCalendar file"),
        (b"<html>login</html>", "no iCalendar file"),
        (
            b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:2026\r\nEND:VEVENT\r\nEND:VCALENDAR",
            "no iCalendar file",
        ),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR", "no iCalendar file"),
        (a_file("DTSTART;VALUE=DATE:20260101 DTEND;VALUE=DATE:20270101"), "an event of 365 days"),
        (a_file("DTSTART;VALUE=DATE:20260101 DTEND;VALUE=DATE:20251201"), "an event of 0 days"),
        (a_file("DTSTART;VALUE=DATE:20260101 RRULE:FREQ=DAILY"), "more than half of 2026"),
        (a_file("DTSTART;VALUE=DATE:20260101 RRULE:FREQ=SECONDLY"), "no holiday has"),
        (a_file("DTSTART;VALUE=DATE:00010101 RRULE:FREQ=DAILY"), "begins in 1"),
    ],
)
def test_what_is_no_calendar_of_days_is_said_in_words(body: bytes, why: str) -> None:
    with pytest.raises(NoCalendar, match=why):
        days_of_file(body, FIRST, LAST)
