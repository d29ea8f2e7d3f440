"""Checks that need the directory beside the rules of form."""

from services.tickets.application.ports import Directory
from services.tickets.domain import status as statuses
from services.tickets.domain.checks import Checks
from services.tickets.domain.commands import Sender


def check_value(checks: Checks, name: str, value: str, directory: Directory) -> None:
    """Whether a settable field of a ticket can take the value."""
    if name == "subject":
        checks.subject(value)
    elif name == "status":
        checks.one_of(value, statuses.SETTABLE, name)
    elif name == "priority":
        checks.one_of(value, statuses.PRIORITIES, name)
    elif name == "group":
        checks.that(not value or directory.has_group(value), name, "the id of a group, or nothing", value)
    elif name == "agent":
        agent = directory.agent(value) if value else None
        is_here = agent is not None and not agent.is_deactivated
        checks.that(not value or is_here, name, "the id of an agent, or nothing", value)
    elif name == "sla_policy":
        checks.name(value, name)
    else:
        checks.form_field(name.removeprefix("fields."), value, name)


def check_sender(checks: Checks, sender: Sender, phone_region: str, field: str = "requester") -> None:
    """Whether the person can be known again. A phone without its country is read as of the region."""
    checks.that(
        bool(sender.requester_id or sender.email or sender.phone or sender.external_id),
        field,
        "an id, an email, a phone or an external_id",
    )
    checks.name(sender.name, f"{field}.name")
    checks.name(sender.external_id, f"{field}.external_id")
    if sender.email:
        checks.email(sender.email, f"{field}.email")
    if sender.phone:
        checks.phone(sender.phone, f"{field}.phone", phone_region)
