"""Who caused the event: the requester, an agent, a rule, the system or another system by the API."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.TEXT
CHOICES = ("requester", "agent", "rule", "system", "api")


def read(view: View) -> Value:
    return view.heard.actor
