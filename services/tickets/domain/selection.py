"""Which tickets somebody wants to see, in which order, and where the last page ended."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Selection:
    """All that is given must hold; of several values of a field, any. Moments: from `after` on, before `before`."""

    statuses: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    # A tag, or a subtree as payment/*.
    tags: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    # Id, e-mail address or phone.
    requester: str = ""
    # Whole words of the subject, the requester's name, the preview and short fields, in any order, case and accents
    # aside; `refun*` for a beginning; an address as a whole; or a ticket's number, as 48001 or #48001.
    text: str = ""
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None
    is_unassigned: bool = False


ORDERS = ("created_at", "updated_at", "number", "priority", "clock")


@dataclass(frozen=True, slots=True)
class Order:
    """By one of ORDERS. By clock, what is overdue longest comes first, and what has no clock always last."""

    by: str = "created_at"
    is_descending: bool = True


@dataclass(frozen=True, slots=True)
class Position:
    """The last ticket of a page: its place in the order, and its id, which tells equal places apart."""

    value: datetime | int
    ticket_id: str
