"""How often the ticket came back after it was solved."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.NUMBER


def read(view: View) -> Value:
    return view.ticket.reopen_count
