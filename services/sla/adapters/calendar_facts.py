"""What is said of calendars."""

from collections.abc import Iterable, Iterator
from itertools import chain

from chassis.errors import InvalidField
from chassis.stamps import stamp
from relaydesk.sla.v1 import events_pb2
from relaydesk.sla.v1 import service_pb2 as pb
from services.sla.domain.events import CalendarChanged
from services.sla.domain.policy import NamedCalendar

# Calendars belong to no channel.
CALENDAR_LANE = "api"
# What an answer may weigh, about: a version of very many windows alone has a third of it.
_PAGE_BYTES = 1_000_000


def calendar_changed_to_wire(fact: CalendarChanged) -> events_pb2.CalendarChanged:
    """The whole version, whatever other versions there are."""
    calendar, hours = fact.calendar, fact.calendar.effective
    whom, written = calendar.whom, calendar.written
    wire = events_pb2.CalendarChanged(
        calendar_id=calendar.calendar_id,
        version=calendar.version,
        name=calendar.name,
        zone=hours.zone,
        applies_to=calendar.applies_to,
        valid_from=calendar.valid_from.isoformat() if calendar.valid_from else "",
        holidays_version=calendar.holidays_version,
        weekdays=[
            events_pb2.CalendarHours(weekday=one.weekday, opens=one.opens, closes=one.closes)
            for one in hours.windows
        ],
        closed_days=sorted(
            day.isoformat() for day in hours.holidays.union(one.day for one in hours.days if not one.hours)
        ),
        days=[
            events_pb2.CalendarHours(day=one.day.isoformat(), opens=opens, closes=closes)
            for one in hours.days
            for opens, closes in one.hours
        ],
        domains=whom.domains,
        groups=whom.groups,
        channels=whom.channels,
        is_company=whom.is_company,
    )
    if calendar.saved_at is not None:
        stamp(wire.saved_at, calendar.saved_at)
    if written is not None:
        wire.begins_seconds, wire.ends_seconds = written.begin, written.end
        wire.lengths_seconds.extend(written.lengths)
        wire.tzdata_version = written.tzdata
    return wire


def event_id_of_calendar(fact: CalendarChanged) -> str:
    """The same for the same version."""
    return f"calendar:{fact.calendar.calendar_id}:{fact.calendar.version}"


def facts_page(calendars: Iterable[Iterable[NamedCalendar]], page_token: str) -> pb.ListCalendarFactsResponse:
    """As many facts as one answer holds. Raises InvalidField for a token that nobody gave."""
    since = _place_of(page_token)
    answer = pb.ListCalendarFactsResponse()
    taken = 0
    for calendar in _in_order(calendars):
        place = (calendar.calendar_id, calendar.version)
        if place <= since:
            continue
        fact = calendar_changed_to_wire(CalendarChanged(calendar))
        taken += fact.ByteSize()
        if answer.calendars and taken > _PAGE_BYTES:
            last = answer.calendars[-1]
            answer.next_page_token = f"{last.version}:{last.calendar_id}"
            break
        answer.calendars.append(fact)
    return answer


def _in_order(calendars: Iterable[Iterable[NamedCalendar]]) -> Iterator[NamedCalendar]:
    yield from sorted(chain.from_iterable(calendars), key=lambda one: (one.calendar_id, one.version))


def _place_of(page_token: str) -> tuple[str, int]:
    version, _, calendar_id = page_token.partition(":")
    if not page_token:
        return "", 0
    if not version.isdecimal() or not calendar_id:
        raise InvalidField("page_token", "the next_page_token of an earlier answer", page_token)
    return calendar_id, int(version)
