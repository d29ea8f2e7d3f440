"""Whether a machine wrote the message: an auto-reply, a newsletter, a mailing list."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.FLAG


def read(view: View) -> Value:
    return view.heard.is_automatic
