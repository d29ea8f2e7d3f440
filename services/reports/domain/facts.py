"""What was heard, cut down to what is counted."""

from dataclasses import dataclass
from datetime import datetime

from chassis.businesstime import CalendarNews
from services.reports.domain.tally import Labels

# Kinds of author, as tickets names them.
REQUESTER = "requester"
AGENT_KIND = "agent"
API = "api"
# Of ours, those who are people or speak for one; rules and the system are machines.
_PERSONS = frozenset({AGENT_KIND, API})
FINISHED = frozenset({"solved", "closed"})


# What is made for every fact is not frozen, for its price; nobody changes it all the same.
@dataclass(slots=True)
class Words:
    """A public message."""

    written_at: datetime
    author_kind: str
    author: str
    is_automatic: bool

    @property
    def is_in(self) -> bool:
        """From the requester's side."""
        return self.author_kind == REQUESTER

    @property
    def is_by_machine(self) -> bool:
        return self.is_automatic or not (self.is_in or self.author_kind in _PERSONS)


@dataclass(slots=True)
class Arrival:
    """A message from outside became an entry: accepted then, kept now."""

    received_at: datetime
    kept_at: datetime


@dataclass(slots=True)
class Move:
    """The ticket came from one value of a dimension to another; tags are joined by commas."""

    by: str
    old: str
    new: str


@dataclass(slots=True)
class CountOpening:
    """A ticket began."""

    labels: Labels
    created_at: datetime
    words: Words | None
    arrival: Arrival | None


@dataclass(frozen=True, slots=True)
class Step:
    """A ticket's status went over the line between unsolved and finished. `spell` is how often it had come back by
    then."""

    ticket_id: str
    is_solved: bool
    spell: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Merge:
    """The ticket became part of another, or is no more. `solved_at` where it is finished by itself."""

    is_merged: bool
    solved_at: datetime | None


@dataclass(slots=True)
class CountChange:
    """Something about a ticket is other than before; `words` and `arrival` where a message did it."""

    ticket_id: str
    labels: Labels
    created_at: datetime
    first_replied_at: datetime | None = None
    words: Words | None = None
    arrival: Arrival | None = None
    step: Step | None = None
    moves: tuple[Move, ...] = ()
    # The ticket began as spam and is taken back: its opening is counted only now.
    opens: bool = False
    merge: Merge | None = None
    # Of the requester's address.
    domain: str = ""

    @property
    def is_first_reply(self) -> bool:
        """The message is the one that ended the first wait."""
        words = self.words
        return (
            words is not None
            and not words.is_in
            and not words.is_by_machine
            and words.written_at == self.first_replied_at
        )


@dataclass(slots=True)
class CountOne:
    """One thing that is only counted: a target warned of; a message set aside; rules that acted."""

    name: str
    labels: Labels
    at: datetime


@dataclass(frozen=True, slots=True)
class CountPromise:
    """A target was missed or met. `epoch` grows with each time it was armed anew."""

    promise_id: str
    epoch: int
    is_met: bool
    labels: Labels
    at: datetime


@dataclass(frozen=True, slots=True)
class KeepCalendar:
    """A version of a calendar was saved."""

    news: CalendarNews
