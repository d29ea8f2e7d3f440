"""Take a tag away, or with /* at its end a tag and everything below it."""

from dataclasses import dataclass

from services.rules.domain.heard import RemoveTag, Step, Ticket, after
from services.rules.domain.params import a_tag, normal_tag


@dataclass(frozen=True, slots=True)
class Params:
    # payment/refund, or payment/* for the whole branch.
    tag: str

    def __post_init__(self) -> None:
        a_tag("tag", self.tag.removesuffix("/*"))


def decide(ticket: Ticket, params: Params) -> list[Step]:
    step = RemoveTag(normal_tag(params.tag))
    return [] if after(ticket, step).tags == ticket.tags else [step]
