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
_PLAIN = frozenset({str, int, bool})

Operation = pymongo.UpdateOne | pymongo.DeleteOne


@dataclass(slots=True)
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
    expected = _by_id(changes) if len(changes) >= _LOOKED_AT_FROM else None
    if expected is None:
        return [change.operation if isinstance(change, Update) else change for change in changes]
    names = {name for change in expected.values() for name in change.where}
    looked = target.find({"_id": {"$in": list(expected)}}, dict.fromkeys(names, 1), session=session)
    # One round trip: unless told, the server begins with 101.
    rows = looked.batch_size(len(expected) + 1)
    standing = {row["_id"] for row in rows if _holds(row, expected[row["_id"]].where)}
    return [
        pymongo.UpdateOne({"_id": key}, change.change) for key, change in expected.items() if key in standing
    ]


def _by_id(changes: Sequence[Update | pymongo.DeleteOne]) -> dict[str, Update] | None:
    """The changes by the document that each is of; None where one of them can only be judged by the server."""
    expected: dict[str, Update] = {}
    for change in changes:
        if not isinstance(change, Update) or change.upsert:
            return None
        for name, value in change.where.items():
            if "." in name or not (type(value) in _PLAIN or _is_below_number(value)):
                return None
        key = change.where.get("_id")
        if key is None or key in expected:
            return None
        expected[key] = change
    return expected


def _is_below_number(value: object) -> bool:
    return isinstance(value, dict) and list(value) == ["$lt"] and type(value["$lt"]) is int


def _holds(row: Document, where: Mapping[str, Any]) -> bool:
    """Plain values of fields at the top: equal, or below a number."""
    for name, value in where.items():
        found = row.get(name)
        if type(value) is dict:
            if not isinstance(found, int) or found >= value["$lt"]:
                return False
        elif found != value:
            return False
    return True
