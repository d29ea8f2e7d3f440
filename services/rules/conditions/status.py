"""Where the ticket stands."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.TEXT
CHOICES = ("new", "open", "pending", "on_hold", "solved", "closed", "spam", "merged")


def read(view: View) -> Value:
    return view.ticket.status
