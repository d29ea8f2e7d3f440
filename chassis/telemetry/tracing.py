"""Spans of the sampled roads. A road that is not sampled has an empty traceparent, and asking for its spans makes none.

The dice are thrown once, where a road begins (`start_trace`); from there on the traceparent in envelopes, AMQP headers
and gRPC metadata decides. A span costs about 70 µs, a look at an empty traceparent less than one.
"""

import random
import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Self

from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)
from opentelemetry.trace import Span as SdkSpan

Attribute = str | bool | int | float
Attributes = Mapping[str, Attribute]

# The name in AMQP headers and gRPC metadata alike.
TRACEPARENT = "traceparent"

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)


class Span:
    """What is being done now, entered with `with`. This one is not recorded; it swallows what it is told."""

    __slots__ = ()

    @property
    def traceparent(self) -> str:
        """What whoever continues this road is given; empty where it is not sampled."""
        return ""

    @property
    def trace_id(self) -> str:
        return self.traceparent[3:35]

    @property
    def span_id(self) -> str:
        return self.traceparent[36:52]

    def set(self, name: str, value: Attribute) -> None:
        """Add or replace an attribute."""

    def rename(self, name: str) -> None:
        """Give the name that was not yet known at the start."""

    def fail(self, error_type: str) -> None:
        """Mark as failed. Only the kind of error is kept: its text may hold what a person wrote."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


UNSAMPLED = Span()
_current: ContextVar[Span] = ContextVar("span", default=UNSAMPLED)


class _Carried(Span):
    """A road that is only passed through here: known to logs and to who comes after, not recorded."""

    __slots__ = ("_before", "_traceparent")

    def __init__(self, traceparent: str) -> None:
        self._traceparent = traceparent
        self._before: Token[Span] | None = None

    @property
    def traceparent(self) -> str:
        return self._traceparent

    def __enter__(self) -> Self:
        self._before = _current.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            _current.reset(self._before)
            self._before = None


class _Recorded(_Carried):
    __slots__ = ("_span",)

    def __init__(self, span: SdkSpan) -> None:
        context = span.get_span_context()
        super().__init__(f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}")
        self._span = span

    def set(self, name: str, value: Attribute) -> None:
        self._span.set_attribute(name, value)

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def fail(self, error_type: str) -> None:
        self._span.set_attribute("error.type", error_type)
        self._span.set_status(StatusCode.ERROR)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if kind is not None:
            self.fail(kind.__qualname__)
        self._span.end()


class _Tracing:
    """What `use` was given: one for the process."""

    tracer: Tracer | None = None
    ratio: float = 0.0
    chance: Callable[[], float] = staticmethod(random.random)


def use(tracer: Tracer | None, ratio: float, chance: Callable[[], float] = random.random) -> None:
    """Record with `tracer` from now on (None: record nothing), beginning a trace for `ratio` of the roads."""
    _Tracing.tracer = tracer
    _Tracing.ratio = ratio
    _Tracing.chance = staticmethod(chance)


def start_trace(name: str, kind: SpanKind = SpanKind.SERVER, attributes: Attributes | None = None) -> Span:
    """The first span of a road, where the dice say that this one is sampled."""
    tracer = _Tracing.tracer
    if tracer is None or _Tracing.chance() >= _Tracing.ratio:
        return _unsampled()
    return _Recorded(tracer.start_span(name, context=Context(), kind=kind, attributes=attributes))


def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    *,
    parent: str | None = None,
    links: Iterable[str] = (),
    attributes: Attributes | None = None,
) -> Span:
    """A step of a sampled road: `parent` is a traceparent (None: whatever is current), `links` are others it serves.

    Without a sampled parent but with a sampled link it begins a trace of its own, as one batch of many roads does.
    """
    if parent is None:
        parent = _current.get().traceparent
    above = _parsed(parent) if parent else None
    linked = [Link(to) for link in links if link and (to := _parsed(link))] if links else []
    if above is None and not linked:
        return _unsampled()
    tracer = _Tracing.tracer
    if tracer is None:
        return _Carried(parent if above else "")
    context = set_span_in_context(NonRecordingSpan(above), Context()) if above else Context()
    return _Recorded(tracer.start_span(name, context=context, kind=kind, links=linked, attributes=attributes))


def current() -> Span:
    """The span that this thread or task is in."""
    return _current.get()


def current_traceparent() -> str:
    """The sampled road that this thread or task is on, or an empty string."""
    return _current.get().traceparent


def sampled(value: object) -> str:
    """`value` where it is the traceparent of a sampled road, else an empty string. Takes anything a peer may send."""
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    return value if isinstance(value, str) and value and _parsed(value) is not None else ""


def named(traceparent: str) -> dict[str, str]:
    """For a log line about something on a road that one is not on: `log.error("lost", **named(traceparent))`."""
    return {"trace_id": traceparent[3:35]} if traceparent else {}


def inject(headers: MutableMapping[str, object], traceparent: str | None = None) -> None:
    """Write the road into AMQP headers or metadata; nothing where it is not sampled."""
    road = _current.get().traceparent if traceparent is None else traceparent
    if road:
        headers[TRACEPARENT] = road


def extract(carrier: Mapping[str, object] | Iterable[tuple[str, object]] | None) -> str:
    """The sampled road that AMQP headers or gRPC metadata name, or an empty string."""
    if not carrier:
        return ""
    pairs = carrier.items() if isinstance(carrier, Mapping) else carrier
    for name, value in pairs:
        if name == TRACEPARENT:
            return sampled(value)
    return ""


def exemplar() -> dict[str, str] | None:
    """What ties a measurement to the current trace: `histogram.observe(seconds, exemplar=exemplar())`."""
    now = _current.get()
    return {"trace_id": now.trace_id, "span_id": now.span_id} if now.traceparent else None


def _unsampled() -> Span:
    # Inside another road's span, the inner work must not be taken for a part of it.
    return UNSAMPLED if not _current.get().traceparent else _Carried("")


def _parsed(traceparent: str) -> SpanContext | None:
    form = _FORM.fullmatch(traceparent)
    if form is None:
        return None
    version, trace_id, span_id, flags, more = form.groups()
    if version == "ff" or (version == "00" and more) or not int(flags, 16) & TraceFlags.SAMPLED:
        return None
    context = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(1))
    return context if context.is_valid else None
