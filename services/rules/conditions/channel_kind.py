"""The kind of that channel, such as email or api."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.TEXT


def read(view: View) -> Value:
    return view.ticket.channel_kind
