"""Celery's worker as a component of the process, beside its probes, metrics and traces."""

import os
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from queue import SimpleQueue
from time import monotonic
from typing import Any

from celery.concurrency.base import BasePool, apply_target
from celery.worker import WorkController, state
from celery.worker.consumer import Consumer

from chassis import telemetry
from chassis.jobs.table import Jobs

_LOG = telemetry.logger(__name__)
# Between two looks at whether the last job is done.
_TURN = 0.02


class JobWorker:
    """Runs a service's jobs in `threads` of this process, each acked once it is done: a killed process's jobs come again.

    `heartbeat` is called by the loop of the broker's connection, unless a job hangs. A broker that is away is waited for.
    """

    name = "jobs"

    def __init__(self, jobs: Jobs, *, threads: int = 4) -> None:
        self.heartbeat: Callable[[], None] = lambda: None
        self._jobs = jobs
        self._threads = threads
        self._thread: threading.Thread | None = None
        self._worker: Any = None
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._consuming = False

    def start(self) -> None:
        """Begin to take jobs; a second worker in the same process would share Celery's global state with this one."""
        self._stopping.clear()
        self._stopped.clear()
        state.reset_state()
        state.should_stop = state.should_terminate = None
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, grace: timedelta) -> None:
        """Take no more, let what runs finish within `grace`; what does not comes again, to another worker."""
        if self._thread is None:
            return
        self._stopping.set()
        ends = monotonic() + grace.total_seconds()
        worker = self._worker
        if worker is not None and self.is_ready():
            # The loop goes on meanwhile, since the acks of what finishes now are written by it.
            worker.hub.call_soon(worker.consumer.task_consumer.cancel_by_queue, self._jobs.queue)
            while worker.pool.is_busy() and monotonic() < ends:
                self._stopped.wait(_TURN)
            written = threading.Event()
            worker.hub.call_soon(written.set)
            written.wait(max(0.0, ends - monotonic()))
        state.should_stop = 0
        if worker is not None:
            # Wakes the loop.
            worker.hub.call_soon(_nothing)
        self._thread.join(max(1.0, ends - monotonic()))
        self._thread = None

    def is_ready(self) -> bool:
        """Taking jobs."""
        consumer = getattr(self._worker, "consumer", None)
        return self._consuming and consumer is not None and consumer.connection is not None

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._worker = WorkController(
                app=self._jobs.app,
                hostname=f"{self._jobs.service}@{socket.gethostname()}-{os.getpid()}",
                pool=_Threads,
                consumer_cls=_Consumer,
                concurrency=self._threads,
                without_gossip=True,
                without_mingle=True,
                without_heartbeat=True,
                ready_callback=self._ready,
            )
            self._worker.pool.tick = self._tick
            self._worker.start()
            self._consuming = False
            if not self._stopping.is_set():
                # It ends by itself only by a fault of its own.
                _LOG.error("job_worker_ended", exitcode=self._worker.exitcode)
                self._stopping.wait(1.0)
        self._worker = None
        self._stopped.set()

    def _ready(self, _consumer: object) -> None:
        self._consuming = True

    def _tick(self) -> None:
        overdue = self._jobs.overdue()
        if overdue:
            _LOG.error("job_overdue", jobs=overdue)
        else:
            self.heartbeat()


class _Consumer(Consumer):  # type: ignore[misc]
    """Celery's own pauses between attempts to reach the broker grow to half a minute, and nothing beats in them."""

    def ensure_connected(self, conn: Any) -> Any:
        def wait() -> None:
            self.pool.tick()
            state.maybe_shutdown()

        def away(failure: Exception, _pause: float) -> None:
            _LOG.warning("job_worker_waits", away="the broker", error_type=type(failure).__qualname__)

        return conn.ensure_connection(
            away, interval_start=0.5, interval_step=0.5, interval_max=5, callback=wait
        )


class _Threads(BasePool):  # type: ignore[misc]
    """Celery's own pool of threads keeps the process from ending before the last job has; these do not."""

    body_can_be_buffer = True
    signal_safe = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.tick: Callable[[], None] = _nothing
        self._given: SimpleQueue[tuple[Any, ...] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._in_hand = 0

    def is_busy(self) -> bool:
        """Jobs wait for a thread, or run."""
        return self._in_hand > 0

    def on_start(self) -> None:
        for number in range(self.limit):
            threading.Thread(target=self._work, name=f"job-{number}", daemon=True).start()

    def on_stop(self) -> None:
        for _ in range(self.limit):
            self._given.put(None)

    on_terminate = on_stop

    def register_with_event_loop(self, hub: Any) -> None:
        hub.on_tick.add(lambda: self.tick())

    def on_apply(
        self,
        target: Callable[..., object],
        args: Any = None,
        kwargs: Any = None,
        callback: Any = None,
        accept_callback: Any = None,
        **_: object,
    ) -> None:
        with self._lock:
            self._in_hand += 1
        self._given.put((target, args, kwargs, callback, accept_callback))

    def _work(self) -> None:
        # Celery looks a job up in the thread's current application.
        self.app.set_current()
        while (given := self._given.get()) is not None:
            try:
                apply_target(*given)
            finally:
                with self._lock:
                    self._in_hand -= 1


def _nothing() -> None:
    pass
