"""When the ticket began."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.MOMENT


def read(view: View) -> Value:
    return view.ticket.created_at
