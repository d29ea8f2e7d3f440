"""The calls about calendars of SlaService."""

# ruff: noqa: N802 - the methods have the names of the contract

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from chassis.batches import BatchRunner, Task
from chassis.businesstime import zone_named
from chassis.clock import Clock
from chassis.errors import InvalidField, NotFound
from relaydesk.sla.v1 import service_pb2 as pb
from relaydesk.sla.v1.service_pb2_grpc import SlaServiceServicer
from services.sla.adapters.calendar_facts import facts_page
from services.sla.adapters.calendar_wire import calendar_of_wire, calendar_to_wire, year_day_to_wire
from services.sla.adapters.feeds import Feeds
from services.sla.adapters.mongo.book import Shelf, ShelfPolicies
from services.sla.application.save_calendar import next_calendar
from services.sla.domain.calendar_year import changes, days_of
from services.sla.domain.commands import SaveCalendar
from services.sla.domain.policy import NamedCalendar

# For how many days ahead it is said what a version would change.
AHEAD = timedelta(days=60)
_FIRST_YEAR, _LAST_YEAR = 1970, 2200


class CalendarRpc(SlaServiceServicer):
    """Answers in threads."""

    def __init__(self, clock: Clock, shelf: Shelf, runner: BatchRunner, feeds: Feeds) -> None:
        self._clock = clock
        self._shelf = shelf
        self._runner = runner
        self._feeds = feeds

    def ListCalendars(self, request: pb.ListCalendarsRequest, _: Any) -> pb.ListCalendarsResponse:
        calendars = sorted(ShelfPolicies(self._shelf).newest_calendars(), key=lambda one: one.name)
        states = self._feeds.states()
        return pb.ListCalendarsResponse(calendars=[calendar_to_wire(one, states) for one in calendars])

    def GetCalendar(self, request: pb.GetCalendarRequest, _: Any) -> pb.GetCalendarResponse:
        versions = self._versions(request.id)
        wanted = request.version or versions[-1].version
        for calendar in versions:
            if calendar.version == wanted:
                return pb.GetCalendarResponse(calendar=calendar_to_wire(calendar, self._feeds.states()))
        raise NotFound(f"calendar {request.id} has no version {wanted}")

    def ListCalendarVersions(
        self, request: pb.ListCalendarVersionsRequest, _: Any
    ) -> pb.ListCalendarVersionsResponse:
        answer = pb.ListCalendarVersionsResponse()
        for calendar in reversed(self._versions(request.id)):
            wire = calendar_to_wire(calendar)
            wire.ClearField("closed_days")
            answer.calendars.append(wire)
        return answer

    def ListCalendarFacts(self, request: pb.ListCalendarFactsRequest, _: Any) -> pb.ListCalendarFactsResponse:
        ShelfPolicies(self._shelf)
        return facts_page(self._shelf.versions.values(), request.page_token)

    def SaveCalendar(self, request: pb.SaveCalendarRequest, _: Any) -> pb.SaveCalendarResponse:
        saved = ShelfPolicies(self._shelf)
        wanted = calendar_of_wire(request.calendar)
        # What cannot be is refused before anybody outside is asked.
        plain = replace(wanted, feeds=())
        next_calendar(SaveCalendar(plain, request.expected_version), saved, self._clock.now())
        filled = self._feeds.filled(wanted, saved.calendar(wanted.calendar_id))
        (outcome,) = self._runner.run([Task("", SaveCalendar(filled, request.expected_version))])
        if outcome.error is not None:
            raise outcome.error
        assert isinstance(outcome.answer, NamedCalendar)
        return pb.SaveCalendarResponse(calendar=calendar_to_wire(outcome.answer, self._feeds.states()))

    def PreviewCalendar(self, request: pb.PreviewCalendarRequest, _: Any) -> pb.PreviewCalendarResponse:
        now = self._clock.now()
        if request.year and not _FIRST_YEAR <= request.year <= _LAST_YEAR:
            raise InvalidField("year", f"{_FIRST_YEAR} to {_LAST_YEAR}, or 0", str(request.year))
        before: Sequence[NamedCalendar] = ()
        if request.WhichOneof("which") == "calendar":
            saved = ShelfPolicies(self._shelf)
            wanted = calendar_of_wire(request.calendar)
            plain = replace(wanted, feeds=())
            next_calendar(SaveCalendar(plain, request.expected_version), saved, now)
            filled = self._feeds.filled(wanted, saved.calendar(wanted.calendar_id))
            next_one = next_calendar(SaveCalendar(filled, request.expected_version), saved, now)
            before = saved.versions(next_one.calendar_id)
            versions = (*before, next_one)
        else:
            versions = self._versions(request.id)
        newest = versions[-1]
        today = now.astimezone(zone_named(newest.hours.zone)).date()
        year = request.year or today.year
        answer = pb.PreviewCalendarResponse(
            calendar=calendar_to_wire(newest, self._feeds.states()),
            year=year,
            days=[year_day_to_wire(day) for day in days_of(versions, date(year, 1, 1), date(year, 12, 31))],
        )
        for old, new in changes(before, versions, today, today + AHEAD):
            answer.changes.add(before=year_day_to_wire(old), after=year_day_to_wire(new))
        return answer

    def _versions(self, calendar_id: str) -> tuple[NamedCalendar, ...]:
        versions = tuple(ShelfPolicies(self._shelf).versions(calendar_id))
        if not versions:
            raise NotFound(f"there is no calendar {calendar_id}")
        return versions
