"""WatchTickets: one reader of the log a process, however many watch.

The tailer keeps the latest facts in a ring. A watcher is nothing but its place in the sequence: it takes what is behind
that place from the ring, or from the store where it has fallen further back, so nothing waits in queues of its own and
a slow one slows nobody. A message of the stream costs ten times what a fact in it costs, so watchers that allow it get
several in one.
"""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future as ThreadFuture
from dataclasses import dataclass
from datetime import timedelta

from chassis.clock import monotonic
from chassis.errors import InvalidField, Unavailable
from chassis.stamps import stamp
from chassis.telemetry import logger
from relaydesk.tickets.v1 import events_pb2, service_pb2
from services.tickets.adapters.mongo.log import MongoLog, Stamped

RING_FACTS = 5_000
RING_BYTES = 16_000_000
FACTS_AT_ONCE = 500
# Far below what a client takes in one message unless it was told otherwise (4 MiB), with a fact of any size.
BATCH_BYTES = 1_000_000
_PAUSE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Watched:
    """A fact as watchers get it, with what they filter by."""

    answer: service_pb2.WatchTicketsResponse
    ticket_id: str
    group: str
    channel: str
    size: int


class Tailer:
    """Follows the log while anybody watches."""

    name = "tailer"

    def __init__(self, log: MongoLog, *, every: timedelta, heartbeat_every: timedelta) -> None:
        self._log = log
        self._every = every.total_seconds()
        self._heartbeat_every = heartbeat_every.total_seconds()
        self.heartbeat: Callable[[], None] = lambda: None
        self._told = threading.Event()
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._watchers = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        # All below is touched on the loop only. `_before` is the place behind which the ring is complete.
        self._ring: deque[Watched] = deque()
        self._ring_bytes = 0
        self._before = 0
        self._head = 0
        self._pulse: asyncio.Future[None] | None = None

    def start(self) -> None:
        """Begin; reads nothing until somebody watches."""
        self._thread = threading.Thread(target=self._follow, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, grace: timedelta) -> None:
        self._told.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join(grace.total_seconds())

    async def watch(
        self, request: service_pb2.WatchTicketsRequest
    ) -> AsyncIterator[service_pb2.WatchTicketsResponse]:
        """Facts behind the request's place, in order, without end; a heartbeat first and where nothing comes.

        Raises InvalidField, and Unavailable where the store is away: the caller resumes from the last sequence it saw.
        """
        if request.from_sequence < -1:
            raise InvalidField(
                "from_sequence", "a sequence, 0 for the first or -1 for now", str(request.from_sequence)
            )
        wanted = _Wanted(frozenset(request.group), frozenset(request.channel), frozenset(request.ticket_id))
        self._join()
        try:
            position = request.from_sequence
            if position < 0:
                position = await asyncio.to_thread(self._log.last)
            yield _heartbeat(position)
            spoke = monotonic()
            while True:
                facts = await self._behind(position)
                if facts:
                    position = facts[-1].answer.sequence
                taken = [fact for fact in facts if wanted.takes(fact)]
                for answer in _batches(taken, position) if request.batch else _singles(taken):
                    yield answer
                    spoke = monotonic()
                if monotonic() - spoke >= self._heartbeat_every:
                    yield _heartbeat(position)
                    spoke = monotonic()
                    # While the caller took it, facts may have come; only the next pulse would tell.
                    continue
                if not facts:
                    await self._next_pulse()
        finally:
            self._watchers -= 1

    def _join(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._watchers += 1
        self._wanted.set()

    async def _behind(self, position: int) -> Sequence[Watched]:
        if position >= self._head:
            return ()
        if position >= self._before:
            # No gaps: the place is the index.
            start = position - self._before
            return [self._ring[at] for at in range(start, min(start + FACTS_AT_ONCE, len(self._ring)))]
        facts = await asyncio.to_thread(self._log.after, position, FACTS_AT_ONCE)
        return [_watched(fact) for fact in facts]

    async def _next_pulse(self) -> None:
        assert self._loop is not None
        if self._pulse is None:
            self._pulse = self._loop.create_future()
        await asyncio.shield(self._pulse)

    # ------------------------------------------------------------------------------------------------- the one reader

    def _follow(self) -> None:
        place = -1
        pulsed = monotonic()
        while not self._told.is_set():
            self.heartbeat()
            if self._watchers == 0:
                # Nobody looks: what comes now is read by those who come later.
                self._wanted.clear()
                if self._watchers == 0:
                    self._wanted.wait(_PAUSE.total_seconds())
                place = -1
                continue
            try:
                if place < 0:
                    place = self._log.last()
                    self._hand_over([], begin=place)
                facts = self._log.after(place, FACTS_AT_ONCE)
                if facts or monotonic() - pulsed >= self._heartbeat_every / 2:
                    self._hand_over(facts)
                    pulsed = monotonic()
            except Unavailable as away:
                logger(__name__).warning("tailer_waits", away=str(away))
                self._told.wait(_PAUSE.total_seconds())
                continue
            except Exception:  # noqa: BLE001 - the one reader must live on
                # Whatever it was, those who watch must not be left without a word for ever: begin anew.
                logger(__name__).exception("tailer_failed")
                place = -1
                self._told.wait(_PAUSE.total_seconds())
                continue
            if facts:
                place = facts[-1].sequence
            if len(facts) < FACTS_AT_ONCE:
                # Where nothing comes, it is not expected either.
                self._told.wait(self._every if facts else 2 * self._every)

    def _hand_over(self, facts: Sequence[Stamped], begin: int | None = None) -> None:
        """Give the loop what is new and wait until it took it, so that a busy loop is not buried."""
        loop, taken = self._loop, ThreadFuture[None]()
        watched = [_watched(fact) for fact in facts]

        def take() -> None:
            try:
                self._take(watched, begin)
            except Exception as failure:  # noqa: BLE001 - raised where it is waited for
                taken.set_exception(failure)
            else:
                taken.set_result(None)

        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(take)
        except RuntimeError:
            # Closed meanwhile, with everybody who watched.
            return
        while not self._told.is_set() and not loop.is_closed():
            try:
                taken.result(0.5)
                return
            except TimeoutError:
                continue

    def _take(self, facts: Sequence[Watched], begin: int | None) -> None:
        if begin is not None:
            self._ring.clear()
            self._ring_bytes = 0
            self._before = self._head = begin
        for fact in facts:
            self._ring.append(fact)
            self._ring_bytes += fact.size
            self._head = fact.answer.sequence
        while len(self._ring) > RING_FACTS or self._ring_bytes > RING_BYTES:
            gone = self._ring.popleft()
            self._ring_bytes -= gone.size
            self._before = gone.answer.sequence
        if self._pulse is not None:
            pulse, self._pulse = self._pulse, None
            if not pulse.done():
                pulse.set_result(None)


@dataclass(frozen=True, slots=True)
class _Wanted:
    groups: frozenset[str]
    channels: frozenset[str]
    tickets: frozenset[str]

    def takes(self, fact: Watched) -> bool:
        return (
            (not self.groups or fact.group in self.groups)
            and (not self.channels or fact.channel in self.channels)
            and (not self.tickets or fact.ticket_id in self.tickets)
        )


def _heartbeat(sequence: int) -> service_pb2.WatchTicketsResponse:
    return service_pb2.WatchTicketsResponse(sequence=sequence, heartbeat=service_pb2.Heartbeat())


def _singles(facts: Sequence[Watched]) -> Iterator[service_pb2.WatchTicketsResponse]:
    return (fact.answer for fact in facts)


def _batches(facts: Sequence[Watched], position: int) -> Iterator[service_pb2.WatchTicketsResponse]:
    """All of them in as few messages as their sizes allow; the last one says that the watch is at `position`."""
    begin, size = 0, 0
    for place, fact in enumerate(facts):
        size += fact.size
        if size > BATCH_BYTES and place > begin:
            yield _batch(facts[begin:place], facts[place - 1].answer.sequence)
            begin, size = place, fact.size
    if facts:
        yield _batch(facts[begin:], position)


def _batch(facts: Sequence[Watched], sequence: int) -> service_pb2.WatchTicketsResponse:
    return service_pb2.WatchTicketsResponse(sequence=sequence, batch=[fact.answer for fact in facts])


def _watched(stamped: Stamped) -> Watched:
    answer = service_pb2.WatchTicketsResponse(sequence=stamped.sequence, event_id=stamped.event_id)
    stamp(answer.occurred_at, stamped.at)
    fact: events_pb2.TicketOpened | events_pb2.MessageAdded | events_pb2.TicketChanged
    if stamped.fact == "TicketOpened":
        fact = answer.ticket_opened
    elif stamped.fact == "MessageAdded":
        fact = answer.message_added
    else:
        fact = answer.ticket_changed
    # Read where it belongs: a copy would cost as much again.
    fact.MergeFromString(stamped.body)
    ticket = fact.ticket
    return Watched(answer, ticket.id, ticket.group, ticket.channel, len(stamped.body) + 500)
