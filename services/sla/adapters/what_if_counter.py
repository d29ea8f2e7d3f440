"""Counts what-ifs in `sla work`, step by step: what was counted stays, whoever dies, and another goes on from there."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from chassis.clock import Clock
from chassis.leases import Lease
from chassis.mongo import Document, Documents, Raced, named_failures
from services.sla.adapters.mongo.book import Shelf
from services.sla.adapters.mongo.documents import clock_rows, history_of_row
from services.sla.adapters.mongo.indexes import CAME
from services.sla.adapters.mongo.what_ifs import DONE, FAILED, Position, WhatIf, WhatIfs
from services.sla.domain.book import Book
from services.sla.domain.snapshot import Snapshot
from services.sla.domain.target import TargetState
from services.sla.domain.what_if import Pair, Tally, compared, outcome_of, spare_of

# Tickets of one step: a third of a second of work, and some megabytes.
STEP = 1_000
# A step that was begun so often and never ended takes its what-if with it, not those behind it.
MOST_TRIES = 5
# The machines' clocks may differ by so much.
_APART = timedelta(hours=1)
# After so many tickets the loops of timers, which share the interpreter, have a turn of so many seconds.
_BREATH_EVERY, _BREATH = 10, 0.00005
_FIRST: Position = (datetime(1970, 1, 1, tzinfo=UTC), "")


class WhatIfCounter:
    """The oldest what-if that is not over, a step a turn."""

    def __init__(self, database: Documents, clock: Clock, shelf: Shelf) -> None:
        self._clocks = clock_rows(database)
        self._clock = clock
        self._shelf = shelf
        self._what_ifs = WhatIfs(database)
        self._log = structlog.get_logger(__name__)
        # Compiled once for all steps of one what-if.
        self._books: tuple[tuple[str, int], Book, Book] | None = None

    def count(self, lease: Lease) -> bool:
        """One step. Asks for more until none is left."""
        what_if = self._what_ifs.begin_step()
        if what_if is None:
            self._books = None
            return False
        try:
            if what_if.tries > MOST_TRIES:
                self._fail(what_if)
            else:
                self._step(what_if, lease)
        except Raced:
            # It was cancelled, or another holder is further.
            return True
        return True

    def _fail(self, what_if: WhatIf) -> None:
        what_if.state, what_if.finished_at = FAILED, self._clock.now()
        what_if.reason = f"the tickets after {what_if.done} could not be counted {MOST_TRIES} times"
        self._log.error("what_if_failed", what_if_id=what_if.what_if_id, done=what_if.done)
        self._what_ifs.end_step(what_if)

    def _step(self, what_if: WhatIf, lease: Lease) -> None:
        before, after = self._books_of(what_if)
        if not what_if.total:
            what_if.total = self._total(what_if)
        rows = self._rows(what_if)
        tally, turned = Tally(what_if.sums), []
        for number, row in enumerate(rows):
            if number % _BREATH_EVERY == 0:
                time.sleep(_BREATH)
            what_if.done += 1
            if "entries" not in row:
                # Nothing has happened to it since the period began.
                continue
            history = history_of_row(row)
            if not history.is_whole:
                what_if.incomplete += 1
                continue
            pairs = compared(history, before, after, what_if.period)
            if pairs:
                what_if.tickets += 1
                tally.count(history.snapshot, pairs)
                turned += [_turn(history.snapshot, pair) for pair in pairs if pair.turn]
        what_if.sums = tally.sums
        if len(rows) == STEP:
            what_if.position = rows[-1]["ticket"]["created_at"], rows[-1]["_id"]
        else:
            what_if.state, what_if.finished_at = DONE, self._clock.now()
            # Tickets may have come while it was counted.
            what_if.total = what_if.done
        self._what_ifs.keep_piece(what_if, turned, lease.fence)
        self._what_ifs.end_step(what_if)
        if what_if.is_over:
            self._log.info("what_if_done", what_if_id=what_if.what_if_id, tickets=what_if.tickets)

    def _books_of(self, what_if: WhatIf) -> tuple[Book, Book]:
        count, before = self._shelf.newest()
        key = what_if.what_if_id, count
        if self._books is None or self._books[0] != key:
            self._books = key, before, self._shelf.imagined(what_if.policies, what_if.calendars)
        return self._books[1:]

    def _total(self, what_if: WhatIf) -> int:
        with named_failures():
            return self._clocks.count_documents({"ticket.created_at": {"$lt": what_if.period.end}})

    def _rows(self, what_if: WhatIf) -> list[Document]:
        """The next tickets by when they came, whole where something happened to them since the period began. However many
        did not change for years, no read is longer than another."""
        created_at, ticket_id = what_if.position or _FIRST
        begin, end = what_if.period.begin - _APART, what_if.period.end
        bare: Document = {"_id": "$_id", "ticket": {"created_at": "$ticket.created_at"}}
        with named_failures():
            return list(
                self._clocks.aggregate(
                    [
                        {
                            "$match": {
                                "ticket.created_at": {"$gte": created_at, "$lt": end},
                                "$or": [
                                    {"ticket.created_at": {"$gt": created_at}},
                                    {"_id": {"$gt": ticket_id}},
                                ],
                            }
                        },
                        {"$sort": {"ticket.created_at": 1, "_id": 1}},
                        {"$limit": STEP},
                        {"$replaceWith": {"$cond": [{"$gte": ["$latest_at", begin]}, "$$ROOT", bare]}},
                        {"$unset": ["said", "armed", "shard"]},
                    ],
                    hint=CAME,
                )
            )


def _turn(ticket: Snapshot, pair: Pair) -> list[Any]:
    state = pair.after or pair.before
    return [
        ticket.ticket_id,
        pair.name,
        pair.turn,
        state.started_at if state is not None else None,
        _side(pair.before),
        _side(pair.after),
        ticket.channel,
        ticket.group,
        list(ticket.tags),
    ]


def _side(state: TargetState | None) -> list[Any] | None:
    if state is None:
        return None
    return [state.policy_id, outcome_of(state), state.due_at, int(spare_of(state).total_seconds())]
