"""Intake ids on their way to a reader: each channel has a queue of its own, so that a flood waits alone."""

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

import structlog

from bus.v1.bundle_pb2 import Bundle
from chassis import bus
from chassis.bus import Bus, Outgoing, Publisher, Unroutable
from chassis.clock import monotonic
from chassis.errors import Unavailable
from chassis.failpoints import failpoint
from chassis.ids import new_id
from chassis.letters import describe
from chassis.link import declaring
from chassis.stamps import stamp
from chassis.telemetry.metrics import Metrics
from services.ingest.adapters.mongo.intake import MongoIntake
from services.ingest.application.ports import Unpublished

BUNDLE_IDS = 100
TYPE = "bus.v1.Bundle"
DEAD = "intake.dead"
# What was sent is followed by nothing for so many seconds, so that a stream travels in bundles, which cost all who come
# behind less. Who comes alone waits for nobody, and neither does anybody at a hundred messages a second: with 0.015 they
# came two at a time and took a tenth less CPU time, but each had waited 8 ms, and the slowest in a hundred 15.
_APART = 0.008
# Rows of one batch that show a crowd at the door, and how many seconds the next one waits for the rest of it.
_CROWD = 30
_COMPANY = 0.03
# More than this waits for the sweep rather than in memory.
_WAITING = 20_000
# Notes that are written together, and how long one may wait for others.
_NOTES = 2000
# By then most rows are closed, which notes it too: one write a row instead of two.
_NOTE_EVERY = 2.0


def queue_name(channel_id: str) -> str:
    """The queue of one channel's intake."""
    return f"intake.{channel_id}"


def prepare(transport: Bus, channel_ids: Iterable[str]) -> None:
    """Make the queues. Idempotent. Raises Unavailable."""
    with declaring(transport) as channel:
        bus.declare_queue(channel, DEAD)
        for channel_id in channel_ids:
            bus.declare_queue(channel, queue_name(channel_id), bus.dead_letters_to(DEAD))


def patience_after(rows: int) -> float:
    """How many seconds a reader's next batch waits for company, after one of so many rows: fuller batches cost broker,
    database and reader half. Who comes alone never waits."""
    return _COMPANY if rows >= _CROWD else 0.0


class IntakePublisher:
    """Publishes intake ids behind the back of whoever accepted them: the row is kept, and a sweep finds what this loses."""

    name = "intake-publisher"

    def __init__(
        self,
        transport: Bus,
        publisher: Publisher,
        intake: MongoIntake,
        lane_of: Callable[[str], str],
        metrics: Metrics,
    ) -> None:
        self._bus = transport
        self._publisher = publisher
        self._intake = intake
        self._lane_of = lane_of
        self._waiting: list[Unpublished] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._log = structlog.get_logger(__name__)
        self._confirm = metrics.histogram(
            "ingest_publish_confirm_seconds",
            "From publishing a window of intake ids to the broker's confirms.",
        )
        self.heartbeat: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin to publish what is offered."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, grace: timedelta) -> None:
        """Publish what waits, then end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(grace.total_seconds())

    def offer(self, rows: Iterable[Unpublished]) -> None:
        """Hand in rows that are kept; never blocks."""
        with self._changed:
            was_empty = not self._waiting
            if len(self._waiting) < _WAITING:
                self._waiting.extend(rows)
            # Not for each that joins others: to be woken costs as much as to be sent.
            if was_empty or len(self._waiting) >= BUNDLE_IDS:
                self._changed.notify()

    def publish(self, rows: Sequence[Unpublished]) -> None:
        """Publish rows and note it. Raises Unavailable; what was published nevertheless is published again."""
        self._send(rows)
        failpoint("after-publish-before-mark")
        self._intake.mark_published([row.intake_id for row in rows])

    def _send(self, rows: Sequence[Unpublished]) -> None:
        by_channel: dict[str, list[Unpublished]] = defaultdict(list)
        for row in rows:
            by_channel[row.channel_id].append(row)
        messages = [
            Outgoing(
                "",
                queue_name(channel_id),
                self._bundle(channel_id, some),
                TYPE,
                new_id(),
                {bus.FACTS: len(some)},
            )
            for channel_id, found in by_channel.items()
            for some in _in_bundles(found)
        ]
        begun = monotonic()
        try:
            self._publisher.publish(messages)
        except Unroutable:
            # A channel so new that nobody has made its queue.
            prepare(self._bus, by_channel)
            self._publisher.publish(messages)
        self._confirm.observe(monotonic() - begun)

    def _bundle(self, channel_id: str, rows: Sequence[Unpublished]) -> bytes:
        bundle, lane = Bundle(), self._lane_of(channel_id)
        for row in rows:
            envelope = bundle.events.add(
                event_id=row.intake_id, lane=lane, subject=row.intake_id, traceparent=row.traceparent
            )
            stamp(envelope.received_at, row.received_at)
        return bundle.SerializeToString()

    def _run(self) -> None:
        # Notes wait for company: a note is only there to spare the sweep a second publication seconds later.
        unnoted: list[str] = []
        noted = monotonic()
        not_before = noted
        while True:
            rows = self._next(_NOTE_EVERY if unnoted else 1.0, not_before)
            if rows is None:
                break
            try:
                if rows:
                    self._send(rows)
                    not_before = monotonic() + max(_APART, patience_after(len(rows)))
                    failpoint("after-publish-before-mark")
                    unnoted.extend(row.intake_id for row in rows)
                if unnoted and (len(unnoted) >= _NOTES or monotonic() - noted >= _NOTE_EVERY):
                    ids, unnoted, noted = unnoted, [], monotonic()
                    self._intake.mark_published(ids)
            except Unavailable as away:
                # Kept in the ledger; the sweep will bring them.
                self._log.warning("intake_publish_left_to_sweep", rows=len(rows), away=str(away))
            except Exception as failure:  # noqa: BLE001 - the sweep brings these too, and those that come must not wait
                self._log.exception("intake_publisher_failed", rows=len(rows), error=describe(failure))
        if unnoted:
            with contextlib.suppress(Unavailable):
                self._intake.mark_published(unnoted)

    def _next(self, patience: float, not_before: float) -> list[Unpublished] | None:
        """What waits, possibly nothing after `patience` seconds, and what joins it until the moment `not_before` or a
        bundle is full; None once everything is done."""
        with self._changed:
            self.heartbeat()
            if not self._waiting and not self._stopping:
                self._changed.wait(patience)
            while 0 < len(self._waiting) < BUNDLE_IDS and not self._stopping:
                left = not_before - monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            if not self._waiting and self._stopping:
                return None
            rows, self._waiting = self._waiting[:1000], self._waiting[1000:]
            return rows


def _in_bundles(rows: Sequence[Unpublished]) -> Iterable[Sequence[Unpublished]]:
    for start in range(0, len(rows), BUNDLE_IDS):
        yield rows[start : start + BUNDLE_IDS]
