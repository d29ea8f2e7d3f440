"""Ready-made things for tests; each takes what the test is about and fills in the rest."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from services.tickets.domain.commands import ReceiveBounce, ReceiveMessage, Sender, Thread

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
_intakes = count(1)


def a_message(
    text: str = "Where is my parcel?",
    *,
    sender: str = "ana@example.org",
    message_id: str = "",
    in_reply_to: str = "",
    references: tuple[str, ...] = (),
    proven: tuple[str, ...] = (),
    numbers: tuple[int, ...] = (),
    conversation: str = "",
    after: timedelta = timedelta(0),
    **more: Any,
) -> ReceiveMessage:
    """A mail to support@demo.example, received on MONDAY plus `after`; `more` are fields of the command."""
    intake = next(_intakes)
    filled: dict[str, Any] = {
        "intake_id": f"{intake:032x}",
        "channel": "support",
        "channel_kind": "email",
        "lane": "email",
        "received_at": MONDAY + after,
        "sender": Sender(name=sender.partition("@")[0].title(), email=sender),
        "subject": "Parcel",
        "text": text,
        "thread": Thread(
            message_id=message_id or f"<{intake}@example.org>",
            in_reply_to=in_reply_to,
            references=references,
            proven_ticket_ids=proven,
            mentioned_numbers=numbers,
            conversation_id=conversation,
        ),
        "to": ("support@demo.example",),
        "content": f"{intake:032x}",
    }
    return ReceiveMessage(**{**filled, **more})


def a_bounce(original: str = "", *, proven: tuple[str, ...] = (), **more: Any) -> ReceiveBounce:
    """A report that a mail to ana@example.org did not arrive."""
    intake = next(_intakes)
    filled: dict[str, Any] = {
        "intake_id": f"{intake:032x}",
        "channel": "support",
        "lane": "email",
        "received_at": MONDAY + timedelta(hours=1),
        "failed_recipient": "ana@example.org",
        "kind": "hard",
        "code": "5.1.1",
        "reason": "no such user",
        "original_message_id": original,
        "proven_ticket_ids": proven,
    }
    return ReceiveBounce(**{**filled, **more})
