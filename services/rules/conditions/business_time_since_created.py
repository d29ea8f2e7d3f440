"""How long ago the ticket began, in the open hours of its calendar."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.DURATION


def read(view: View) -> Value:
    return view.open_since(view.ticket.created_at)
