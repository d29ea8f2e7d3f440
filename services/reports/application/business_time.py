"""How much of a time the ticket's calendar was open."""

from datetime import datetime, timedelta

from chassis.businesstime import Asker
from services.reports.application.ports import Calendars
from services.reports.domain.tally import Labels


def business_time(
    began: datetime, ended: datetime, labels: Labels, domain: str, calendars: Calendars
) -> timedelta:
    """In the calendar that was in force at the end, for what began then: of the requester's domain, the group, the channel or
    the company. Without any, all of it."""
    asker = Asker(domain, labels.group, labels.channel)
    timetable = calendars.newest().at(ended, min(began, ended))
    return timetable.calendar(asker).between(began, ended)
