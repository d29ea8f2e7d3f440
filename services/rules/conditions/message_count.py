"""How many entries the ticket has, notes included."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.NUMBER


def read(view: View) -> Value:
    return view.ticket.message_count
