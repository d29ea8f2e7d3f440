"""Calendars of the sla service, as the editor has them."""

from datetime import date, timedelta

from relaydesk.sla.v1 import service_pb2 as pb
from services.console.domain.calendars import (
    CalendarDraft,
    CalendarYear,
    FeedState,
    OwnDay,
    YearDay,
    hours_in,
    own_days,
    written_day,
    written_hours,
)


def draft_of(wire: pb.Calendar) -> CalendarDraft:
    """What the editor begins with."""
    weekdays = [
        written_hours(tuple((one.opens, one.closes) for one in wire.windows if one.weekday == day))
        for day in range(1, 8)
    ]
    days = [
        OwnDay(one.day, tuple((pair.opens, pair.closes) for pair in one.hours), one.like_weekday, one.name)
        for one in wire.days
    ]
    days += [OwnDay(day, (), 0, "") for day in wire.holidays]
    return CalendarDraft(
        calendar_id=wire.id,
        version=wire.version,
        name=wire.name,
        zone=wire.zone,
        weekdays=tuple(weekdays),
        days="\n".join(written_day(one) for one in sorted(days, key=lambda one: one.day)),
        country=wire.country,
        region=wire.region,
        feeds="\n".join(wire.feeds),
        valid_from=wire.valid_from,
        applies_to=wire.applies_to or "running",
        domains=", ".join(wire.domains),
        groups=tuple(wire.groups),
        channels=tuple(wire.channels),
        is_company=wire.is_company,
    )


def draft_to_wire(draft: CalendarDraft) -> pb.Calendar:
    """Raises InvalidField for what nobody can read."""
    windows = [
        pb.OpenWindow(weekday=day, opens=opens, closes=closes)
        for day, text in enumerate(draft.weekdays, 1)
        for opens, closes in hours_in(text, f"calendar.windows ({day})")
    ]
    days = [
        pb.CalendarDay(
            day=one.day,
            name=one.name,
            hours=[pb.DayHours(opens=opens, closes=closes) for opens, closes in one.hours],
            like_weekday=one.like_weekday,
        )
        for one in own_days(draft.days)
    ]
    return pb.Calendar(
        id=draft.calendar_id,
        name=draft.name,
        zone=draft.zone,
        windows=windows,
        days=days,
        country=draft.country,
        region=draft.region,
        feeds=draft.feeds.split(),
        valid_from=draft.valid_from,
        applies_to=draft.applies_to,
        domains=draft.domains.replace(",", " ").split(),
        groups=draft.groups,
        channels=draft.channels,
        is_company=draft.is_company,
    )


def year_of(wire: pb.PreviewCalendarResponse) -> CalendarYear:
    return CalendarYear(
        wire.calendar.name,
        wire.calendar.zone,
        wire.year,
        tuple(_day_of(one) for one in wire.days),
        tuple((_day_of(one.before), _day_of(one.after)) for one in wire.changes),
        tuple(FeedState(one.url, one.days, one.failure) for one in wire.calendar.feed_states),
    )


def _day_of(wire: pb.CalendarYearDay) -> YearDay:
    hours = tuple((one.opens, one.closes) for one in wire.hours)
    return YearDay(
        date.fromisoformat(wire.day), wire.kind, wire.name, hours, timedelta(seconds=wire.open_seconds)
    )
