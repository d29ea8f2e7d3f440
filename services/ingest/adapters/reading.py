"""The normaliser at its queues: takes intake ids in weighted turns, reads the rows, says what they are.

It keeps nothing of its own: a row that was read twice says the same fact under the same id, and tickets' inbox drops
the repeat. So there is no transaction here, only files, then facts, then the acknowledgement.
"""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial

from google.protobuf.message import DecodeError
from opentelemetry.trace import SpanKind

from bus.v1.bundle_pb2 import Bundle, Envelope
from chassis.bus import Bus, Delivery, Publisher
from chassis.clock import Clock, monotonic
from chassis.errors import Unavailable
from chassis.failpoints import failpoint
from chassis.letters import describe
from chassis.mongo import Documents, Raced
from chassis.outbox import Outbox
from chassis.taking import Batch, Taker
from chassis.telemetry import tracing
from chassis.telemetry.metrics import Metrics
from chassis.units import Cause, Unit
from services.ingest.adapters import wire
from services.ingest.adapters.directory import ChannelDirectory
from services.ingest.adapters.intake_queues import DEAD, patience_after, prepare, queue_name
from services.ingest.adapters.mongo.blocked import MongoBlocked
from services.ingest.adapters.mongo.files import MongoFiles
from services.ingest.adapters.mongo.intake import MongoIntake
from services.ingest.adapters.received_bundles import received_bundles
from services.ingest.application.normalise import Blocked, SetAside, Understood, normalise, with_stored
from services.ingest.domain.channel import Channel
from services.ingest.domain.intake import IntakeRow
from services.ingest.domain.received import Screening

_BATCH = 100
_LOOK_FOR_CHANNELS = 2.0
# A row that was begun alone this often, and never ended, is set aside.
_ATTEMPTS = 3


class Reader(Taker[Envelope]):
    """Reads the intake queues of the channels that `takes` chooses."""

    def __init__(
        self,
        *,
        transport: Bus,
        publisher: Publisher,
        database: Documents,
        clock: Clock,
        intake: MongoIntake,
        blocked: MongoBlocked,
        files: MongoFiles,
        directory: ChannelDirectory,
        outbox: Outbox,
        metrics: Metrics,
        takes: Callable[[Channel], bool],
        weights: dict[str, int],
        prefetch: int = 4,
    ) -> None:
        super().__init__(
            name="reader",
            consumer="intake",
            dead=DEAD,
            transport=transport,
            publisher=publisher,
            metrics=metrics,
            batch_max=_BATCH,
            prefetch=prefetch,
        )
        self._database = database
        self._clock = clock
        self._intake = intake
        self._blocked = blocked
        self._files = files
        self._directory = directory
        self._outbox = outbox
        self._takes = takes
        self._lanes = weights
        self._queues: Mapping[str, int] = {}
        self._looked = monotonic()
        self._read = metrics.counter(
            "ingest_read_total", "Rows read, by what came of it.", ["channel", "outcome"]
        )
        self._by_patterns = metrics.counter(
            "ingest_by_patterns_total",
            "Mails that a mail pattern was meant for: form, notice, or missed.",
            ["channel", "outcome"],
        )
        self._screened = metrics.counter(
            "ingest_screened_total",
            "Mails that a list of their mailbox let in, kept out or took for spam, by what decided.",
            ["channel", "verdict", "by"],
        )
        self._seconds = metrics.histogram(
            "ingest_read_seconds", "From taking a batch of ids to its acknowledgement."
        )

    # -------------------------------------------------------------------------------------------------- the queues

    def _prepare(self) -> None:
        prepare(self._bus, [channel.channel_id for channel in self._channels()])

    def _weights(self) -> Mapping[str, int]:
        self._looked = monotonic()
        self._queues = self._wanted()
        return self._queues

    def _between(self) -> None:
        """Look for new channels. One that is gone keeps its queue until the process ends: what lies in it is set aside
        with its reason."""
        if monotonic() - self._looked <= _LOOK_FOR_CHANNELS:
            return
        self._looked = monotonic()
        fresh = {queue: weight for queue, weight in self._wanted().items() if queue not in self._queues}
        if fresh:
            self._prepare()
            for queue, weight in fresh.items():
                self._join(queue, weight)
            self._queues = {**self._queues, **fresh}

    def _wanted(self) -> Mapping[str, int]:
        return {
            queue_name(channel.channel_id): self._lanes.get(channel.lane, 1) for channel in self._channels()
        }

    def _channels(self) -> Sequence[Channel]:
        return [channel for channel in self._directory.all() if self._takes(channel)]

    def _open(self, delivery: Delivery, batch: Batch[Envelope]) -> int:
        try:
            envelopes = [one for one in Bundle.FromString(delivery.body).events if one.event_id]
        except DecodeError:
            envelopes = []
        if not envelopes:
            batch.poison.append(self._raw_letter(delivery, "not a bundle of intake ids"))
            return 1
        batch.items.extend(envelopes)
        return len(envelopes)

    # --------------------------------------------------------------------------------------------------- one batch

    def _handle(self, batch: Batch[Envelope]) -> None:
        begun = monotonic()
        ids = list(dict.fromkeys(envelope.event_id for envelope in batch.items))
        traces = {one.event_id: one.traceparent for one in batch.items if one.traceparent}
        # One of them may be to blame, and must not cost the others.
        if batch.is_suspect or not self._together(ids, traces):
            for intake_id in ids:
                self._alone(intake_id, traces)
        failpoint("after-received-before-ack")
        self._finish(batch)
        self._linger = patience_after(len(ids))
        self._seconds.observe(monotonic() - begun)

    def _together(self, ids: Sequence[str], traces: Mapping[str, str]) -> bool:
        """Read rows as they come; False where something about them went wrong."""
        try:
            for start in range(0, len(ids), _BATCH):
                self._persist(partial(self._read_ids, ids[start : start + _BATCH], traces))
        except Unavailable:
            raise
        except Exception as failure:  # noqa: BLE001 - decides over one row, alone
            self._log.error("batch_not_read", rows=len(ids), error=describe(failure))
            return False
        return True

    def _alone(self, intake_id: str, traces: Mapping[str, str]) -> None:
        """A row that may be what killed its reader, or made it stumble."""
        head = self._persist(partial(self._intake.head, intake_id))
        if head is None:
            return
        try:
            reason = self._trial(intake_id, traces)
            if reason:
                self._persist(partial(self._set_aside, [SetAside(head, reason)]))
        finally:
            # Whoever survived is innocent of what killed the others; an attempt that stays counted makes the next fewer.
            with contextlib.suppress(Unavailable):
                self._intake.forget_attempts(intake_id)

    def _trial(self, intake_id: str, traces: Mapping[str, str]) -> str:
        """Read one row; answers why it must be set aside, if so."""
        if self._persist(partial(self._intake.count_attempt, intake_id)) > _ATTEMPTS:
            return f"its reader died {_ATTEMPTS} times"
        try:
            self._persist(partial(self._read_ids, [intake_id], traces))
        except Unavailable:
            raise
        except Exception as failure:  # noqa: BLE001 - poison never blocks: a mistake over a row becomes quarantine
            return f"the reader failed: {describe(failure)}"[:300]
        return ""

    def _read_ids(self, ids: Sequence[str], traces: Mapping[str, str]) -> None:
        for rows in self._intake.accepted(ids):
            self._read_rows(rows, traces)

    def _read_rows(self, rows: Sequence[IntakeRow], traces: Mapping[str, str]) -> None:
        understood: list[Understood] = []
        aside: list[SetAside] = []
        blocked: list[Blocked] = []
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
                elif isinstance(one, Blocked):
                    blocked.append(one)
                else:
                    understood.append(one)
            self._files.keep([file for one in understood for file in one.parts])
            understood = with_stored(understood, self._files)
            self._publisher.publish(
                received_bundles(understood, said_by, self._bus.exchange, self._clock.now())
            )
        if aside:
            self._set_aside(aside)
        if blocked:
            self._keep_out(blocked)
        for channel_id, number in Counter(one.row.channel_id for one in understood).items():
            self._read.labels(channel_id, "understood").inc(number)
        for one in understood:
            if one.message.read_as:
                self._by_patterns.labels(one.row.channel_id, one.message.read_as).inc()
            if (found := one.message.screening) is not None:
                self._screened.labels(one.row.channel_id, found.verdict, found.by).inc()

    def _normalise(self, row: IntakeRow) -> Understood | SetAside | Blocked:
        try:
            return normalise(row, self._directory)
        except Unavailable:
            raise
        except Exception as failure:  # noqa: BLE001 - poison never blocks: a reader's mistake becomes quarantine
            self._log.error(
                "row_not_read",
                intake_id=row.intake_id,
                error=type(failure).__name__,
                **tracing.named(row.traceparent),
            )
            return SetAside(row, f"the reader failed: {type(failure).__name__}")

    def _keep_out(self, blocked: Sequence[Blocked]) -> None:
        """Close the rows here, so that no fact of them is ever said: whoever is brought back is heard for the first time."""
        alike: dict[tuple[str, Screening], list[Blocked]] = defaultdict(list)
        for one in blocked:
            alike[one.row.channel_id, one.screening].append(one)
        for (channel_id, screening), some in alike.items():
            number = self._blocked.block([one.row for one in some], some[0].reason)
            self._read.labels(channel_id, "blocked").inc(number)
            self._screened.labels(channel_id, screening.verdict, screening.by).inc(number)

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
                "row_quarantined",
                intake_id=row.intake_id,
                channel=row.channel_id,
                reason=one.reason,
                **tracing.named(row.traceparent),
            )
            self._read.labels(row.channel_id, "quarantined").inc()
