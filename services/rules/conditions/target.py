"""The target of the SLA policy that was warned of or missed: first_reply, next_reply, resolution."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.TEXT


def read(view: View) -> Value:
    return view.heard.moment.target if view.heard.moment is not None else ""
