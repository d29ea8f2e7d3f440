"""How fast a channel may send: its own bound, and the pauses that its provider asks for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# After the 1st, 2nd, ... time in a row that the provider asked for less; the last stands for all that follow.
_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (15, 30, 60, 120, 240, 480, 900))
# After a pause one mail is tried; the others wait this long for what becomes of it.
PROBE = timedelta(seconds=30)
# A channel that somebody paused is looked at again so often; its messages wait no longer than that after the pause.
_REST = timedelta(seconds=30)
_RESTING = "queued: the channel is paused"
# A place in the row that was not used for so long is lost, or those of a process that slept would be used all at once.
_SLOT_LASTS = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Turn:
    """When a message may leave."""

    at: datetime
    # Why not now, for a person.
    reason: str = ""
    # The place that was given to it, where the channel has a bound.
    slot: datetime | None = None
    # How often in a row the provider had asked for less by then.
    slow_downs: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """A channel that sends nothing for a while."""

    channel_id: str
    until: datetime
    reason: str


def distance(per_minute: int) -> timedelta:
    """Between two sends of a channel: evenly, so that no sixty seconds hold more than the bound, wherever they begin."""
    return timedelta(milliseconds=-(-60_000 // per_minute))


def pause_after(slow_downs: int) -> timedelta:
    """How long nothing leaves after the provider asked for less for the `slow_downs`-th time in a row (from 1)."""
    return _PAUSES[min(slow_downs, len(_PAUSES)) - 1]


def is_still_good(slot: datetime | None, now: datetime) -> bool:
    """The place in the row is there to be used."""
    return slot is not None and slot <= now < slot + _SLOT_LASTS


def resting(now: datetime) -> Turn:
    """The turn of a message whose channel somebody paused."""
    return Turn(now + _REST, _RESTING)


def over_the_bound(per_minute: int) -> str:
    return f"queued: the mailbox sends at most {per_minute} a minute"


def paused(why: str) -> str:
    return f"queued: the mailbox waits, as its server takes nothing now: {why}"
