"""A service's database, and the three ways in which it can fail.

Surroundings (`errors.Unavailable`): nobody answered, or nobody could promise; wait and try again. Race (`Raced`):
somebody else wrote first; read again at once. Anything else is a mistake of ours or of the data and goes up as it is.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any

import pymongo
from bson.codec_options import CodecOptions
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import (
    BulkWriteError,
    CollectionInvalid,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)
from pymongo.operations import IndexModel

from chassis.errors import Unavailable

Document = dict[str, Any]
Documents = Database[Document]
Client = MongoClient[Document]

_DUPLICATE_KEY = 11000
_WRITE_CONFLICT = 112
# Codes by which a node says that it is not, or no longer, the one to ask (mongo's error_codes.yml: NotPrimary,
# InterruptedAtShutdown, PrimarySteppedDown, ShutdownInProgress, NoSuchTransaction after an election, …).
_MOVED = frozenset({6, 7, 89, 91, 133, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436, 50, 251})
# It answers, and can do nothing for anybody: no disk, a password that changed, rights that were taken. Waiting for a
# person is right; a day's messages among the dead letters would not be.
_UNABLE = frozenset({13, 18, 14031})


# A new index over many millions of rows takes minutes; what is there already takes none.
_LONGEST_BUILD = timedelta(minutes=30)


class Raced(Exception):
    """Another writer was first: read again and decide again."""


def connect(
    url: str, *, timeout: timedelta = timedelta(seconds=6), application: str = ""
) -> MongoClient[Document]:
    """A client whose writes are journaled by a majority and whose moments are aware.

    `timeout` bounds every call as a whole; it stays below the AMQP heartbeat so that a hanging database never costs a
    listener its connection. Without it a client waits for ever on a frozen socket.
    """
    return MongoClient(
        url,
        tz_aware=True,
        tzinfo=UTC,
        appname=application or None,
        w="majority",
        journal=True,
        retryWrites=True,
        timeoutMS=int(timeout.total_seconds() * 1000),
        serverSelectionTimeoutMS=int(timeout.total_seconds() * 1000),
        connectTimeoutMS=2000,
        heartbeatFrequencyMS=1000,
    )


def codec() -> CodecOptions[Document]:
    """How documents are read: plain dictionaries with aware moments."""
    return CodecOptions(tz_aware=True, tzinfo=UTC)


@contextlib.contextmanager
def named_failures() -> Iterator[None]:
    """Turns the driver's errors into the three ways: Unavailable, Raced, or as it is."""
    try:
        yield
    except PyMongoError as error:
        named = name_failure(error)
        if named is error:
            raise
        raise named from error


def name_failure(error: PyMongoError) -> Exception:
    """The error by its way of failing; the same error where it is neither surroundings nor a race."""
    if isinstance(error, DuplicateKeyError):
        return Raced(str(error))
    if isinstance(error, BulkWriteError):
        details = error.details or {}
        codes = {row.get("code") for row in details.get("writeErrors", ())}
        # First: a write that was interrupted and sent again may meet itself as a duplicate, of which no majority knows.
        if details.get("writeConcernErrors") or codes & (_MOVED | _UNABLE):
            return Unavailable("database")
        if codes & {_DUPLICATE_KEY, _WRITE_CONFLICT}:
            return Raced(str(details.get("writeErrors", [{}])[0].get("errmsg", error)))
        return error
    if isinstance(
        error,
        ServerSelectionTimeoutError | NetworkTimeout | ConnectionFailure | ExecutionTimeout | WTimeoutError,
    ):
        return Unavailable("database")
    if isinstance(error, OperationFailure):
        if error.code in (_WRITE_CONFLICT, _DUPLICATE_KEY):
            return Raced(str(error))
        if error.code in _MOVED | _UNABLE or error.timeout:
            return Unavailable("database")
    if error.has_error_label("TransientTransactionError"):
        return Raced(str(error))
    if error.timeout:
        return Unavailable("database")
    return error


def value_of_each(ids: Sequence[str], values: Sequence[Any]) -> Document:
    """For a pipeline update of the rows with these ids: the value at the place of the row's own id. One update that looks
    values up in a list costs the server half of as many updates."""
    place = {"$indexOfArray": [{"$literal": list(ids)}, "$_id"]}
    return {"$arrayElemAt": [{"$literal": list(values)}, place]}


def ensure_indexes(database: Documents, wanted: Mapping[str, Sequence[IndexModel]]) -> None:
    """Make the indexes that are missing; idempotent, safe beside other replicas."""
    with named_failures():
        for collection, indexes in wanted.items():
            # A collection must exist before a transaction of another replica meets it half-made.
            if collection not in database.list_collection_names(filter={"name": collection}):
                # Two that start at once both try; the driver and the server each have a name for the second.
                with contextlib.suppress(OperationFailure, CollectionInvalid):
                    database.create_collection(collection)
            if indexes:
                # The server gives an index up whose maker stops waiting, so it would be begun anew for ever.
                with pymongo.timeout(_LONGEST_BUILD.total_seconds()):
                    database[collection].create_indexes(list(indexes))
