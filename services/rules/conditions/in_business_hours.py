"""Whether the ticket's calendar is open at the moment of the event: the calendar of its organisation, group, channel
or company; without any it always is."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.FLAG


def read(view: View) -> Value:
    return view.is_open()
