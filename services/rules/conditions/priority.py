"""How much the ticket matters."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.TEXT
CHOICES = ("low", "medium", "high", "urgent")


def read(view: View) -> Value:
    return view.ticket.priority
