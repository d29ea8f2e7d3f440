"""The timer whose moment has come, as <owner>:<key>."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.TEXT


def read(view: View) -> Value:
    return view.heard.moment.timer if view.heard.moment is not None else ""
