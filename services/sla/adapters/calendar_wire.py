"""Calendars as messages of the contract, and back."""

from collections.abc import Mapping
from datetime import date

from chassis.businesstime import Hours, Whom, Window
from chassis.errors import InvalidField
from relaydesk.sla.v1 import service_pb2 as pb
from services.sla.domain.calendar_days import closed_days
from services.sla.domain.calendar_year import YearDay
from services.sla.domain.policy import RUNNING, NamedCalendar
from services.sla.domain.special_day import Feed, SpecialDay


def calendar_of_wire(wire: pb.Calendar) -> NamedCalendar:
    """A calendar as somebody wrote it; its feeds are not read yet. Raises InvalidField for a day that does not exist."""
    return NamedCalendar(
        wire.id,
        wire.name.strip(),
        Hours(
            wire.zone,
            tuple(Window(window.weekday, window.opens, window.closes) for window in wire.windows),
            frozenset(_day(day, f"holidays[{place}]") for place, day in enumerate(wire.holidays)),
        ),
        applies_to=wire.applies_to or RUNNING,
        valid_from=_day(wire.valid_from, "valid_from") if wire.valid_from else None,
        days=tuple(
            SpecialDay(
                _day(one.day, f"days[{place}].day"),
                one.name.strip(),
                tuple((pair.opens, pair.closes) for pair in one.hours),
                one.like_weekday,
            )
            for place, one in enumerate(wire.days)
        ),
        country=wire.country.strip().upper(),
        region=wire.region.strip(),
        feeds=tuple(Feed(url.strip()) for url in wire.feeds),
        whom=Whom(
            tuple(dict.fromkeys(one.casefold() for one in wire.domains)),
            tuple(dict.fromkeys(wire.groups)),
            tuple(dict.fromkeys(wire.channels)),
            wire.is_company,
        ),
    )


def calendar_to_wire(
    calendar: NamedCalendar, states: Mapping[str, pb.FeedState] | None = None
) -> pb.Calendar:
    """`states` of its feeds by their addresses."""
    written, whom = calendar.written, calendar.whom
    wire = pb.Calendar(
        id=calendar.calendar_id,
        name=calendar.name,
        zone=calendar.hours.zone,
        windows=[
            pb.OpenWindow(weekday=window.weekday, opens=window.opens, closes=window.closes)
            for window in calendar.hours.windows
        ],
        holidays=sorted(day.isoformat() for day in calendar.hours.holidays),
        version=calendar.version,
        valid_from=calendar.valid_from.isoformat() if calendar.valid_from else "",
        days=[
            pb.CalendarDay(
                day=one.day.isoformat(),
                name=one.name,
                hours=_hours_to_wire(one.hours),
                like_weekday=one.like_weekday,
            )
            for one in calendar.days
        ],
        country=calendar.country,
        region=calendar.region,
        feeds=[feed.url for feed in calendar.feeds],
        domains=whom.domains,
        groups=whom.groups,
        channels=whom.channels,
        applies_to=calendar.applies_to,
        is_company=whom.is_company,
        cause=calendar.cause,
        closed_days=[
            pb.ClosedDay(day=day.isoformat(), name=name)
            for day, name in sorted(closed_days(calendar).items())
        ],
        tzdata_version=written.tzdata if written is not None else "",
        holidays_version=calendar.holidays_version,
        feed_states=[_feed_to_wire(feed, (states or {}).get(feed.url)) for feed in calendar.feeds],
    )
    if calendar.saved_at is not None:
        wire.saved_at.FromDatetime(calendar.saved_at)
    return wire


def year_day_to_wire(day: YearDay) -> pb.CalendarYearDay:
    return pb.CalendarYearDay(
        day=day.day.isoformat(),
        kind=day.kind,
        name=day.name,
        hours=_hours_to_wire(day.hours),
        open_seconds=int(day.open.total_seconds()),
    )


def _hours_to_wire(hours: tuple[tuple[str, str], ...]) -> list[pb.DayHours]:
    return [pb.DayHours(opens=opens, closes=closes) for opens, closes in hours]


def _feed_to_wire(feed: Feed, state: pb.FeedState | None) -> pb.FeedState:
    wire = pb.FeedState(url=feed.url)
    if state is not None:
        wire.CopyFrom(state)
    wire.days = len(feed.days)
    if feed.read_at is not None and not wire.HasField("read_at"):
        wire.read_at.FromDatetime(feed.read_at)
    return wire


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidField(f"calendar.{field}", "a day as YYYY-MM-DD", text) from None
