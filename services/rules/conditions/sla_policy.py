"""The id of the SLA policy that was set on the ticket."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.TEXT


def read(view: View) -> Value:
    return view.ticket.sla_policy
