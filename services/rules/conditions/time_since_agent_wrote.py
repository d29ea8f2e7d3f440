"""How long ago an agent, or another system for one, answered last."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.DURATION


def read(view: View) -> Value:
    return view.since(view.ticket.last_agent_message_at)
