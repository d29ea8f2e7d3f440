"""How many tickets are overdue, and how many fall due within the hour, by target, group and channel."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo.collection import Collection

from chassis.mongo import Document, named_failures

SOON = timedelta(minutes=15)
AHEAD = timedelta(minutes=60)


@dataclass(slots=True)
class RiskCount:
    """Overdue ones are in `overdue` alone; those within 15 minutes are within 60 too."""

    target: str = ""
    group: str = ""
    channel: str = ""
    overdue: int = 0
    soon: int = 0
    ahead: int = 0

    @property
    def windows(self) -> dict[str, int]:
        """By the names that metrics give them."""
        return {"overdue": self.overdue, "15m": self.soon, "60m": self.ahead}


def risk_counts(
    clocks: Collection[Document], now: datetime, wanted: Document | None = None
) -> list[RiskCount]:
    """One for each target, group and channel that has any. Raises Unavailable."""

    def count_of(since: datetime | None, until: datetime) -> Document:
        bounds: list[Document] = [{"$lte": ["$due_at", until]}]
        if since is not None:
            bounds.append({"$gt": ["$due_at", since]})
        return {"$sum": {"$cond": [{"$and": bounds}, 1, 0]}}

    with named_failures():
        rows = clocks.aggregate(
            [
                {"$match": {**(wanted or {}), "due_at": {"$lte": now + AHEAD}}},
                {
                    "$group": {
                        "_id": {"target": "$target", "group": "$group", "channel": "$channel"},
                        "overdue": count_of(None, now),
                        "soon": count_of(now, now + SOON),
                        "ahead": count_of(now, now + AHEAD),
                    }
                },
            ]
        )
        return [RiskCount(**row.pop("_id"), **row) for row in rows]


def folded(counts: Iterable[RiskCount], *kept: str) -> Iterator[RiskCount]:
    """The sums over all that differ in no kept name (of target, group, channel)."""
    sums: dict[tuple[str, ...], RiskCount] = {}
    for count in counts:
        values = {name: getattr(count, name) for name in kept}
        into = sums.setdefault(tuple(values.values()), RiskCount(**values))
        into.overdue += count.overdue
        into.soon += count.soon
        into.ahead += count.ahead
    yield from sums.values()
