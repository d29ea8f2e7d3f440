"""The life of a role: start its parts in order, serve until told to stop, drain, stop them in reverse."""

import gc
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import timedelta
from types import FrameType
from typing import Protocol

import structlog

from chassis import failpoints
from chassis.clock import monotonic
from chassis.config import ConfigError, environment

# Batches make and drop tens of thousands of containers without a cycle among them: with Python's default of 700 a sixth
# of a listener's CPU time went into looking for some.
_COLLECT_AFTER = (50_000, 20, 100)

# A thread that comes back from the broker or the store waits at most so long for one that computes; Python's default of 5 ms,
# met a few times on one message's way, is what the slowest in a hundred waited for.
_SWITCH_SECONDS = 0.0005

# Who takes longer to stop is named.
_SLOW = 3.0


class Component(Protocol):
    """A part that runs by itself between `start` and `stop`."""

    name: str

    def start(self) -> None:
        """Begin; must not wait for other services, the broker or the database."""
        ...

    def stop(self, grace: timedelta) -> None:
        """Finish what is in hand within `grace`, then end."""
        ...


def run(components: Sequence[Component], *, grace: timedelta = timedelta(seconds=20)) -> int:
    """Run until SIGTERM or SIGINT; answers the exit code. The first component is started first and stopped last."""
    failpoints.arm(environment())
    sys.setswitchinterval(_SWITCH_SECONDS)
    log = structlog.get_logger(__name__)
    told = threading.Event()

    def tell(number: int, frame: FrameType | None) -> None:
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    started: list[Component] = []
    code = 0
    try:
        for component in components:
            component.start()
            started.append(component)
        _calm_collector()
        log.info("role_started", parts=[component.name for component in components])
        # Not for ever at once: Python runs its handlers in this thread only, which a signal taken by another does not wake.
        while not told.wait(1.0):
            pass
        log.info("role_stopping")
    except OSError as error:
        # A port in use, most often: one line is worth more than a traceback.
        log.error("role_failed", part=components[len(started)].name, error=str(error))
        code = 1
    # One grace for all of them: whoever ends us counts once.
    ends = monotonic() + grace.total_seconds()
    for component in reversed(started):
        begun = monotonic()
        left = timedelta(seconds=max(ends - begun, 0.5))
        try:
            component.stop(left)
            if monotonic() - begun > _SLOW:
                log.warning("part_slow_to_stop", part=component.name, seconds=round(monotonic() - begun, 1))
        except Exception as failure:  # noqa: BLE001 - the parts below it must still be drained
            log.error(
                "part_failed_to_stop", part=component.name, error=f"{type(failure).__name__}: {failure}"
            )
            code = 1
    log.info("role_stopped")
    return code


def _calm_collector() -> None:
    """What a role was started with stays for its life; the rest is looked through less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def refuse(error: ConfigError) -> int:
    """Say what is wrong with the settings, a line each; answers the exit code."""
    for problem in error.problems:
        print(problem, file=sys.stderr)
    return 2
