"""How many minutes before the target is due the warning was wanted."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.NUMBER


def read(view: View) -> Value:
    moment = view.heard.moment
    return moment.lead_seconds // 60 if moment is not None and moment.lead_seconds else None
