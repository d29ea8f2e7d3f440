"""The text of the message that came with the event; empty where none did."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.TEXT


def read(view: View) -> Value:
    return view.heard.message.text if view.heard.message is not None else ""
