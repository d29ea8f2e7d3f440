"""Many callers, few commits: commands that come while a batch is being written are the next batch."""

import asyncio
import contextlib
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from chassis.batches import Outcome, Task
from chassis.clock import monotonic, pause
from chassis.errors import TooBusy
from chassis.mongo import Raced

# How long a coroutine's command that lost its race is tried again; a thread says how long it waits.
_PATIENCE = timedelta(seconds=2)
# Seconds until it is, at most: it doubles with each race.
_FIRST_REST = 0.02
_LONGEST_REST = 0.5


class _Caller:
    """A thread that waits for the outcomes of all that it handed in: it is woken once."""

    __slots__ = ("_done", "_left", "is_gone")

    def __init__(self, number: int) -> None:
        self._left = number
        # A bare lock: a condition for each command was a tenth of the edge's time.
        self._done = threading.Lock()
        self._done.acquire()
        self.is_gone = False

    def wait(self, timeout: timedelta) -> None:
        """Raises TimeoutError; what is not being written by then is not written any more."""
        if not self._done.acquire(timeout=max(0.0, timeout.total_seconds())):
            self.is_gone = True
            raise TimeoutError

    def count_down(self) -> None:
        self._left -= 1
        if not self._left:
            self._done.release()


@dataclass(slots=True, eq=False)
class _Handed:
    """A task that waits for its outcome, and who waits for it. An exception in place of an outcome is the whole batch's."""

    task: Task
    caller: "_Caller | asyncio.Future[Outcome]"
    # Until when it may be tried again where others hold its rows (monotonic seconds); 0: once is enough.
    until: float = 0.0
    answer: Outcome | Exception | None = None
    races: int = 0
    rests_until: float = 0.0

    @property
    def is_wanted(self) -> bool:
        caller = self.caller
        return not (caller.is_gone if isinstance(caller, _Caller) else caller.cancelled())

    def outcome(self) -> Outcome:
        assert self.answer is not None
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class GroupCommitter:
    """Gathers commands of many callers, threads and coroutines, into batches: what came while the last batch was being
    written is the next.

    A lone command is written at once. `linger` is how long to wait for company where the last batch had some: callers
    who wait for their answers come again together. `limit` bounds what may wait; beyond it TooBusy is raised. A caller
    that has gone is not written for; one that goes while its batch is being written changes nothing. A command handed in
    by itself that lost a race for its rows again and again is tried again as long as its caller waits; those that were
    handed in together keep their order, so one of them is not put behind the others.
    """

    name = "group-committer"

    def __init__(
        self,
        run: Callable[[Sequence[Task]], list[Outcome]],
        *,
        batch_max: int = 100,
        limit: int = 2000,
        linger: timedelta = timedelta(0),
    ) -> None:
        self._run = run
        self._batch_max = batch_max
        self._limit = limit
        self._linger = linger.total_seconds()
        self._waiting: list[_Handed] = []
        self._resting: list[_Handed] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._loop, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, grace: timedelta) -> None:
        """Write what waits, then end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(grace.total_seconds())
        with self._changed:
            left, self._waiting, self._resting = [*self._waiting, *self._resting], [], []
        ended = TooBusy(timedelta(seconds=1), "the process ends")
        for handed in left:
            handed.answer = ended
        _tell(left)

    def call(self, task: Task, timeout: timedelta) -> Outcome:
        """Hand in a task and wait for its outcome; raises its error. TimeoutError means that the outcome is unknown."""
        (outcome,) = self.call_all([task], timeout)
        if outcome.error is not None:
            raise outcome.error
        return outcome

    def call_all(self, tasks: Sequence[Task], timeout: timedelta) -> list[Outcome]:
        """Hand in tasks and wait for an outcome for each, in order. Raises what failed as a batch; TimeoutError means that
        some are unknown."""
        if not tasks:
            return []
        caller = _Caller(len(tasks))
        until = monotonic() + timeout.total_seconds() if len(tasks) == 1 else 0.0
        handed = [_Handed(task, caller, until) for task in tasks]
        self._hand_in(handed)
        caller.wait(timeout)
        return [one.outcome() for one in handed]

    async def outcome(self, task: Task) -> Outcome:
        """Hand in a task of a coroutine, which bounds the waiting itself. Raises what failed as a batch; a task's own error
        stays in its outcome."""
        waiting: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._hand_in([_Handed(task, waiting, monotonic() + _PATIENCE.total_seconds())])
        return await waiting

    def _hand_in(self, handed: list[_Handed]) -> None:
        with self._changed:
            if self._stopping or len(self._waiting) + len(self._resting) + len(handed) > self._limit:
                raise TooBusy(timedelta(seconds=1), "too many writes are waiting")
            if not self._waiting:
                self._changed.notify()
            self._waiting += handed

    def _loop(self) -> None:
        last = 0
        while True:
            with self._changed:
                while not self._is_ready():
                    if self._stopping:
                        return
                    self._changed.wait(self._rest())
            if self._linger and last > 1 and not self._stopping:
                pause(self._linger)
            with self._changed:
                last = len(self._waiting)
                batch, self._waiting = self._waiting[: self._batch_max], self._waiting[self._batch_max :]
            batch = [handed for handed in batch if handed.is_wanted]
            if batch:
                self._write(batch)
                again = [handed for handed in batch if self._may_race_again(handed)]
                if again:
                    with self._changed:
                        self._resting += again
                _tell([handed for handed in batch if handed not in again] if again else batch)

    def _is_ready(self) -> bool:
        """Something is to be written; what has rested long enough is among it."""
        if self._resting:
            now = monotonic()
            rested = [one for one in self._resting if self._stopping or one.rests_until <= now]
            self._resting = [one for one in self._resting if one not in rested]
            self._waiting += rested
        return bool(self._waiting)

    def _rest(self) -> float | None:
        return (
            max(0.0, min(one.rests_until for one in self._resting) - monotonic()) if self._resting else None
        )

    def _may_race_again(self, handed: _Handed) -> bool:
        if not isinstance(handed.answer, Outcome) or not isinstance(handed.answer.error, Raced):
            return False
        # Not all who race for a row come back together.
        rest = min(_FIRST_REST * 2**handed.races, _LONGEST_REST) * random.uniform(0.5, 1)
        handed.races += 1
        handed.rests_until = monotonic() + rest
        return handed.rests_until < handed.until and not self._stopping

    def _write(self, batch: list[_Handed]) -> None:
        try:
            outcomes = self._run([handed.task for handed in batch])
            for handed, outcome in zip(batch, outcomes, strict=True):
                handed.answer = outcome
        except Exception as failure:  # noqa: BLE001 - the callers get it; the writer must live on
            for handed in batch:
                handed.answer = failure


def _tell(answered: Sequence[_Handed]) -> None:
    """Wake every thread once, and every event loop once for all of its coroutines."""
    loops: dict[asyncio.AbstractEventLoop, list[_Handed]] = {}
    for handed in answered:
        if isinstance(handed.caller, _Caller):
            handed.caller.count_down()
        else:
            loops.setdefault(handed.caller.get_loop(), []).append(handed)
    for loop, some in loops.items():
        # A loop that was closed meanwhile has nobody left to tell.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_wake, some)


def _wake(answered: Sequence[_Handed]) -> None:
    for handed in answered:
        caller, answer = handed.caller, handed.answer
        # Cancelled meanwhile: a coroutine that has gone.
        if isinstance(caller, _Caller) or caller.done():
            continue
        if isinstance(answer, Outcome):
            caller.set_result(answer)
        elif answer is not None:
            caller.set_exception(answer)
