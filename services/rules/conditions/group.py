"""The id of the ticket's group."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.TEXT


def read(view: View) -> Value:
    return view.ticket.group
