"""Logs: one JSON object a line on stdout, an event's name with fields.

Bodies and addresses do not belong in them. Callers leave them out; what comes from elsewhere (the text of an exception,
a library's line) is cut and loses everything that looks like an address.
"""

import logging
import re
import sys
import threading
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import BinaryIO, cast

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from chassis.telemetry import tracing

_ADDRESS = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+")
_LONGEST = 500
_FRAMES = 30


def configure_logs(fields: MutableMapping[str, str], level: str, output: BinaryIO) -> None:
    """Send every log line of this process to `output`; `fields` stand in each of them."""
    number = logging.getLevelNamesMapping()[level.upper()]
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _Constant(fields),
        _where_we_are,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _exception,
        _mask,
        structlog.processors.JSONRenderer(serializer=_json),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *names: _NamedLogger(output, *names),
        cache_logger_on_first_use=False,
    )
    # Libraries speak at length, and of peers' addresses: only what they find worth a warning.
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, _FromLibraries)]:
        root.removeHandler(handler)
    root.addHandler(_FromLibraries())
    root.setLevel(logging.WARNING)


def logger(name: str, **fields: object) -> FilteringBoundLogger:
    """A logger; may be asked for before `configure_logs`, whose shape it takes when it speaks."""
    return cast("FilteringBoundLogger", structlog.get_logger(name, **fields))


def log_uncaught() -> None:
    """Log what ends a thread or the process as a line like the others. For the one who runs the process."""

    def in_thread(what: threading.ExceptHookArgs) -> None:
        if what.exc_value is not None and not isinstance(what.exc_value, SystemExit):
            name = what.thread.name if what.thread is not None else ""
            logger(__name__).critical("thread_died", thread=name, exc_info=what.exc_value)

    def in_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            logger(__name__).critical("process_died", exc_info=error)

    threading.excepthook = in_thread
    sys.excepthook = in_process


class _NamedLogger(structlog.BytesLogger):
    def __init__(self, output: BinaryIO, name: str = "") -> None:
        super().__init__(output)
        self.name = name


class _Constant:
    def __init__(self, fields: MutableMapping[str, str]) -> None:
        self._fields = dict(fields)

    def __call__(self, by: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {**self._fields, "logger": by.name, **event}


def _where_we_are(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    span = tracing.current()
    if span.traceparent:
        event["trace_id"] = span.trace_id
        event["span_id"] = span.span_id
    return event


def _exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["error_type"] = type(error).__qualname__
        event["error"] = str(error)
        event["error_where"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)[-_FRAMES:]
        ]
        if error.__cause__ is not None:
            event["error_cause"] = f"{type(error.__cause__).__qualname__}: {error.__cause__}"
    return event


def _mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = masked(value)
    return event


def masked(text: str) -> str:
    """The text without addresses (also a URL's user and password), at most 500 characters."""
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return _ADDRESS.sub("…@…", short) if "@" in short else short


def _json(event: EventDict, **_ignored: object) -> bytes:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS)


class _FromLibraries(logging.Handler):
    """What libraries say by `logging`, as the event `library`."""

    def emit(self, record: logging.LogRecord) -> None:
        # A library may log at any number; ours are the five.
        level = max(logging.DEBUG, record.levelno // 10 * 10)
        logger(record.name).log(level, "library", text=record.getMessage(), exc_info=record.exc_info)
