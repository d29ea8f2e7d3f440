"""What a calendar must be, said by the field that is not."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from chassis.businesstime import Calendar, CalendarError
from chassis.errors import InvalidField, InvalidFields
from services.sla.domain.calendar_days import countries
from services.sla.domain.policy import APPLIES, NamedCalendar

_MOST_WINDOWS = 100
_MOST_DAYS = 5_000
_MOST_NAMES = 200
_MOST_FEEDS = 5
_FIRST, _LAST = date(1970, 1, 1), date(2200, 1, 1)


@dataclass(slots=True)
class _Mistakes:
    found: list[InvalidField] = field(default_factory=list)

    def unless(self, holds: bool, name: str, expected: str, got: str = "") -> None:
        if not holds:
            self.found.append(InvalidField(f"calendar.{name}", expected, got))


def check_calendar(calendar: NamedCalendar, others: Iterable[NamedCalendar] = ()) -> None:
    """Raises InvalidFields with every mistake, each by its field. `others` are the newest versions of all calendars."""
    must = _Mistakes()
    must.unless(0 < len(calendar.name.strip()) <= _MOST_NAMES, "name", f"1 to {_MOST_NAMES} characters")
    must.unless(
        calendar.applies_to in APPLIES, "applies_to", f"one of {', '.join(APPLIES)}", calendar.applies_to
    )
    must.unless(len(calendar.hours.windows) <= _MOST_WINDOWS, "windows", f"at most {_MOST_WINDOWS} windows")
    must.unless(len(calendar.hours.holidays) <= _MOST_DAYS, "holidays", f"at most {_MOST_DAYS} days")
    must.unless(len(calendar.days) <= _MOST_DAYS, "days", f"at most {_MOST_DAYS} days")
    valid_from = calendar.valid_from
    must.unless(
        valid_from is None or _FIRST <= valid_from < _LAST,
        "valid_from",
        f"a day from {_FIRST.year} to {_LAST.year - 1}, or empty",
        str(valid_from),
    )
    _check_days(calendar, must)
    _check_country(calendar, must)
    _check_feeds(calendar, must)
    _check_whom(calendar, others, must)
    if not must.found:
        try:
            Calendar(calendar.effective)
        except CalendarError as error:
            must.unless(False, error.field, error.expected)
    if must.found:
        raise InvalidFields(must.found)


def check_opens(calendar: NamedCalendar, counted: Calendar, now: datetime) -> None:
    """Raises InvalidFields where closed days take away every moment that the windows open. `counted` is what it comes to."""
    try:
        counted.after(now, timedelta(seconds=1))
    except CalendarError as error:
        raise InvalidFields([InvalidField(f"calendar.{error.field}", error.expected)]) from None


def _check_days(calendar: NamedCalendar, must: _Mistakes) -> None:
    seen = set(calendar.hours.holidays)
    windows = {window.weekday for window in calendar.hours.windows}
    for place, one in enumerate(calendar.days):
        at = f"days[{place}]"
        must.unless(one.day not in seen, f"{at}.day", "a day that is not written twice", one.day.isoformat())
        seen.add(one.day)
        must.unless(len(one.name) <= _MOST_NAMES, f"{at}.name", f"at most {_MOST_NAMES} characters")
        must.unless(len(one.hours) <= 24, f"{at}.hours", "at most 24 of them")
        must.unless(
            one.like_weekday in (0, *windows),
            f"{at}.like_weekday",
            "a weekday with windows, 1 (Monday) to 7 (Sunday), or 0",
            str(one.like_weekday),
        )
        must.unless(
            not (one.hours and one.like_weekday), f"{at}.hours", "none beside like_weekday, which tells them"
        )


def _check_country(calendar: NamedCalendar, must: _Mistakes) -> None:
    country, region = calendar.country, calendar.region
    if not country:
        must.unless(not region, "region", "empty where no country is named", region)
        return
    known = countries()
    if country not in known:
        must.unless(False, "country", f"an ISO 3166 code, one of {', '.join(sorted(known))}", country)
        return
    regions = sorted(known[country])
    expected = (
        f"one of {', '.join(regions)}, or empty" if regions else f"empty: {country} has no regions here"
    )
    must.unless(not region or region in regions, "region", expected, region)


def _check_feeds(calendar: NamedCalendar, must: _Mistakes) -> None:
    must.unless(len(calendar.feeds) <= _MOST_FEEDS, "feeds", f"at most {_MOST_FEEDS} feeds")
    seen: set[str] = set()
    for place, feed in enumerate(calendar.feeds):
        must.unless(
            is_web_address(feed.url), f"feeds[{place}]", "an address that begins with https://", feed.url
        )
        must.unless(feed.url not in seen, f"feeds[{place}]", "an address that is not written twice", feed.url)
        seen.add(feed.url)


def is_web_address(url: str) -> bool:
    """An address that may be read over the network, without a password in it."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it raises where it is none
    except ValueError:
        return False
    return (
        parts.scheme in ("https", "http")
        and bool(parts.hostname)
        and parts.username is None
        and len(url) <= 2_000
        and url.isprintable()
        and " " not in url
    )


def _check_whom(calendar: NamedCalendar, others: Iterable[NamedCalendar], must: _Mistakes) -> None:
    neighbours = [one for one in others if one.calendar_id != calendar.calendar_id]
    for name in ("domains", "groups", "channels"):
        ours: tuple[str, ...] = getattr(calendar.whom, name)
        must.unless(len(ours) <= _MOST_NAMES, name, f"at most {_MOST_NAMES} of them", str(len(ours)))
        for place, one in enumerate(ours):
            at = f"{name}[{place}]"
            must.unless(bool(one.strip()) and one == one.strip(), at, "a name", one)
            _check_taken(at, one, name, neighbours, must)


def _check_taken(
    at: str, one: str, name: str, neighbours: Collection[NamedCalendar], must: _Mistakes
) -> None:
    for other in neighbours:
        taken = one in getattr(other.whom, name)
        must.unless(not taken, at, f"one that has no calendar: {other.name} is for it", one)
