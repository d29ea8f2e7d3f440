"""Whether the ticket is taken for spam: by a list of its mailbox, a rule, or an agent."""

from chassis.conditions import Kind, Value
from services.rules.domain.heard import SPAM
from services.rules.domain.view import View

KIND = Kind.FLAG


def read(view: View) -> Value:
    return view.ticket.status == SPAM
