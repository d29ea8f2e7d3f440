"""Logs of many processes at one terminal: each line says whose it is, and only what needs a person is shown."""

import json
import threading
from typing import TextIO

QUIET = {"debug", "info"}


class LogLines:
    """Shows lines with the name of their process before them; without `everything` only warnings and worse.

    A line that is not JSON is shown always: a traceback, or a process that died before it could log.
    """

    def __init__(self, out: TextIO, *, everything: bool) -> None:
        self._out = out
        self._everything = everything
        self._lock = threading.Lock()

    def __call__(self, name: str, line: str) -> None:
        if line and (self._everything or needs_a_person(line)):
            with self._lock:
                self._out.write(f"{name:<16} | {line}\n")
                self._out.flush()


def needs_a_person(line: str) -> bool:
    """Whether a log line is a warning or worse, or no log line at all."""
    try:
        said = json.loads(line)
    except ValueError:
        return True
    return not isinstance(said, dict) or str(said.get("level", "")).lower() not in QUIET
