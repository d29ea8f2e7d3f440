import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest

from chassis.batches import Outcome, Task
from chassis.errors import Conflict, TooBusy, Unavailable
from chassis.group_commit import GroupCommitter
from chassis.mongo import Raced
from tests.waiting import wait_until

PATIENCE = timedelta(seconds=10)


class Store:
    """Keeps batches; while it is shut, a batch is on its way. `races` are how often each key will lose."""

    def __init__(self, **races: int) -> None:
        self.races = races
        self.batches: list[list[str]] = []
        self.opened = threading.Event()
        self.opened.set()
        self.writing = threading.Event()

    def run(self, tasks: Sequence[Task]) -> list[Outcome]:
        self.batches.append([task.key for task in tasks])
        self.writing.set()
        self.opened.wait(60)
        if any(task.command == "outage" for task in tasks):
            raise Unavailable("database")
        return [self._outcome(task) for task in tasks]

    def _outcome(self, task: Task) -> Outcome:
        if self.races.get(task.key):
            self.races[task.key] -= 1
            return Outcome(task, error=Raced("others hold its rows"))
        if task.command == "refuse":
            return Outcome(task, error=Conflict("no"))
        return Outcome(task, task.key.upper())


@contextmanager
def started(store: Store, **how: int) -> Iterator[GroupCommitter]:
    committer = GroupCommitter(store.run, **how)  # type: ignore[arg-type]
    committer.start()
    try:
        yield committer
    finally:
        store.opened.set()
        committer.stop(PATIENCE)


def waiting(committer: GroupCommitter) -> int:
    return len(committer._waiting)


def test_what_comes_while_a_batch_is_written_is_the_next_batch() -> None:
    store = Store()
    store.opened.clear()
    with started(store) as committer, ThreadPoolExecutor(8) as callers:
        first = callers.submit(committer.call, Task("a", "keep"), PATIENCE)
        store.writing.wait(60)
        rest = [callers.submit(committer.call, Task(key, "keep"), PATIENCE) for key in "bcd"]
        wait_until(lambda: waiting(committer) == 3)
        store.opened.set()
        assert [one.result(60).answer for one in (first, *rest)] == ["A", "B", "C", "D"]
    assert [sorted(batch) for batch in store.batches] == [["a"], ["b", "c", "d"]]


def test_many_tasks_of_one_caller_are_answered_in_order_across_batches() -> None:
    store = Store()
    with started(store, batch_max=2) as committer:
        outcomes = committer.call_all([Task(key, "keep") for key in "abcde"], PATIENCE)
        assert committer.call_all([], PATIENCE) == []
    assert [outcome.answer for outcome in outcomes] == ["A", "B", "C", "D", "E"]
    assert store.batches == [["a", "b"], ["c", "d"], ["e"]]


def test_a_task_that_is_refused_does_not_fail_its_neighbours() -> None:
    with started(Store()) as committer:
        outcomes = committer.call_all([Task("a", "keep"), Task("b", "refuse")], PATIENCE)
        with pytest.raises(Conflict):
            committer.call(Task("c", "refuse"), PATIENCE)
    assert [type(outcome.error) for outcome in outcomes] == [type(None), Conflict]


def test_a_batch_that_cannot_be_written_is_raised_and_the_next_one_is_written() -> None:
    with started(Store()) as committer:
        with pytest.raises(Unavailable):
            committer.call_all([Task("a", "keep"), Task("b", "outage")], PATIENCE)
        assert committer.call(Task("c", "keep"), PATIENCE).answer == "C"


def test_who_has_gone_is_not_written_for() -> None:
    store = Store()
    committer = GroupCommitter(store.run)
    with pytest.raises(TimeoutError):
        committer.call(Task("gone", "keep"), timedelta(0))
    committer.start()
    assert committer.call(Task("stayed", "keep"), PATIENCE).answer == "STAYED"
    committer.stop(PATIENCE)
    assert store.batches == [["stayed"]]


def test_more_than_the_limit_is_refused_as_a_whole() -> None:
    committer = GroupCommitter(Store().run, limit=2)
    with pytest.raises(TooBusy):
        committer.call_all([Task(key, "keep") for key in "abc"], PATIENCE)
    assert waiting(committer) == 0


def test_a_committer_that_ends_leaves_nobody_waiting() -> None:
    store = Store()
    store.opened.clear()
    committer = GroupCommitter(store.run)
    committer.start()
    with ThreadPoolExecutor(2) as callers:
        kept = callers.submit(committer.call, Task("kept", "keep"), PATIENCE)
        store.writing.wait(60)
        late = callers.submit(committer.call_all, [Task("late", "keep")], PATIENCE)
        wait_until(lambda: waiting(committer) == 1)
        committer.stop(timedelta(0))
        with pytest.raises(TooBusy):
            late.result(60)
        with pytest.raises(TooBusy):
            committer.call(Task("later", "keep"), PATIENCE)
        store.opened.set()
        assert kept.result(60).answer == "KEPT"


def test_coroutines_share_batches_with_threads_and_are_woken_with_their_own_outcomes() -> None:
    store = Store()
    store.opened.clear()

    async def ask(committer: GroupCommitter) -> list[Outcome]:
        asking = [asyncio.create_task(committer.outcome(Task(key, "keep"))) for key in "bcd"]
        while waiting(committer) < 4:
            await asyncio.sleep(0.001)
        store.opened.set()
        return await asyncio.gather(*asking)

    with started(store) as committer, ThreadPoolExecutor(2) as callers:
        first = callers.submit(committer.call, Task("a", "keep"), PATIENCE)
        store.writing.wait(60)
        thread = callers.submit(committer.call, Task("t", "keep"), PATIENCE)
        assert [outcome.answer for outcome in asyncio.run(ask(committer))] == ["B", "C", "D"]
        assert (first.result(60).answer, thread.result(60).answer) == ("A", "T")
    assert [sorted(batch) for batch in store.batches] == [["a"], ["b", "c", "d", "t"]]


def test_a_coroutine_hears_of_a_refusal_and_of_an_outage() -> None:
    async def ask(committer: GroupCommitter) -> None:
        assert isinstance((await committer.outcome(Task("a", "refuse"))).error, Conflict)
        with pytest.raises(Unavailable):
            await committer.outcome(Task("b", "outage"))

    with started(Store()) as committer:
        asyncio.run(ask(committer))


def test_a_coroutine_that_gave_up_is_not_written_for_and_harms_nobody() -> None:
    store = Store()
    store.opened.clear()

    async def ask(committer: GroupCommitter) -> Outcome:
        with pytest.raises(TimeoutError):
            # Its batch is being written: the answer finds nobody.
            await asyncio.wait_for(committer.outcome(Task("late", "keep")), 0.01)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(committer.outcome(Task("gone", "keep")), 0.01)
        store.opened.set()
        return await committer.outcome(Task("stayed", "keep"))

    with started(store) as committer:
        assert asyncio.run(ask(committer)).answer == "STAYED"
    assert [key for batch in store.batches for key in batch] == ["late", "stayed"]


def test_an_event_loop_that_ended_does_not_stop_the_writer() -> None:
    store = Store()
    store.opened.clear()
    with started(store) as committer:
        loop = asyncio.new_event_loop()
        asking = loop.create_task(committer.outcome(Task("a", "keep")))
        loop.call_soon(loop.stop)
        loop.run_forever()
        store.writing.wait(60)
        asking.cancel()
        loop.close()
        store.opened.set()
        assert committer.call(Task("b", "keep"), PATIENCE).answer == "B"


def test_a_command_that_loses_its_races_is_tried_again_while_its_caller_waits() -> None:
    with started(Store(a=4)) as committer:
        assert committer.call(Task("a", "keep"), PATIENCE).answer == "A"
        assert asyncio.run(committer.outcome(Task("b", "keep"))).answer == "B"


def test_a_coroutines_command_is_tried_again_too() -> None:
    with started(Store(a=3)) as committer:
        assert asyncio.run(committer.outcome(Task("a", "keep"))).answer == "A"


def test_while_one_rests_others_are_written() -> None:
    store = Store(a=6)
    with started(store) as committer, ThreadPoolExecutor(1) as callers:
        slow = callers.submit(committer.call, Task("a", "keep"), timedelta(minutes=1))
        wait_until(lambda: store.races["a"] < 6)
        assert committer.call(Task("b", "keep"), PATIENCE).answer == "B"
        assert slow.result().answer == "A"
    keys = [key for batch in store.batches for key in batch]
    assert keys.count("a") == 7
    assert keys.index("b") < len(keys) - 1


def test_who_waits_no_longer_is_told_that_it_lost() -> None:
    with started(Store(a=10_000)) as committer, pytest.raises(Raced):
        committer.call(Task("a", "keep"), timedelta(milliseconds=200))


def test_commands_handed_in_together_keep_their_order() -> None:
    store = Store(a=1)
    with started(store) as committer:
        lost, kept = committer.call_all([Task("a", "keep"), Task("b", "keep")], PATIENCE)
    assert isinstance(lost.error, Raced)
    assert kept.answer == "B"
    assert [key for batch in store.batches for key in batch] == ["a", "b"]


def test_a_stop_leaves_nobody_resting() -> None:
    store = Store(a=10_000)
    with started(store) as committer, ThreadPoolExecutor(1) as callers:
        resting = callers.submit(committer.call, Task("a", "keep"), timedelta(minutes=10))
        wait_until(lambda: len(store.batches) > 2)
        committer.stop(PATIENCE)
        with pytest.raises(Raced):
            resting.result(60)
