"""Add a tag."""

from dataclasses import dataclass

from services.rules.domain.heard import AddTag, Step, Ticket
from services.rules.domain.params import a_tag, normal_tag


@dataclass(frozen=True, slots=True)
class Params:
    # A path with slashes is a subtag: payment/refund.
    tag: str

    def __post_init__(self) -> None:
        a_tag("tag", self.tag)


def decide(ticket: Ticket, params: Params) -> list[Step]:
    tag = normal_tag(params.tag)
    return [] if tag in ticket.tags else [AddTag(tag)]
