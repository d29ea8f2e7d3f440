"""The stream of facts: each watcher gets what it asked for, one by one or several in a message."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from relaydesk.tickets.v1 import events_pb2, service_pb2, ticket_pb2
from services.tickets.adapters.mongo.log import MongoLog, Stamped
from services.tickets.adapters.rpc import watch
from services.tickets.adapters.rpc.watch import Tailer

Response = service_pb2.WatchTicketsResponse
_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class MemoryLog:
    """Facts by their sequence, from 1 on."""

    def __init__(self) -> None:
        self.facts: list[Stamped] = []

    def add(self, count: int, text: str = "", group: str = "") -> None:
        for _ in range(count):
            sequence = len(self.facts) + 1
            ticket = ticket_pb2.Ticket(id=f"t{sequence % 2}", number=sequence, subject=text, group=group)
            fact = events_pb2.TicketChanged(ticket=ticket)
            event_id = f"{ticket.id}:{sequence}:0"
            self.facts.append(Stamped(sequence, event_id, "TicketChanged", _AT, fact.SerializeToString()))

    def last(self) -> int:
        return len(self.facts)

    def after(self, sequence: int, limit: int) -> list[Stamped]:
        return self.facts[sequence : sequence + limit]


class Watching:
    """A watch whose answers are taken one at a time."""

    def __init__(self, tailer: Tailer, request: service_pb2.WatchTicketsRequest) -> None:
        self.answers = tailer.watch(request)

    async def next(self) -> Response:
        """The next that is no heartbeat."""
        async with asyncio.timeout(60):
            while (answer := await anext(self.answers)).WhichOneof("fact") == "heartbeat":
                pass
        return answer

    async def until(self, sequence: int) -> list[Response]:
        answers: list[Response] = []
        while not answers or answers[-1].sequence < sequence:
            answers.append(await self.next())
        return answers


@asynccontextmanager
async def watching(log: MemoryLog, **asked: Any) -> AsyncIterator[Watching]:
    tailer = Tailer(
        cast("MongoLog", log), every=timedelta(milliseconds=5), heartbeat_every=timedelta(milliseconds=20)
    )
    tailer.start()
    made = Watching(tailer, service_pb2.WatchTicketsRequest(**asked))
    try:
        yield made
    finally:
        await cast("Any", made.answers).aclose()
        await asyncio.to_thread(tailer.stop, timedelta(seconds=5))


def _sequences(answers: list[Response]) -> list[int]:
    return [fact.sequence for answer in answers for fact in answer.batch]


def test_without_the_flag_each_fact_is_a_message() -> None:
    async def scenario() -> None:
        log = MemoryLog()
        log.add(3)
        async with watching(log, from_sequence=0) as stream:
            answers = await stream.until(3)
            assert [answer.sequence for answer in answers] == [1, 2, 3]
            assert {answer.WhichOneof("fact") for answer in answers} == {"ticket_changed"}
            assert not any(answer.batch for answer in answers)

    asyncio.run(scenario())


def test_with_the_flag_facts_come_together_each_as_it_would_alone() -> None:
    async def scenario() -> None:
        log = MemoryLog()
        log.add(3)
        async with watching(log, from_sequence=0) as stream:
            alone = await stream.until(3)
        async with watching(log, from_sequence=0, batch=True) as stream:
            (together,) = await stream.until(3)
        assert together.WhichOneof("fact") is None
        assert list(together.batch) == alone

    asyncio.run(scenario())


def test_a_batch_goes_on_without_a_gap_or_a_double_while_facts_come() -> None:
    async def scenario() -> None:
        log = MemoryLog()
        log.add(700)
        async with watching(log, from_sequence=20, batch=True) as stream:
            seen = await stream.until(700)
            log.add(900)
            seen += await stream.until(1600)
        assert _sequences(seen) == list(range(21, 1601))

    asyncio.run(scenario())


def test_large_facts_are_spread_over_several_messages() -> None:
    async def scenario() -> None:
        log = MemoryLog()
        log.add(9, text="x" * (watch.BATCH_BYTES // 3))
        async with watching(log, from_sequence=0, batch=True) as stream:
            answers = await stream.until(9)
        assert _sequences(answers) == list(range(1, 10))
        assert all(answer.ByteSize() <= watch.BATCH_BYTES for answer in answers)
        assert [answer.sequence for answer in answers] == [answer.batch[-1].sequence for answer in answers]

    asyncio.run(scenario())


def test_a_batch_holds_only_what_is_asked_for_and_says_how_far_it_is() -> None:
    async def scenario() -> None:
        log = MemoryLog()
        log.add(2)
        log.add(2, group="money")
        log.add(1)
        async with watching(log, from_sequence=0, batch=True, group=["money"]) as stream:
            (answer,) = await stream.until(5)
        assert _sequences([answer]) == [3, 4]

    asyncio.run(scenario())


def test_whatever_fails_the_watchers_are_told_what_comes_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_PAUSE", timedelta(milliseconds=5))

    async def scenario() -> None:
        log = MemoryLog()
        tailer = Tailer(
            cast("MongoLog", log), every=timedelta(milliseconds=5), heartbeat_every=timedelta(milliseconds=5)
        )
        fail_next(log, "last")
        fail_next(tailer, "_take")
        tailer.start()
        watching = Watching(tailer, service_pb2.WatchTicketsRequest(from_sequence=0))
        try:
            assert (await anext(watching.answers)).WhichOneof("fact") == "heartbeat"
            log.add(3)
            assert [answer.sequence for answer in await watching.until(3)] == [1, 2, 3]
            fail_next(tailer, "_take")
            log.add(2)
            assert [answer.sequence for answer in await watching.until(5)] == [4, 5]
        finally:
            await cast("Any", watching.answers).aclose()
            await asyncio.to_thread(tailer.stop, timedelta(seconds=5))

    asyncio.run(scenario())


def fail_next(thing: object, method: str) -> None:
    """The next call of the method fails in a way that nobody has foreseen."""
    well = getattr(thing, method)

    def fail(*args: Any, **more: Any) -> None:
        setattr(thing, method, well)
        raise RuntimeError("not foreseen")

    setattr(thing, method, fail)


def test_what_comes_while_a_heartbeat_is_taken_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = [0.0]
    monkeypatch.setattr(watch, "monotonic", lambda: passed[0])

    async def scenario() -> None:
        log = MemoryLog()
        tailer = Tailer(
            cast("MongoLog", log), every=timedelta(milliseconds=5), heartbeat_every=timedelta(hours=1)
        )
        tailer.start()
        slow, quick = (Watching(tailer, service_pb2.WatchTicketsRequest(from_sequence=0)) for _ in range(2))
        try:
            async with asyncio.timeout(60):
                assert (await anext(slow.answers)).WhichOneof("fact") == "heartbeat"
                second = asyncio.ensure_future(anext(slow.answers))
                # By then it waits.
                await asyncio.sleep(0)
                passed[0] += 3600
                assert (await second).WhichOneof("fact") == "heartbeat"
                log.add(1)
                await quick.until(1)
                assert (await anext(slow.answers)).sequence == 1
        finally:
            for one in (slow, quick):
                await cast("Any", one.answers).aclose()
            await asyncio.to_thread(tailer.stop, timedelta(seconds=5))

    asyncio.run(scenario())
