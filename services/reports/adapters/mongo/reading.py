"""What was counted, read in the order of its minutes."""

from collections.abc import Collection, Iterator
from datetime import datetime

from pymongo import ASCENDING

from chassis.mongo import Documents, named_failures
from services.reports.adapters.mongo.figures import figures_of
from services.reports.domain.board import Window
from services.reports.domain.figures import Figures
from services.reports.domain.query import Query
from services.reports.domain.tally import CHANNEL, Key, bucket_of, minute_of


class MongoBuckets:
    """Implements Buckets."""

    def __init__(self, database: Documents) -> None:
        self._buckets = database["buckets"]
        self._days = database["days"]
        self._minutes = database["minutes"]

    def buckets(self, query: Query) -> Iterator[tuple[Key, Figures]]:
        by = query.dimension
        span = {"$gte": f"{by}:{query.first_minute:08d}:", "$lt": f"{by}:{query.end_minute:08d}:"}
        kept = self._days if query.is_of_kept_days else self._buckets
        with named_failures():
            for row in kept.find({"_id": span}, batch_size=1000).sort("_id", ASCENDING):
                _, minute, _, value = row["_id"].split(":", 3)
                yield Key(by, int(minute), value), figures_of(row)

    def minutes(self, window: Window) -> Iterator[tuple[Key, Figures]]:
        span = {"$gte": f"{window.first_minute:08d}:", "$lt": f"{window.last_minute + 1:08d}:"}
        with named_failures():
            for row in self._minutes.find({"_id": span}).sort("_id", ASCENDING):
                minute, _, channel = row["_id"].split(":", 2)
                yield Key(CHANNEL, int(minute), channel), figures_of(row)

    def channels(self, since: datetime) -> Collection[str]:
        """Channels by which something came since then."""
        span = {"$gte": f"{CHANNEL}:{bucket_of(minute_of(since)):08d}:", "$lt": f"{CHANNEL};"}
        with named_failures():
            names = {row["_id"].split(":", 3)[3] for row in self._buckets.find({"_id": span}, {"_id": 1})}
        return names - {""}
