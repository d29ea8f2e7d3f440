"""What the generator knows to have done: the other side of every count of the system."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Kind(StrEnum):
    """What a message from outside is."""

    FIRST = "first letters"
    SPAM = "spam"
    ANSWER = "answers of requesters"
    AUTO_REPLY = "auto-replies"
    BOUNCE = "bounces"


@dataclass(frozen=True)
class Sent:
    """One message that a door said yes to."""

    # Message-ID or client_message_id.
    message_id: str
    kind: Kind
    channel: str
    at: datetime


@dataclass
class Ledger:
    """Grows while a season is played."""

    sent: list[Sent] = field(default_factory=list)
    # When agents answered, when tickets became solved, when new ones were asked for by an answer to what was solved.
    replied: list[datetime] = field(default_factory=list)
    solved: list[datetime] = field(default_factory=list)
    reopened: list[datetime] = field(default_factory=list)
    notes: int = 0

    def of(self, *kinds: Kind) -> list[Sent]:
        return [one for one in self.sent if one.kind in kinds]

    def by_kind(self) -> Counter[Kind]:
        return Counter(one.kind for one in self.sent)

    def by_channel(self) -> Counter[str]:
        return Counter(one.channel for one in self.sent)


def by_day(moments: Iterable[datetime]) -> Counter[date]:
    """How many on each day, by UTC as reports have it."""
    return Counter(moment.date() for moment in moments)
