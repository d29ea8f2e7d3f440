"""What a role must find before it works: indexes, queues and bindings, made again at every start."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

from chassis import bus
from chassis.errors import Unavailable
from chassis.telemetry import logger


class Preparation:
    """Runs `prepare` in the background until it succeeds, so that a start waits for nobody; ready once it did."""

    name = "preparation"

    def __init__(
        self, prepare: Callable[[], None], pauses: Callable[[], Iterator[float]] = bus.pauses
    ) -> None:
        self._prepare = prepare
        self._pauses = pauses
        self._told = threading.Event()
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        # What is waited for, where it is.
        self.away: Unavailable | None = None

    def start(self) -> None:
        """Begin to try."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, grace: timedelta) -> None:
        self._told.set()
        if self._thread is not None:
            self._thread.join(grace.total_seconds())

    def is_ready(self) -> bool:
        """Everything is there."""
        return self._done.is_set()

    def _run(self) -> None:
        pauses = self._pauses()
        while not self._told.is_set():
            try:
                self._prepare()
            except Unavailable as away:
                self.away = away
                logger(__name__).warning("preparation_waits", away=str(away))
                self._told.wait(next(pauses))
            else:
                self.away = None
                self._done.set()
                return
