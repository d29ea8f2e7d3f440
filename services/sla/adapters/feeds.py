"""Closed days that others publish: read when a calendar names them, and looked at again by a loop.

A feed that is down or tells nonsense closes and opens nothing: its last good days count, and what is wrong is kept.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date

import structlog

from chassis.batches import BatchRunner, Task
from chassis.clock import Clock
from chassis.errors import InvalidField
from chassis.fetch import NotFetched
from chassis.leases import Lease
from chassis.mongo import Documents, named_failures
from relaydesk.sla.v1 import service_pb2 as pb
from services.sla.adapters.icalendar_days import NoCalendar, days_of_file
from services.sla.adapters.mongo.book import Shelf
from services.sla.domain.calendar_check import is_web_address
from services.sla.domain.calendar_days import YEARS_AFTER, YEARS_BEFORE, next_valid_day, runs_out
from services.sla.domain.commands import SaveCalendar
from services.sla.domain.policy import NamedCalendar
from services.sla.domain.special_day import Feed, NamedDay

# The bytes at an address. Raises NotFetched.
Fetch = Callable[[str], bytes]


class Feeds:
    """Reads feeds, and keeps how each of them is."""

    def __init__(self, database: Documents, clock: Clock, fetch: Fetch) -> None:
        self._rows = database["feeds"]
        self._clock = clock
        self._fetch = fetch

    def filled(self, calendar: NamedCalendar, present: NamedCalendar | None) -> NamedCalendar:
        """The calendar with the days of its feeds: of one that was read before its last good ones. Raises InvalidField
        for a new one that cannot be read."""
        known = {feed.url: feed for feed in present.feeds} if present is not None else {}
        feeds = []
        for place, feed in enumerate(calendar.feeds):
            if feed.url in known:
                feeds.append(known[feed.url])
                continue
            # What is no address is refused with everything else.
            if not is_web_address(feed.url):
                feeds.append(feed)
                continue
            try:
                feeds.append(self.read(feed.url))
            except (NotFetched, NoCalendar) as error:
                name = f"calendar.feeds[{place}]"
                raise InvalidField(name, f"an iCalendar file at this address; {error}", feed.url) from None
        return replace(calendar, feeds=tuple(feeds))

    def read(self, url: str) -> Feed:
        """The feed as it is now. Raises NotFetched, NoCalendar."""
        now = self._clock.now()
        first, last = date(now.year - YEARS_BEFORE, 1, 1), date(now.year + YEARS_AFTER, 12, 31)
        return Feed(url, days_of_file(self._fetch(url), first, last), now)

    def look_again(self, feed: Feed) -> Feed:
        """The feed as it is now, or as it was when it was last well; how it went is kept."""
        now = self._clock.now()
        try:
            fresh = self.read(feed.url)
            if _ahead(feed.days, now.date()) and not _ahead(fresh.days, now.date()):
                raise NoCalendar("it has no day any more that is still to come")
        except (NotFetched, NoCalendar) as error:
            with named_failures():
                self._rows.update_one(
                    {"_id": feed.url},
                    [
                        {
                            "$set": {
                                "failure": str(error)[:300],
                                "failed_since": {"$ifNull": ["$failed_since", now]},
                            }
                        }
                    ],
                    upsert=True,
                )
            return feed
        with named_failures():
            self._rows.replace_one({"_id": feed.url}, {"read_at": now}, upsert=True)
        return fresh if fresh.days != feed.days else feed

    def states(self) -> dict[str, pb.FeedState]:
        """How each feed is, by its address; of one that was read only once nothing is kept."""
        with named_failures():
            rows = list(self._rows.find())
        states: dict[str, pb.FeedState] = {}
        for row in rows:
            state = states[row["_id"]] = pb.FeedState(url=row["_id"], failure=row.get("failure", ""))
            for name in ("read_at", "failed_since"):
                if row.get(name) is not None:
                    getattr(state, name).FromDatetime(row[name])
        return states


def _ahead(days: Iterable[NamedDay], today: date) -> bool:
    return any(one.day > today for one in days)


class CalendarKeeper:
    """Makes a version, for the time from tomorrow on, where a feed has other days or the years written out run short."""

    def __init__(self, clock: Clock, shelf: Shelf, feeds: Feeds, runner: BatchRunner) -> None:
        self._clock = clock
        self._shelf = shelf
        self._feeds = feeds
        self._runner = runner
        self._log = structlog.get_logger(__name__)

    def look(self, lease: Lease) -> bool:
        """One look at every calendar."""
        self._shelf.newest()
        for calendar in self._shelf.calendars.values():
            feeds = tuple(self._feeds.look_again(feed) for feed in calendar.feeds)
            now = self._clock.now()
            cause = "feed" if feeds != calendar.feeds else "years" if runs_out(calendar, now) else ""
            if cause:
                self._save(replace(calendar, feeds=feeds, cause=cause), calendar.version)
        return False

    def _save(self, calendar: NamedCalendar, version: int) -> None:
        fresh = replace(calendar, valid_from=next_valid_day(calendar, self._clock.now()), written=None)
        (outcome,) = self._runner.run([Task("", SaveCalendar(fresh, version))])
        if outcome.error is not None:
            # It is met again at the next look.
            self._log.error(
                "calendar_not_kept", calendar=calendar.calendar_id, error=str(outcome.error)[:500]
            )
        else:
            self._log.info("calendar_kept", calendar=calendar.calendar_id, cause=calendar.cause)
