"""How long ago the requester wrote last; machines do not count."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.DURATION


def read(view: View) -> Value:
    return view.since(view.ticket.last_requester_message_at)
