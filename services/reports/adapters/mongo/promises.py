"""What was heard of promises, in MongoDB."""

from collections.abc import Sequence

from chassis.mongo import Document, Documents
from chassis.units import Unit
from services.reports.domain.promises import Miss, Promise
from services.reports.domain.tally import Labels


class MongoPromises:
    """Implements Promises over one unit."""

    def __init__(self) -> None:
        self._known: dict[str, Promise] = {}
        self._editions: dict[str, int] = {}
        self._changed: set[str] = set()

    def load(self, database: Documents, ids: Sequence[str]) -> None:
        if not ids:
            return
        for row in database["promises"].find({"_id": {"$in": list(ids)}}):
            self._known[row["_id"]] = _promise(row)
            self._editions[row["_id"]] = row["edition"]

    def get(self, promise_id: str) -> Promise:
        return self._known.get(promise_id) or Promise(promise_id)

    def keep(self, promise: Promise) -> None:
        self._known[promise.promise_id] = promise
        self._changed.add(promise.promise_id)

    def stage(self, unit: Unit) -> None:
        for promise_id in sorted(self._changed):
            promise = self._known[promise_id]
            row: Document = {
                "met_epoch": promise.met_epoch,
                "misses": [_miss_row(miss) for miss in promise.misses],
                "at": unit.now,
            }
            edition = self._editions.get(promise_id)
            # A breach and its being taken back at once in two replicas: the second is decided again.
            if edition is None:
                unit.insert("promises", {"_id": promise_id, "edition": 1, **row})
            else:
                where = {"_id": promise_id, "edition": edition}
                unit.update("promises", where, {"$set": {**row, "edition": edition + 1}})


def _miss_row(miss: Miss) -> Document:
    return {"epoch": miss.epoch, "at": miss.at, **miss.labels._asdict(), "tags": list(miss.labels.tags)}


def _promise(row: Document) -> Promise:
    return Promise(row["_id"], row["met_epoch"], tuple(_miss(miss) for miss in row["misses"]))


def _miss(row: Document) -> Miss:
    labels = Labels(row["channel"], row["group"], row["agent"], tuple(row["tags"]))
    return Miss(row["epoch"], row["at"], labels)
