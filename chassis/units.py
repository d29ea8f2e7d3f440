"""Everything that one transaction will write: state, inbox keys and outbox rows."""

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pymongo
from google.protobuf.message import Message
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import ConnectionFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from bus.v1.bundle_pb2 import Bundle
from chassis.boxes import BOXES
from chassis.clock import Clock, monotonic
from chassis.compare_and_set import Update, operations_of
from chassis.errors import Unavailable
from chassis.ids import new_id
from chassis.mongo import Client, Document, Documents, Raced, name_failure, named_failures
from chassis.simulated_clock import real
from chassis.stamps import stamp

BUNDLE_EVENTS = 100
# Times a listener's prefetch and its lanes this is what it may hold in memory.
BUNDLE_BYTES = 400_000
# How long the process that wrote an outbox row may take to publish it before a sweep does. A sweep that comes too
# early costs one publication more, which every inbox forgives; one that comes late makes a killed process's facts late.
OUTBOX_LEASE = timedelta(seconds=10)
# What a fact weighs beside its body, about.
_ENVELOPE_BYTES = 300
_ABORT_SECONDS = 2
_MAJORITY = WriteConcern("majority", j=True)
_SNAPSHOT = ReadConcern("snapshot")


# Not frozen, for its price: one is made for every fact that is heard.
@dataclass(slots=True)
class Cause:
    """What made us do this: carried into every fact that follows.

    `received_at` is the moment the outside message was accepted, None where nothing outside began the chain.
    """

    event_id: str = ""
    chain_id: str = ""
    depth: int = 0
    traceparent: str = ""
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A bundle of facts that were committed together and must be published."""

    row_id: str
    routing_key: str
    fact_type: str
    body: bytes
    events: int


@dataclass(slots=True)
class _Writes:
    inserts: list[Document] = field(default_factory=list)
    # Every one of these must find its document, or somebody else was first.
    exact: list[Update] = field(default_factory=list)
    loose: list[Update | pymongo.DeleteOne] = field(default_factory=list)


@dataclass(slots=True)
class _Bundling:
    """A bundle that is being filled. `bytes` is about what it weighs."""

    bundle: Bundle = field(default_factory=Bundle)
    events: int = 0
    bytes: int = 0


class Unit:
    """Collects writes and facts; `commit` writes them in one transaction or not at all.

    Not for use by several threads. After a commit that raised, throw the unit away and make a new one.
    """

    def __init__(self, database: Documents, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self.cause = Cause()
        # False where it was tried before, or may have been: then nothing is worth a shortcut.
        self.is_first_try = True
        self.after_commit: list[Callable[[], None]] = []
        self.outbox: list[OutboxRow] = []
        self._writes: dict[str, _Writes] = defaultdict(_Writes)
        self._said: dict[tuple[str, str], list[_Bundling]] = defaultdict(list)
        self._now: datetime | None = None

    @property
    def now(self) -> datetime:
        """The moment of this unit: the same for all it writes."""
        if self._now is None:
            self._now = self.clock.now()
        return self._now

    def insert(self, collection: str, document: Document) -> None:
        """Add a document; an `_id` or unique key that is taken makes the commit raise Raced."""
        self._writes[collection].inserts.append(document)

    def update(
        self,
        collection: str,
        where: Mapping[str, Any],
        update: Mapping[str, Any] | list[Mapping[str, Any]],
        *,
        upsert: bool = False,
        must_match: bool = True,
    ) -> None:
        """Change one document. With `must_match` a condition that finds nothing makes the commit raise Raced."""
        writes = self._writes[collection]
        if must_match and not upsert:
            writes.exact.append(Update(where, update))
        else:
            writes.loose.append(Update(where, update, upsert))

    def delete(self, collection: str, where: Mapping[str, Any]) -> None:
        """Remove one document, if it is there."""
        self._writes[collection].loose.append(pymongo.DeleteOne(where))

    def say(
        self,
        fact: Message,
        *,
        event_id: str,
        lane: str,
        subject: str,
        version: int = 0,
        index: int = 0,
        occurred_at: datetime | None = None,
    ) -> bytes:
        """Publish a fact once this unit is committed; answers the fact's bytes, for a log that keeps them.

        The fact inherits the chain of `self.cause`; one without a cause begins a chain named by its own id.
        """
        cause = self.cause
        fact_type = fact.DESCRIPTOR.full_name
        body = fact.SerializeToString()
        # Written where it will be sent from: an envelope put into a bundle would be copied.
        envelope = self._bundle(fact_type, lane, len(body) + _ENVELOPE_BYTES).events.add(
            event_id=event_id,
            type=fact_type,
            lane=lane,
            subject=subject,
            version=version,
            index=index,
            chain_id=cause.chain_id or cause.event_id or event_id,
            depth=cause.depth + 1 if cause.event_id else 0,
            cause_id=cause.event_id,
            traceparent=cause.traceparent,
            body=body,
        )
        stamp(envelope.occurred_at, occurred_at or self.now)
        if cause.received_at is not None:
            stamp(envelope.received_at, cause.received_at)
        return body

    def commit(self) -> None:
        """Write all of it, then call `after_commit`.

        Raises Raced or Unavailable; then nothing was written that a repeat with the same inbox keys would not find.
        """
        self._pack_outbox()
        if not any(w.inserts or w.exact or w.loose for w in self._writes.values()):
            self._done()
            return
        with named_failures(), _session(self.database.client) as session:
            session.start_transaction(read_concern=_SNAPSHOT, write_concern=_MAJORITY)
            try:
                for collection, writes in self._writes.items():
                    self._write(session, collection, writes)
            except BaseException:
                _abort(session)
                raise
            _commit(session)
        self._done()

    def _write(self, session: ClientSession, collection: str, writes: _Writes) -> None:
        target = self.database[collection]
        if len(writes.inserts) == 1:
            # So it is in a quiet hour, and with the rows of which a batch has one: two thirds of the price.
            target.insert_one(writes.inserts[0], session=session)
        elif writes.inserts:
            target.insert_many(writes.inserts, ordered=False, session=session)
        if writes.exact:
            found = _change(session, target, writes.exact)
            if found != len(writes.exact):
                raise Raced(
                    f"{collection}: {len(writes.exact) - found} of {len(writes.exact)} rows have moved on"
                )
        if writes.loose:
            _change(session, target, writes.loose)

    def _bundle(self, fact_type: str, lane: str, weight: int) -> Bundle:
        """The bundle that has room for one fact more of that weight."""
        bundlings = self._said[fact_type, lane]
        if (
            not bundlings
            or bundlings[-1].events == BUNDLE_EVENTS
            or bundlings[-1].bytes + weight > BUNDLE_BYTES
        ):
            bundlings.append(_Bundling())
        bundling = bundlings[-1]
        bundling.events += 1
        bundling.bytes += weight
        return bundling.bundle

    def _pack_outbox(self) -> None:
        for (fact_type, lane), bundlings in self._said.items():
            for bundling in bundlings:
                body = bundling.bundle.SerializeToString()
                row = OutboxRow(new_id(), f"{fact_type}.{lane}", fact_type, body, bundling.events)
                self.outbox.append(row)
                self.insert(
                    BOXES,
                    {
                        "_id": row.row_id,
                        "key": row.routing_key,
                        "type": row.fact_type,
                        "events": row.events,
                        "body": row.body,
                        "said_at": self.now,
                        "lease_until": self._leased_until(),
                    },
                )
        self._said.clear()

    def _leased_until(self) -> datetime:
        leases = real(self.clock)
        return (self.now if leases is self.clock else leases.now()) + OUTBOX_LEASE

    def _done(self) -> None:
        # Let go of: whoever is to be called holds this unit most often, and a ring of a whole batch would lie about
        # until the collector looks for it.
        calls, self.after_commit = self.after_commit, []
        for call in calls:
            call()


def _change(
    session: ClientSession, target: Collection[Document], changes: Sequence[Update | pymongo.DeleteOne]
) -> int:
    """Make the changes; answers how many of them found their document."""
    if len(changes) == 1 and isinstance(only := changes[0], Update):
        return target.update_one(only.where, only.change, upsert=only.upsert, session=session).matched_count
    operations = operations_of(session, target, changes)
    if not operations:
        return 0
    return target.bulk_write(operations, ordered=True, session=session).matched_count


_unfinished = threading.local()


@contextlib.contextmanager
def _session(client: Client) -> Iterator[ClientSession]:
    """A session for one transaction.

    Where the last one of this thread ended in the dark (the database froze, the link was cut), the next one goes on with
    its session: the server then gives up the transaction that it may still hold open. In another session the same rows
    would conflict with that ghost for a minute.
    """
    session: ClientSession | None = getattr(_unfinished, "session", None)
    _unfinished.session = None
    if session is None or session.client is not client:
        session = client.start_session()
    try:
        yield session
    except (ConnectionFailure, Unavailable):
        _unfinished.session = session
        raise
    except BaseException:
        session.end_session()
        raise
    else:
        session.end_session()


def _abort(session: ClientSession) -> None:
    # What failed is already on its way up, and must not wait for a database that froze.
    with contextlib.suppress(PyMongoError), pymongo.timeout(_ABORT_SECONDS):
        session.abort_transaction()


def _commit(session: ClientSession) -> None:
    """Commit, asking again while the outcome is unknown, for at most five seconds."""
    begun = monotonic()
    while True:
        try:
            session.commit_transaction()
            return
        except PyMongoError as error:
            if error.has_error_label("UnknownTransactionCommitResult") and monotonic() - begun < 5:
                continue
            if error.has_error_label("UnknownTransactionCommitResult"):
                raise Unavailable("database") from error
            raise name_failure(error) from error
