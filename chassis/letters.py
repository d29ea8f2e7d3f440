"""What a listener could not handle, as it lies in a delay queue or among the dead letters."""

from bus.v1.bundle_pb2 import Bundle, Envelope
from chassis.bus import Outgoing
from chassis.subscription import Delivery


def again(
    delivery: Delivery,
    envelope: Envelope,
    error: Exception,
    exchange: str,
    key: str,
    attempt: int,
    races: int = 0,
) -> Outgoing:
    """One fact by itself, with what went wrong."""
    return Outgoing(
        exchange,
        key,
        Bundle(events=[envelope]).SerializeToString(),
        envelope.type,
        envelope.event_id,
        {
            "attempt": attempt,
            "races": races,
            "reason": describe(error),
            "queue": delivery.queue,
            "event_id": envelope.event_id,
            "lane": envelope.lane,
            "traceparent": envelope.traceparent,
        },
    )


def raw_letter(delivery: Delivery, queue: str, reason: str) -> Outgoing:
    """A delivery as it came, for it could not be opened."""
    headers = {"reason": reason, "queue": delivery.queue}
    return Outgoing("", queue, delivery.body, delivery.type, delivery.message_id, headers)


def describe(error: Exception) -> str:
    """An error as a person reads it beside a dead letter: its kind and its text, at most 500 characters."""
    return f"{type(error).__name__}: {error}"[:500]


def dead_name(consumer: str) -> str:
    """The listener's dead-letter queue."""
    return f"{consumer}.dead"
