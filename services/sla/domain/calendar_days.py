"""A calendar is written out when it is saved: a span of years of holidays, and the open intervals that follow."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version

import holidays

from chassis.businesstime import Calendar, zone_named
from services.sla.domain.policy import NamedCalendar
from services.sla.domain.special_day import NamedDay

# What told the holidays of countries.
HOLIDAYS_VERSION = version("holidays")
# Years written out before and after the one in which it is saved; it is written anew when fewer than these are left.
YEARS_BEFORE = 3
YEARS_AFTER = 6
YEARS_LEFT = 4


def countries() -> dict[str, list[str]]:
    """The codes of all countries, each with those of its regions."""
    return holidays.list_supported_countries(include_aliases=False)


def holidays_of(country: str, region: str, first_year: int, last_year: int) -> tuple[NamedDay, ...]:
    """Public holidays by ISO 3166 codes, in order."""
    if not country:
        return ()
    found = holidays.country_holidays(country, subdiv=region or None, years=range(first_year, last_year + 1))
    days = (NamedDay(day, name) for day, name in sorted(found.items()))
    # Some holidays of a year are kept on a day of its neighbour.
    return tuple(one for one in days if first_year <= one.day.year <= last_year)


def written_out(calendar: NamedCalendar, now: datetime, since: datetime | None = None) -> NamedCalendar:
    """With its holidays and open intervals, those since a moment too where it is long ago. It is one that was checked."""
    first_year, last_year = now.year - YEARS_BEFORE, now.year + YEARS_AFTER
    if since is not None:
        # What is due in the first days of a year may have begun in the one before.
        first_year = min(first_year, since.year - 1)
    whole = replace(
        calendar,
        public_days=holidays_of(calendar.country, calendar.region, first_year, last_year),
        holidays_version=HOLIDAYS_VERSION if calendar.country else "",
    )
    return replace(whole, written=Calendar(whole.effective).write(first_year, last_year))


def runs_out(calendar: NamedCalendar, now: datetime) -> bool:
    """Whether too few of its years are written out; one of before was never written out at all."""
    written = calendar.written
    return written is None or datetime.fromtimestamp(written.end, UTC) < now.replace(
        year=now.year + YEARS_LEFT, day=min(now.day, 28)
    )


def closed_days(calendar: NamedCalendar) -> dict[date, str]:
    """Every date on which it stays closed as a whole, by its name; own days come before all others."""
    named = {one.day: one.name for one in calendar.public_days}
    for feed in calendar.feeds:
        named.update({one.day: one.name for one in feed.days})
    named.update(dict.fromkeys(calendar.hours.holidays - named.keys(), ""))
    for day in calendar.days:
        if day.written(calendar.hours.windows).hours:
            named.pop(day.day, None)
        else:
            named[day.day] = day.name
    return named


def next_valid_day(calendar: NamedCalendar, now: datetime) -> date:
    """From when a version that nobody wrote by hand counts: everything before tomorrow stays what it was."""
    return now.astimezone(zone_named(calendar.hours.zone)).date() + timedelta(days=1)
