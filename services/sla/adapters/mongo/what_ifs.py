"""What-ifs: a row says what is asked, how far it is and what it came to; the targets that turn lie in pieces, one a step.

A step moves the row on by compare-and-set. Its piece is written before and carries the holder's fence: what a holder
wrote who slept past his lease takes the place of nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, ReturnDocument

from chassis.errors import FailedPrecondition
from chassis.mongo import Document, Documents, Raced, named_failures
from services.sla.adapters.mongo.calendars import calendar_of_row, calendar_to_row
from services.sla.adapters.mongo.policies import policy_of_row, policy_to_row
from services.sla.application.imagine import Imagined
from services.sla.domain.policy import NamedCalendar, Policy
from services.sla.domain.what_if import Outcomes, Period, Place, Sums

QUEUED = "queued"
RUNNING = "running"
DONE = "done"
CANCELLED = "cancelled"
FAILED = "failed"
KEPT_FOR = timedelta(days=7)
# More that wait are refused.
MOST_WAITING = 20
# The tickets at which the next step begins come after this one.
Position = tuple[datetime, str]
_OUTCOMES = tuple(one.name for one in fields(Outcomes))


@dataclass(slots=True)
class WhatIf:
    """One question, and what it came to up to `step`."""

    what_if_id: str
    period: Period
    policies: tuple[Policy, ...]
    calendars: tuple[NamedCalendar, ...]
    requested_at: datetime
    requested_by: str
    state: str = QUEUED
    reason: str = ""
    # Steps that were counted, and how often the next one was begun in vain.
    step: int = 0
    tries: int = 0
    position: Position | None = None
    done: int = 0
    total: int = 0
    tickets: int = 0
    incomplete: int = 0
    sums: dict[Place, Sums] = field(default_factory=dict)
    finished_at: datetime | None = None

    @property
    def kept_until(self) -> datetime:
        return self.requested_at + KEPT_FOR

    @property
    def is_over(self) -> bool:
        return self.state in (DONE, CANCELLED, FAILED)


class WhatIfs:
    """The rows and their pieces."""

    def __init__(self, database: Documents) -> None:
        self._rows = database["what_ifs"]
        self._pieces = database["what_if_turns"]

    def add(self, what_if_id: str, wanted: Imagined, asked_by: str, now: datetime) -> WhatIf:
        """The one that is kept under the id, which may be an earlier one. Raises FailedPrecondition where too many wait."""
        what_if = WhatIf(
            what_if_id,
            Period(wanted.begin, wanted.end, now),
            wanted.policies,
            wanted.calendars,
            now,
            asked_by,
        )
        kept = self.get(what_if_id)
        if kept is not None:
            return kept
        with named_failures():
            waiting = self._rows.count_documents({"is_over": False}, limit=MOST_WAITING)
        if waiting >= MOST_WAITING:
            raise FailedPrecondition(f"{MOST_WAITING} what-ifs are not done yet: wait, or cancel one")
        try:
            with named_failures():
                self._rows.insert_one(_to_row(what_if))
        except Raced:
            return self.get(what_if_id) or what_if
        return what_if

    def get(self, what_if_id: str) -> WhatIf | None:
        with named_failures():
            row = self._rows.find_one({"_id": what_if_id})
        return None if row is None else _of_row(row)

    def newest(self, most: int) -> list[WhatIf]:
        """Without their sums."""
        with named_failures():
            rows = self._rows.find({}, {"sums": 0}).sort("requested_at", DESCENDING).limit(most)
            return [_of_row(row) for row in rows]

    def cancel(self, what_if_id: str, now: datetime) -> WhatIf | None:
        """One that is over stays as it is; None for one that is not known."""
        over = {"state": CANCELLED, "is_over": True, "finished_at": now}
        with named_failures():
            self._rows.update_one({"_id": what_if_id, "is_over": False}, {"$set": over})
        return self.get(what_if_id)

    def begin_step(self) -> WhatIf | None:
        """The oldest that is not over, with one try more; None where there is none."""
        with named_failures():
            row = self._rows.find_one_and_update(
                {"is_over": False},
                {"$set": {"state": RUNNING}, "$inc": {"tries": 1}},
                sort=[("requested_at", ASCENDING)],
                return_document=ReturnDocument.AFTER,
            )
        return None if row is None else _of_row(row)

    def keep_piece(self, what_if: WhatIf, turned: Sequence[list[Any]], fence: int) -> None:
        """What turned in the step that is under way. Raises Raced where a later holder wrote it."""
        if not turned:
            return
        piece_id = f"{what_if.what_if_id}:{what_if.step:08d}"
        with named_failures():
            self._pieces.replace_one(
                {"_id": piece_id, "fence": {"$lte": fence}},
                {"turned": list(turned), "fence": fence, "forget_at": what_if.kept_until},
                upsert=True,
            )

    def end_step(self, what_if: WhatIf) -> None:
        """Move it on. Raises Raced where it was moved on or cancelled meanwhile."""
        with named_failures():
            moved = self._rows.update_one(
                {"_id": what_if.what_if_id, "step": what_if.step, "is_over": False},
                {"$set": {**_counted(what_if), "step": what_if.step + 1, "tries": 0}},
            )
        if not moved.matched_count:
            raise Raced("the what-if is somewhere else")

    def turned(self, what_if: WhatIf, after: str) -> Iterator[tuple[str, list[list[Any]]]]:
        """The pieces from the one of this name on, in order; those of steps that were counted."""
        prefix = f"{what_if.what_if_id}:"
        span = {"$gte": after if after.startswith(prefix) else prefix, "$lt": f"{prefix}{what_if.step:08d}"}
        with named_failures():
            for row in self._pieces.find({"_id": span}).sort("_id", ASCENDING):
                yield row["_id"], row["turned"]


def _counted(what_if: WhatIf) -> Document:
    return {
        "state": what_if.state,
        "is_over": what_if.is_over,
        "reason": what_if.reason,
        "position": list(what_if.position) if what_if.position else None,
        "done": what_if.done,
        "total": what_if.total,
        "tickets": what_if.tickets,
        "incomplete": what_if.incomplete,
        "finished_at": what_if.finished_at,
        "sums": [
            [
                *place,
                [getattr(sums.before, name) for name in _OUTCOMES],
                [getattr(sums.after, name) for name in _OUTCOMES],
                sums.newly_breached,
                sums.no_longer_breached,
            ]
            for place, sums in what_if.sums.items()
        ],
    }


def _to_row(what_if: WhatIf) -> Document:
    return {
        "_id": what_if.what_if_id,
        "begin": what_if.period.begin,
        "end": what_if.period.end,
        "policies": [policy_to_row(policy) for policy in what_if.policies],
        "calendars": [calendar_to_row(calendar) for calendar in what_if.calendars],
        "requested_at": what_if.requested_at,
        "requested_by": what_if.requested_by,
        "forget_at": what_if.kept_until,
        "step": what_if.step,
        "tries": what_if.tries,
        **_counted(what_if),
    }


def _of_row(row: Document) -> WhatIf:
    position = row["position"]
    return WhatIf(
        row["_id"],
        # It tells how things stood when it was asked.
        Period(row["begin"], row["end"], row["requested_at"]),
        tuple(policy_of_row(one) for one in row["policies"]),
        tuple(calendar_of_row(one) for one in row["calendars"]),
        row["requested_at"],
        row["requested_by"],
        row["state"],
        row["reason"],
        row["step"],
        row["tries"],
        (position[0], position[1]) if position else None,
        row["done"],
        row["total"],
        row["tickets"],
        row["incomplete"],
        {
            (target, by, value): Sums(Outcomes(*before), Outcomes(*after), newly, no_longer)
            for target, by, value, before, after, newly, no_longer in row.get("sums", ())
        },
        row["finished_at"],
    )
