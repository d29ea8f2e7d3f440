"""Closing rows of the intake ledger, many at once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import pymongo
from pymongo.collection import Collection

from chassis.mongo import Document, named_failures, value_of_each
from services.ingest.domain.intake import Closing, ClosingOutcome, State, close

_OPEN = [State.ACCEPTED.value, State.QUARANTINED.value]


class IntakeClosings:
    """What closes the ledger's rows; whoever keeps them is one too."""

    _rows: Collection[Document]

    def close(self, closings: Sequence[Closing], now: datetime) -> Mapping[ClosingOutcome, int]:
        """Close rows in bulk; safe to repeat."""
        outcomes = dict.fromkeys(ClosingOutcome, 0)
        if not closings:
            return outcomes
        # The usual case costs one command for each outcome and no read.
        with named_failures():
            closed = sum(self._close_alike(alike, now) for alike in _alike(closings))
        if closed == len(closings):
            outcomes[ClosingOutcome.CLOSED] = closed
            return outcomes
        with named_failures():
            found = self._rows.find(
                {"_id": {"$in": [one.intake_id for one in closings]}},
                {"state": 1, "closed_by": 1, "blocked": 1},
            )
            rows = {
                row["_id"]: (State(row["state"]), str(row.get("closed_by", "")), "blocked" in row)
                for row in found
            }
        again: list[pymongo.UpdateOne] = []
        closed_late = 0
        for one in closings:
            state, closed_by, is_blocked = rows.get(one.intake_id, (None, "", False))
            if state is None:
                continue
            outcome = close(state, closed_by, one, is_blocked=is_blocked)
            if outcome is ClosingOutcome.TWICE:
                again.append(pymongo.UpdateOne({"_id": one.intake_id}, _twice(one)))
            elif outcome is ClosingOutcome.UPGRADED:
                again.append(
                    pymongo.UpdateOne({"_id": one.intake_id, "closed_by": one.closing_id}, _closed(one, now))
                )
                rows[one.intake_id] = (one.state, closed_by, False)
            elif is_blocked:
                again.append(
                    pymongo.UpdateOne({"_id": one.intake_id, "blocked": True}, _not_blocked(one, now))
                )
                rows[one.intake_id] = (one.state, one.closing_id, False)
                closed_late += 1
            outcomes[outcome] += 1
        if again:
            with named_failures():
                self._rows.bulk_write(again, ordered=True)
        outcomes[ClosingOutcome.CLOSED] = closed + closed_late
        outcomes[ClosingOutcome.REPEATED] = max(0, outcomes[ClosingOutcome.REPEATED] - closed)
        return outcomes

    def _close_alike(self, closings: Sequence[Closing], now: datetime) -> int:
        """Close rows that differ in nothing but who closes them; answers how many were open."""
        ids = [one.intake_id for one in closings]
        changed: Document = {
            "state": closings[0].state.value,
            "closed_by": value_of_each(ids, [one.closing_id for one in closings]),
            "closed_at": now,
            "published": True,
        }
        if closings[0].reason:
            changed["reason"] = {"$literal": closings[0].reason}
        where = {"_id": {"$in": ids}, "state": {"$in": _OPEN}}
        return self._rows.update_many(where, [{"$set": changed}]).modified_count


def _alike(closings: Sequence[Closing]) -> Iterable[Sequence[Closing]]:
    """Groups of one outcome and reason. A row that is named twice is closed by the first that names it."""
    groups: dict[tuple[State, str], dict[str, Closing]] = {}
    named: set[str] = set()
    for one in closings:
        if one.intake_id not in named:
            named.add(one.intake_id)
            groups.setdefault((one.state, one.reason), {})[one.intake_id] = one
    return [list(group.values()) for group in groups.values()]


def _closed(one: Closing, now: datetime) -> Document:
    changed = {"state": one.state.value, "closed_by": one.closing_id, "closed_at": now, "published": True}
    if one.reason:
        changed["reason"] = one.reason
    return {"$set": changed}


def _not_blocked(one: Closing, now: datetime) -> Document:
    gone = {"blocked": ""} if one.reason else {"blocked": "", "reason": ""}
    return {**_closed(one, now), "$unset": gone}


def _twice(one: Closing) -> Document:
    # A set, so that hearing the same closing again does not count again.
    return {"$addToSet": {"closed_again_by": one.closing_id}, "$max": {"closed_twice": 1}}
