"""The sum that must always hold: accepted = ticketed + appended + applied + ignored + quarantined + in flight."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.ingest.domain.intake import State

_OF_A_TICKET = (State.TICKETED, State.APPENDED, State.APPLIED)


@dataclass(frozen=True, slots=True)
class Line:
    """What became of what one channel accepted; `became[ACCEPTED]` is in flight."""

    channel_id: str
    became: Mapping[State, int]
    in_flight_over_60s: int = 0
    closed_twice: int = 0

    @property
    def accepted(self) -> int:
        return sum(self.became.values())


def line_of(channel_id: str, counts: Mapping[State, int], in_flight_over_60s: int, closed_twice: int) -> Line:
    """A line with every state named."""
    became = {state: counts.get(state, 0) for state in State}
    return Line(channel_id, became, in_flight_over_60s, closed_twice)


def total_of(lines: Iterable[Line]) -> Line:
    """All channels in one line."""
    became = dict.fromkeys(State, 0)
    stuck = twice = 0
    for line in lines:
        for state, count in line.became.items():
            became[state] += count
        stuck += line.in_flight_over_60s
        twice += line.closed_twice
    return Line("", became, stuck, twice)


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted message and what became of it."""

    intake_id: str
    channel_id: str
    state: State
    reason: str
    sender: str
    size: int
    received_at: datetime
    # None while it is in flight or in quarantine.
    closed_at: datetime | None = None
    closed_by: str = ""
    is_closed_twice: bool = False

    @property
    def ticket_id(self) -> str:
        """The ticket whose commit closed it; empty where none did."""
        return self.closed_by.rpartition(":")[0] if self.state in _OF_A_TICKET else ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rows of one channel, accepted from `since` on and before `until`."""

    channel_id: str
    since: datetime | None = None
    until: datetime | None = None
    states: tuple[State, ...] = tuple(State)
