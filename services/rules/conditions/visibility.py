"""Whether the message that came with the event is public or internal."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.TEXT
CHOICES = ("public", "internal")


def read(view: View) -> Value:
    return view.heard.message.visibility if view.heard.message is not None else ""
