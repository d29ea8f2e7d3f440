"""Calendars as documents, and back."""

import struct
import zlib
from datetime import date
from typing import Any

from chassis.businesstime import Hours, Whom, Window, Written
from chassis.mongo import Document
from services.sla.domain.policy import RUNNING, NamedCalendar
from services.sla.domain.special_day import Feed, NamedDay, SpecialDay


def calendar_to_row(calendar: NamedCalendar) -> Document:
    """One version of a calendar."""
    hours, whom, written = calendar.hours, calendar.whom, calendar.written
    row: Document = {
        "_id": f"{calendar.calendar_id}:{calendar.version}",
        "calendar_id": calendar.calendar_id,
        "name": calendar.name,
        "zone": hours.zone,
        "windows": [[window.weekday, window.opens, window.closes] for window in hours.windows],
        "holidays": sorted(day.isoformat() for day in hours.holidays),
        "version": calendar.version,
        "saved_at": calendar.saved_at,
        "applies_to": calendar.applies_to,
        "valid_from": calendar.valid_from.isoformat() if calendar.valid_from else "",
        "days": [
            [one.day.isoformat(), one.name, [list(pair) for pair in one.hours], one.like_weekday]
            for one in calendar.days
        ],
        "country": calendar.country,
        "region": calendar.region,
        "feeds": [
            {"url": feed.url, "days": _days_to_row(feed.days), "read_at": feed.read_at}
            for feed in calendar.feeds
        ],
        "domains": list(whom.domains),
        "groups": list(whom.groups),
        "channels": list(whom.channels),
        "is_company": whom.is_company,
        "cause": calendar.cause,
        "public_days": _days_to_row(calendar.public_days),
        "holidays_version": calendar.holidays_version,
    }
    if written is not None:
        row["written"] = {
            "begin": written.begin,
            "end": written.end,
            "tzdata": written.tzdata,
            # A year of office hours repeats itself: it takes 1 KB where numbers would take 20.
            "lengths": zlib.compress(struct.pack(f"<{len(written.lengths)}I", *written.lengths)),
        }
    return row


def calendar_of_row(row: Document) -> NamedCalendar:
    """Rows of before lack what calendars could not say then."""
    return NamedCalendar(
        calendar_id=row["calendar_id"],
        name=row["name"],
        hours=Hours(
            row["zone"],
            tuple(Window(*window) for window in row["windows"]),
            frozenset(date.fromisoformat(day) for day in row["holidays"]),
        ),
        version=row["version"],
        saved_at=row["saved_at"],
        applies_to=row.get("applies_to", RUNNING),
        valid_from=date.fromisoformat(row["valid_from"]) if row.get("valid_from") else None,
        days=tuple(_special_of_row(day) for day in row.get("days", ())),
        country=row.get("country", ""),
        region=row.get("region", ""),
        feeds=tuple(
            Feed(feed["url"], _days_of_row(feed["days"]), feed["read_at"]) for feed in row.get("feeds", ())
        ),
        whom=Whom(
            tuple(row.get("domains", ())),
            tuple(row.get("groups", ())),
            tuple(row.get("channels", ())),
            row.get("is_company", False),
        ),
        cause=row.get("cause", ""),
        public_days=_days_of_row(row.get("public_days", ())),
        holidays_version=row.get("holidays_version", ""),
        written=_written_of_row(row["written"]) if "written" in row else None,
    )


def _special_of_row(row: Any) -> SpecialDay:
    day, name, hours, like_weekday = row
    return SpecialDay(
        date.fromisoformat(day), name, tuple((opens, closes) for opens, closes in hours), like_weekday
    )


def _written_of_row(row: Document) -> Written:
    packed = zlib.decompress(row["lengths"])
    lengths = struct.unpack(f"<{len(packed) // 4}I", packed)
    return Written(row["begin"], row["end"], lengths, row["tzdata"])


def _days_to_row(days: tuple[NamedDay, ...]) -> list[list[str]]:
    return [[one.day.isoformat(), one.name] for one in days]


def _days_of_row(rows: Any) -> tuple[NamedDay, ...]:
    return tuple(NamedDay(date.fromisoformat(day), name) for day, name in rows)
