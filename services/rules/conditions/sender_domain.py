"""What follows the @ of the requester's address."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.TEXT


def read(view: View) -> Value:
    return view.ticket.requester_email.rpartition("@")[2]
