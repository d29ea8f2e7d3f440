"""What the parameters of several actions have in common."""

import re
from collections.abc import Sequence

from services.rules.domain.heard import Ticket
from services.rules.domain.rule import WrongParam
from services.rules.domain.template import TemplateMistake, check_template, render

LONGEST_TAG = 100
_TAG = re.compile(r"[^\s/,*]+(?:/[^\s/,*]+)*")


def one_of(name: str, value: str, known: Sequence[str]) -> None:
    """Raises WrongParam."""
    if value not in known:
        raise WrongParam(name, f"one of {', '.join(known)}")


def a_tag(name: str, value: str) -> None:
    """Raises WrongParam."""
    if len(value) > LONGEST_TAG or _TAG.fullmatch(normal_tag(value)) is None:
        raise WrongParam(
            name, f"words joined by slashes, no blank, comma or star, at most {LONGEST_TAG} characters"
        )


def normal_tag(value: str) -> str:
    """The tag as tickets keep it."""
    return value.strip().lower()


def a_text(name: str, value: str) -> None:
    """Raises WrongParam."""
    try:
        check_template(value)
    except TemplateMistake as mistake:
        raise WrongParam(name, str(mistake)) from None


def filled(text: str, ticket: Ticket) -> str:
    """The text with the ticket's and the requester's values. Raises TemplateMistake."""
    values: dict[str, dict[str, object]] = {
        "ticket": {
            "number": ticket.number,
            "subject": ticket.subject,
            "status": ticket.status,
            "priority": ticket.priority,
            "channel": ticket.channel,
            "group": ticket.group,
            "agent": ticket.agent,
            "tags": ", ".join(ticket.tags),
            "fields": ticket.fields,
            "mailbox": ticket.mailbox,
        },
        "requester": {"name": ticket.requester_name, "email": ticket.requester_email},
    }
    return render(text, values)
