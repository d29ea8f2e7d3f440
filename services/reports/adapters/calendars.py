"""Calendars as sla says them: in a fact, in an answer, and as they are kept."""

from collections.abc import Sequence

import grpc

from chassis.businesstime import CalendarNews, SavedCalendar
from chassis.calendars import calendar_as_told
from chassis.stamps import moment_of
from relaydesk.sla.v1 import events_pb2, service_pb2
from relaydesk.sla.v1.service_pb2_grpc import SlaServiceStub

RETRIED = ("relaydesk.sla.v1.SlaService/ListCalendarFacts",)


def calendar_of(fact: events_pb2.CalendarChanged) -> SavedCalendar:
    """Raises ValueError for what is no calendar."""
    return calendar_as_told(fact, moment_of(fact.saved_at) if fact.HasField("saved_at") else None)


def calendar_of_bytes(told: bytes) -> SavedCalendar:
    """A calendar as it was kept."""
    return calendar_of(events_pb2.CalendarChanged.FromString(told))


def news_of(fact: events_pb2.CalendarChanged) -> CalendarNews:
    """Raises ValueError for what is no calendar: it is set aside, and never kept."""
    calendar_of(fact)
    return CalendarNews(fact.calendar_id, fact.version, fact.SerializeToString(deterministic=True))


class CalendarFacts:
    """Asks sla for every version there is."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._sla = SlaServiceStub(channel)

    def page(self, token: str) -> tuple[Sequence[CalendarNews], str]:
        """A page, and the token of the next. Raises Unavailable."""
        answer = self._sla.ListCalendarFacts(service_pb2.ListCalendarFactsRequest(page_token=token))
        return [news_of(fact) for fact in answer.calendars], answer.next_page_token
