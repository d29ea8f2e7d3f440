"""The ticket's tags; subtree asks for a tag or anything below it."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import View

KIND = Kind.LIST


def read(view: View) -> Value:
    return view.ticket.tags
