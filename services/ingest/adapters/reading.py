"""The normaliser at its queues: takes intake ids in weighted turns, reads the rows, says what they are.

It keeps nothing of its own: a row that was read twice says the same fact under the same id, and tickets' inbox drops
the repeat. So there is no transaction here, only files, then facts, then the acknowledgement.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog
from google.protobuf.message import DecodeError
from opentelemetry.trace import SpanKind

from bus.v1.bundle_pb2 import Bundle, Envelope
from chassis import bus
from chassis.bus import Bus, Delivery, Outgoing, Publisher, Subscription
from chassis.clock import Clock, monotonic
from chassis.errors import Unavailable
from chassis.failpoints import failpoint
from chassis.ids import new_id
from chassis.mongo import Documents, Raced
from chassis.outbox import Outbox
from chassis.telemetry import tracing
from chassis.telemetry.metrics import Metrics
from chassis.units import BUNDLE_BYTES, BUNDLE_EVENTS, Cause, Unit
from services.ingest.adapters import wire
from services.ingest.adapters.intake_queues import DEAD, prepare, queue_name
from services.ingest.adapters.mongo.channels import ChannelDirectory
from services.ingest.adapters.mongo.files import MongoFiles
from services.ingest.adapters.mongo.intake import MongoIntake
from services.ingest.application.normalise import SetAside, Understood, normalise
from services.ingest.domain.channel import Channel
from services.ingest.domain.intake import IntakeRow

_BATCH = 100
_LOOK_FOR_CHANNELS = 2.0
# Deliveries that were in hand when their process died this often are read one row at a time.
_SUSPECT = 3
# And a row that was begun alone this often is set aside.
_ATTEMPTS = 3


@dataclass(slots=True)
class _Batch:
    envelopes: list[Envelope] = field(default_factory=list)
    last: dict[str, int] = field(default_factory=dict)
    is_suspect: bool = False


class Reader:
    """Reads the intake queues of the channels that `takes` chooses."""

    name = "reader"

    def __init__(
        self,
        *,
        transport: Bus,
        publisher: Publisher,
        database: Documents,
        clock: Clock,
        intake: MongoIntake,
        files: MongoFiles,
        directory: ChannelDirectory,
        outbox: Outbox,
        metrics: Metrics,
        takes: Callable[[Channel], bool],
        weights: dict[str, int],
        prefetch: int = 4,
    ) -> None:
        self._bus = transport
        self._publisher = publisher
        self._database = database
        self._clock = clock
        self._intake = intake
        self._files = files
        self._directory = directory
        self._outbox = outbox
        self._takes = takes
        self._weights = weights
        self._subscription = Subscription(transport, prefetch=prefetch)
        self._queues: dict[str, int] = {}
        self._looked = -1e9
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._consuming = False
        self._log = structlog.get_logger(__name__)
        self._read = metrics.counter(
            "ingest_read_total", "Rows read, by what came of it.", ["channel", "outcome"]
        )
        self._seconds = metrics.histogram(
            "ingest_read_seconds", "From taking a batch of ids to its acknowledgement."
        )
        self._dead = metrics.counter(
            "dead_letters_total", "Facts laid aside for a person.", ["queue", "reason"]
        )
        self.heartbeat: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin to read; a broker or a database that is away is waited for."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, grace: timedelta) -> None:
        """Finish the batch in hand, give the rest back."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(grace.total_seconds())

    def is_ready(self) -> bool:
        """Taking from its queues."""
        return self._consuming

    # ------------------------------------------------------------------------------------------------------ the loop

    def _run(self) -> None:
        pauses = bus.pauses()
        while not self._stop.is_set():
            try:
                self._open()
                self._consuming = True
                pauses = bus.pauses()
                while not self._stop.is_set():
                    self._turn()
            except Unavailable as away:
                self._consuming = False
                self._log.warning("reader_waits", away=str(away))
                self.heartbeat()
                self._stop.wait(next(pauses))
            except Exception as failure:  # noqa: BLE001 - what was in hand comes again, counted, and in the end alone
                self._consuming = False
                self._log.error("reader_stumbled", error=f"{type(failure).__name__}: {failure}"[:300])
                self._subscription.drop()
                self._stop.wait(next(pauses))
        self._consuming = False
        self._subscription.close()

    def _open(self) -> None:
        self._subscription.drop()
        self._queues = self._wanted()
        prepare(self._bus, self._channel_ids())
        self._subscription.open(list(self._queues))
        self._looked = monotonic()

    def _wanted(self) -> dict[str, int]:
        return {
            queue_name(channel.channel_id): self._weights.get(channel.lane, 1)
            for channel in self._directory.all()
            if self._takes(channel)
        }

    def _channel_ids(self) -> list[str]:
        return [channel.channel_id for channel in self._directory.all() if self._takes(channel)]

    def _turn(self) -> None:
        self.heartbeat()
        if monotonic() - self._looked > _LOOK_FOR_CHANNELS:
            self._look_for_channels()
        if not any(self._subscription.in_hand().values()):
            self._subscription.wait(0.5)
            if not any(self._subscription.in_hand().values()):
                return
        batch = self._take()
        if batch.envelopes:
            begun = monotonic()
            self._persist(lambda: self._handle(batch))
            self._seconds.observe(monotonic() - begun)
        if batch.last:
            failpoint("after-received-before-ack")
            self._subscription.ack(batch.last)

    def _look_for_channels(self) -> None:
        self._looked = monotonic()
        wanted = self._wanted()
        fresh = [queue for queue in wanted if queue not in self._queues]
        if fresh:
            prepare(self._bus, self._channel_ids())
            for queue in fresh:
                self._subscription.add(queue)
        # A channel that is gone keeps its queue until the process ends: what lies in it is set aside with its reason.
        self._queues |= wanted

    def _take(self) -> _Batch:
        batch, turns = _Batch(), True
        while turns and len(batch.envelopes) < _BATCH:
            turns = False
            for queue, weight in self._queues.items():
                for _ in range(weight):
                    if len(batch.envelopes) >= _BATCH:
                        break
                    delivery = self._subscription.take(queue)
                    if delivery is None:
                        break
                    turns = True
                    batch.last[queue] = delivery.tag
                    batch.envelopes.extend(self._envelopes(delivery))
                    batch.is_suspect = batch.is_suspect or delivery.deliveries >= _SUSPECT
        return batch

    def _envelopes(self, delivery: Delivery) -> Sequence[Envelope]:
        try:
            envelopes = [one for one in Bundle.FromString(delivery.body).events if one.event_id]
        except DecodeError:
            envelopes = []
        if not envelopes:
            reason = "not a bundle of intake ids"
            headers = {"reason": reason, "queue": delivery.queue}
            buried = Outgoing("", DEAD, delivery.body, delivery.type, delivery.message_id, headers)
            self._persist(lambda: self._publisher.publish([buried]))
            self._dead.labels(delivery.queue, "undecodable").inc()
            self._log.error("delivery_dead_lettered", queue=delivery.queue, error=reason)
        return envelopes

    def _persist(self, step: Callable[[], None]) -> None:
        """Run a step until the surroundings let it; the deliveries stay in hand and the connection is kept alive."""
        pauses = bus.pauses()
        while True:
            try:
                step()
                return
            except Unavailable as away:
                self._log.warning("reader_waits", away=str(away))
                self.heartbeat()
                if self._stop.wait(next(pauses)):
                    raise
                self._subscription.wait(0)

    # --------------------------------------------------------------------------------------------------- one batch

    def _handle(self, batch: _Batch) -> None:
        ids = list(dict.fromkeys(envelope.event_id for envelope in batch.envelopes))
        traces = {one.event_id: one.traceparent for one in batch.envelopes if one.traceparent}
        if not batch.is_suspect:
            try:
                for start in range(0, len(ids), _BATCH):
                    for rows in self._intake.accepted(ids[start : start + _BATCH]):
                        self._read_rows(rows, traces)
                return
            except Unavailable:
                raise
            except Exception as failure:  # noqa: BLE001 - one of them is to blame, and must not cost the others
                self._log.error("batch_not_read", rows=len(ids), error=type(failure).__name__)
        for intake_id in ids:
            self._alone(intake_id, traces)

    def _alone(self, intake_id: str, traces: dict[str, str]) -> None:
        """A row that may be what killed its reader, or made it stumble."""
        head = self._intake.head(intake_id)
        if head is None:
            return
        if self._intake.count_attempt(intake_id) > _ATTEMPTS:
            self._set_aside([SetAside(head, f"its reader died {_ATTEMPTS} times")])
            return
        try:
            for rows in self._intake.accepted([intake_id]):
                self._read_rows(rows, traces)
        except Unavailable:
            raise
        except Exception as failure:  # noqa: BLE001 - poison never blocks: a mistake over a row becomes quarantine
            self._set_aside([SetAside(head, f"the reader failed: {type(failure).__name__}: {failure}"[:300])])
        # Whoever survived is innocent of what killed the others.
        self._intake.forget_attempts(intake_id)

    def _read_rows(self, rows: Sequence[IntakeRow], traces: dict[str, str]) -> None:
        understood: list[Understood] = []
        aside: list[SetAside] = []
        with ExitStack() as spans:
            said_by: dict[str, str] = {}
            for row in rows:
                parent = traces.get(row.intake_id) or row.traceparent
                if parent:
                    span = tracing.span(
                        f"process {queue_name(row.channel_id)}", SpanKind.CONSUMER, parent=parent
                    )
                    spans.enter_context(span)
                    said_by[row.intake_id] = span.traceparent or parent
                one = self._normalise(row)
                if isinstance(one, SetAside):
                    aside.append(one)
                else:
                    understood.append(one)
            self._files.keep([file for one in understood for file in one.parts])
            understood = self._with_stored(understood)
            self._say(understood, said_by)
        if aside:
            self._set_aside(aside)
        for one in understood:
            self._read.labels(one.row.channel_id, "understood").inc()

    def _normalise(self, row: IntakeRow) -> Understood | SetAside:
        try:
            return normalise(row, self._directory)
        except Unavailable:
            raise
        except Exception as failure:  # noqa: BLE001 - poison never blocks: a reader's mistake becomes quarantine
            self._log.error("row_not_read", intake_id=row.intake_id, error=type(failure).__name__)
            return SetAside(row, f"the reader failed: {type(failure).__name__}")

    def _with_stored(self, understood: list[Understood]) -> list[Understood]:
        """Files that a message only names get what is known of them; names that mean nothing are left out."""
        ids = [file.attachment_id for one in understood for file in one.message.stored]
        if not ids:
            return understood
        known = self._files.describe(ids)
        return [
            replace(
                one,
                files=tuple(file for file in one.files if file not in one.message.stored)
                + tuple(
                    known[file.attachment_id] for file in one.message.stored if file.attachment_id in known
                ),
            )
            for one in understood
        ]

    def _say(self, understood: Sequence[Understood], said_by: dict[str, str]) -> None:
        now = self._clock.now()
        by_lane: dict[str, list[Envelope]] = defaultdict(list)
        fact_type = ""
        for one in understood:
            fact = wire.message_received(one)
            fact_type = fact.DESCRIPTOR.full_name
            row = one.row
            envelope = Envelope(
                event_id=row.intake_id,
                type=fact_type,
                lane=one.channel.lane,
                subject=row.intake_id,
                chain_id=row.intake_id,
                traceparent=said_by.get(row.intake_id, ""),
                occurred_at=wire.stamp(now),
                received_at=wire.stamp(row.received_at),
                body=fact.SerializeToString(),
            )
            by_lane[one.channel.lane].append(envelope)
        messages = [
            Outgoing(
                self._bus.exchange, f"{fact_type}.{lane}", bundle.SerializeToString(), fact_type, new_id()
            )
            for lane, envelopes in by_lane.items()
            for bundle in _bundles(envelopes)
        ]
        self._publisher.publish(messages)

    def _set_aside(self, aside: Sequence[SetAside]) -> None:
        for one in aside:
            row = one.row
            unit = Unit(self._database, self._clock)
            found = self._directory.find(row.channel_id)
            unit.cause = Cause(row.intake_id, row.intake_id, 0, row.traceparent, row.received_at)
            self._intake.quarantine(unit, row.intake_id, one.reason)
            unit.say(
                wire.message_quarantined(row.intake_id, row.channel_id, one.reason, unit.now),
                event_id=f"{row.intake_id}:quarantined:{row.retries}",
                lane=found[0].lane if found else "api",
                subject=row.intake_id,
            )
            try:
                unit.commit()
            except Raced:
                # Another reader was first.
                continue
            try:
                self._outbox.publish(unit.outbox)
            except Unavailable as away:
                self._log.warning("publish_left_to_sweep", away=str(away))
            self._log.warning(
                "row_quarantined", intake_id=row.intake_id, channel=row.channel_id, reason=one.reason
            )
            self._read.labels(row.channel_id, "quarantined").inc()


def _bundles(envelopes: Sequence[Envelope]) -> Sequence[Bundle]:
    bundles: list[Bundle] = []
    size = BUNDLE_BYTES
    for envelope in envelopes:
        weight = len(envelope.body) + 300
        if size + weight > BUNDLE_BYTES or len(bundles[-1].events) == BUNDLE_EVENTS:
            bundles.append(Bundle())
            size = 0
        bundles[-1].events.append(envelope)
        size += weight
    return bundles
