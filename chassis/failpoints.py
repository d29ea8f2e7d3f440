"""Named places at which a test makes the process die or fail.

`FAILPOINTS="after-commit-before-ack=kill@3,after-publish-before-mark=error"`: the third passage kills with SIGKILL,
the first raises. Nothing is armed unless the variable is set; an unarmed point costs one dictionary look-up.
"""

import os
import signal
import threading
from collections.abc import Mapping

_armed: dict[str, tuple[str, int]] = {}
_passed: dict[str, int] = {}
_lock = threading.Lock()


class FailpointReached(Exception):
    """Raised where a failpoint was armed with `error`."""


def arm(environ: Mapping[str, str]) -> None:
    """Arm what the variable FAILPOINTS names; called once at start."""
    _armed.clear()
    _passed.clear()
    for part in filter(None, environ.get("FAILPOINTS", "").split(",")):
        name, _, what = part.strip().partition("=")
        action, _, nth = what.partition("@")
        if action not in ("kill", "error"):
            raise ValueError(f"FAILPOINTS: {name}: expected kill or error, got {action!r}")
        _armed[name] = (action, int(nth or "1"))


def failpoint(name: str) -> None:
    """Die or raise here if a test has armed this point and it is that passage's turn."""
    if not _armed or name not in _armed:
        return
    with _lock:
        _passed[name] = _passed.get(name, 0) + 1
        action, nth = _armed[name]
        if _passed[name] != nth:
            return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise FailpointReached(name)
