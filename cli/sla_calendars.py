"""`relaydesk sla calendars`: open hours, a year of them, and what they were when."""

import argparse
from typing import Any

from cli.printing import one_line, table, when
from cli.system import System
from relaydesk.sla.v1 import service_pb2


def add(group: Any) -> None:
    """Add the words to those of `relaydesk sla`."""
    group.add_parser("calendars", help="all calendars, and how their feeds are").set_defaults(run=_list)
    year = group.add_parser(
        "calendar", help="a year of a calendar: its dates that are not like their weekday"
    )
    year.add_argument("id")
    year.add_argument("--year", type=int, default=0, help="the present one where it is not given")
    year.add_argument("--all", action="store_true", help="every date")
    year.set_defaults(run=_year)
    versions = group.add_parser("versions", help="every version of a calendar, the newest first")
    versions.add_argument("id")
    versions.set_defaults(run=_versions)


def _list(asked: argparse.Namespace, system: System) -> None:
    calendars = system.sla.ListCalendars(service_pb2.ListCalendarsRequest()).calendars
    table(
        ("NAME", "ZONE", "HOLIDAYS OF", "FOR", "FEEDS", "VERSION", "ID"),
        [
            (one.name, one.zone, _holidays_of(one), _whom(one), _feeds(one), one.version, one.id)
            for one in calendars
        ],
    )


def _year(asked: argparse.Namespace, system: System) -> None:
    request = service_pb2.PreviewCalendarRequest(id=asked.id, year=asked.year)
    told = system.sla.PreviewCalendar(request)
    table(
        ("DAY", "KIND", "OPEN", "HOURS", "NAME"),
        [
            (
                day.day,
                day.kind,
                f"{day.open_seconds // 3_600}:{day.open_seconds % 3_600 // 60:02}",
                ", ".join(f"{one.opens}-{one.closes}" for one in day.hours),
                one_line(day.name),
            )
            for day in told.days
            if asked.all or day.kind != "usual"
        ],
    )
    hours = sum(day.open_seconds for day in told.days) / 3_600
    print(f"{told.calendar.name}, {told.calendar.zone}: {hours:g} hours are open in {told.year}")


def _versions(asked: argparse.Namespace, system: System) -> None:
    request = service_pb2.ListCalendarVersionsRequest(id=asked.id)
    table(
        ("VERSION", "SAVED", "VALID FROM", "FOR", "WHY", "TZDATA", "HOLIDAYS", "NAME"),
        [
            (
                one.version,
                when(one.saved_at),
                one.valid_from or "always",
                one.applies_to,
                one.cause or "saved by hand",
                one.tzdata_version,
                one.holidays_version,
                one_line(one.name),
            )
            for one in system.sla.ListCalendarVersions(request).calendars
        ],
    )


def _holidays_of(calendar: service_pb2.Calendar) -> str:
    return "-".join(part for part in (calendar.country, calendar.region) if part)


def _whom(calendar: service_pb2.Calendar) -> str:
    named = [
        f"{kind} {one}" for kind in ("domain", "group", "channel") for one in getattr(calendar, f"{kind}s")
    ]
    return ", ".join([*named, *(["the company"] if calendar.is_company else [])])


def _feeds(calendar: service_pb2.Calendar) -> str:
    broken = [one for one in calendar.feed_states if one.failure]
    if broken:
        return f"broken since {when(broken[0].failed_since)}: {one_line(broken[0].failure)}"
    return "well" if calendar.feed_states else ""
