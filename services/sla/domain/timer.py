"""Timers that others set: each takes effect once, under the epoch that it was last armed with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chassis.errors import InvalidField, InvalidFields

ARMED = "armed"
FIRED = "fired"
CANCELLED = "cancelled"
# A higher epoch is known.
STALE = "stale"
FARTHEST = timedelta(days=3_653)
LARGEST_PAYLOAD = 16_384
# How long it is known what became of a timer: longer than anybody asks twice.
REMEMBERED = timedelta(days=35)
_OWNER = re.compile(r"[a-z][a-z0-9-]{0,39}")
_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Origin:
    """The event that led to the arming, and its chain."""

    chain_id: str = ""
    cause_id: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class TimerName:
    """One arming of a timer."""

    owner: str
    key: str
    epoch: int

    @property
    def timer_id(self) -> str:
        """The same for every epoch."""
        return f"{self.owner}:{self.key}"


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer as its highest known epoch has it. `edition` grows with each write, for compare-and-set."""

    name: TimerName
    due_at: datetime
    ticket_id: str = ""
    lane: str = "api"
    payload: bytes = b""
    origin: Origin = field(default_factory=Origin)
    state: str = ARMED
    edition: int = 0

    def is_due(self, at: datetime) -> bool:
        """Armed, and its moment has come."""
        return self.state == ARMED and self.due_at <= at


def armed(wanted: Timer, present: Timer | None) -> tuple[Timer | None, str]:
    """What becomes of a timer that is asked for: the timer to keep (None: as it is), and the answer.

    Raises InvalidField where the same epoch was asked for another moment.
    """
    if present is None:
        return wanted, ARMED
    if wanted.name.epoch > present.name.epoch:
        return replace(wanted, edition=present.edition), ARMED
    if wanted.name.epoch < present.name.epoch:
        return None, STALE
    if present.state == ARMED and wanted.due_at != present.due_at:
        raise InvalidField("epoch", "a higher one for another moment", str(wanted.name.epoch))
    return None, present.state


def cancelled(name: TimerName, present: Timer | None, now: datetime) -> tuple[Timer | None, str]:
    """What becomes of a timer that is taken back; likewise."""
    if present is None:
        # Its arming is still on its way.
        return Timer(name, now, state=CANCELLED), CANCELLED
    if name.epoch < present.name.epoch:
        return None, STALE
    if name.epoch == present.name.epoch and present.state != ARMED:
        return None, present.state
    return replace(present, name=name, state=CANCELLED), CANCELLED


def check_name(name: TimerName) -> None:
    """Raises InvalidFields."""
    if wrong := _wrong_in_name(name):
        raise InvalidFields(wrong)


def check_timer(timer: Timer, now: datetime) -> None:
    """Raises InvalidFields with every mistake."""
    wrong = _wrong_in_name(timer.name)
    if timer.due_at > now + FARTHEST:
        wrong.append(InvalidField("due_at", "at most ten years ahead", timer.due_at.isoformat()))
    if len(timer.payload) > LARGEST_PAYLOAD:
        wrong.append(
            InvalidField("payload", f"at most {LARGEST_PAYLOAD} bytes", f"{len(timer.payload)} bytes")
        )
    if len(timer.ticket_id) > _LONGEST_KEY:
        wrong.append(InvalidField("ticket_id", f"at most {_LONGEST_KEY} characters"))
    if wrong:
        raise InvalidFields(wrong)


def _wrong_in_name(name: TimerName) -> list[InvalidField]:
    wrong = []
    if not _OWNER.fullmatch(name.owner):
        wrong.append(
            InvalidField("owner", "a letter, then up to 39 lower-case letters, digits or dashes", name.owner)
        )
    if not 0 < len(name.key) <= _LONGEST_KEY:
        wrong.append(InvalidField("key", f"1 to {_LONGEST_KEY} characters", name.key))
    if not 0 < name.epoch < 2**63:
        wrong.append(InvalidField("epoch", "1 or more", str(name.epoch)))
    return wrong
