"""How long ago the requester wrote last, in the open hours of the ticket's calendar."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.DURATION


def read(view: View) -> Value:
    return view.open_since(view.ticket.last_requester_message_at)
