"""A field of the ticket's form, asked for by its name: fields.order_number."""

from chassis.conditions import Kind, Value
from services.rules.domain.view import Read, View

KIND = Kind.TEXT


def read_of(name: str) -> Read:
    """How the field `name` is read."""

    def read(view: View) -> Value:
        return view.ticket.fields.get(name, "")

    return read
