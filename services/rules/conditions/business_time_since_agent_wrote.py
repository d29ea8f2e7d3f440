"""How long ago an agent answered last, in the open hours of the ticket's calendar."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.DURATION


def read(view: View) -> Value:
    return view.open_since(view.ticket.last_agent_message_at)
