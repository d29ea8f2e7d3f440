"""Changes of documents that must be as they were when they were read, in as few plans as the server can make of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pymongo
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from chassis.mongo import Document

# Fewer updates than this cost less than the look.
_LOOKED_AT_FROM = 8
_PLAIN = (str, int, bool)

Operation = pymongo.UpdateOne | pymongo.DeleteOne


@dataclass(frozen=True, slots=True)
class Update:
    """A change of one document on a condition."""

    where: Mapping[str, Any]
    change: Mapping[str, Any] | list[Mapping[str, Any]]
    upsert: bool = False

    @property
    def operation(self) -> pymongo.UpdateOne:
        return pymongo.UpdateOne(self.where, self.change, upsert=self.upsert)


def operations_of(
    session: ClientSession,
    target: Collection[Document],
    changes: Sequence[Update | pymongo.DeleteOne],
) -> list[Operation]:
    """The operations that make the changes; where they are many, only those that will find their document.

    The server plans an update by more than its id at a quarter more of the cost. What is read here is the
    transaction's snapshot: whoever changes such a document after it makes our update a write conflict.
    """
    by_id = {
        change.where["_id"]: change
        for change in changes
        if isinstance(change, Update) and not change.upsert and _can_be_looked_at(change.where)
    }
    if len(changes) < _LOOKED_AT_FROM or len(by_id) < len(changes):
        return [change.operation if isinstance(change, Update) else change for change in changes]
    names = {name for change in by_id.values() for name in change.where}
    looked = target.find({"_id": {"$in": list(by_id)}}, dict.fromkeys(names, 1), session=session)
    rows = looked.batch_size(len(by_id) + 1)
    standing = {row["_id"] for row in rows if _holds(row, by_id[row["_id"]].where)}
    return [pymongo.UpdateOne({"_id": key}, by_id[key].change) for key in by_id if key in standing]


def _can_be_looked_at(where: Mapping[str, Any]) -> bool:
    """A condition on an id and plain values of fields at the top: equal, or below a number."""
    return "_id" in where and all(
        type(value) in _PLAIN or (isinstance(value, Mapping) and list(value) == ["$lt"])
        for value in where.values()
    )


def _holds(row: Document, where: Mapping[str, Any]) -> bool:
    for name, value in where.items():
        found = row.get(name)
        if isinstance(value, Mapping):
            if not isinstance(found, int) or found >= value["$lt"]:
                return False
        elif found != value:
            return False
    return True
