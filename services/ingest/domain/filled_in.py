"""A mail that a pattern read: the same message, with the person behind the form as its author."""

from dataclasses import replace

from services.ingest.domain.automatic import judge_author
from services.ingest.domain.headers import Headers
from services.ingest.domain.html import from_text
from services.ingest.domain.patterns import NOTICE
from services.ingest.domain.picking import Outcome, Picked
from services.ingest.domain.received import (
    CLAIMED,
    MISSED,
    NOTICED,
    OWN_ADDRESS,
    PATTERN_MISSED,
    SUPPRESS_ANSWER,
    ReceivedMessage,
    Thread,
)


def may_be_filled_in(headers: Headers, message: ReceivedMessage) -> bool:
    """Whether the mail may be a form's or a notice: reports and answers of machines come from the same addresses."""
    is_answer = headers.raw("auto-submitted").strip().lower().startswith("auto-replied")
    is_report = headers.raw("content-type").lstrip()[:16].lower() == "multipart/report"
    return message.bounce is None and not is_answer and not is_report


def filled_in(message: ReceivedMessage, outcome: Outcome) -> ReceivedMessage:
    """The message as the pattern understood it; as it was, with a word about it, where none did."""
    picked = outcome.picked
    if picked is None:
        if not outcome.missed:
            return message
        return replace(
            message, flags=(*message.flags, PATTERN_MISSED), read_as=MISSED, explanation=outcome.explanation
        )
    message = replace(
        message,
        subject=picked.subject or message.subject,
        thread=_thread(message.thread, picked),
        fields={**message.fields, **picked.fields},
        read_as=picked.pattern.kind,
        explanation=outcome.explanation,
    )
    if picked.text:
        # The whole stays beside it, and unfolds.
        said_html = from_text(picked.text) if message.html else ""
        message = replace(message, said=picked.text, said_html=said_html)
    if picked.author is not None and picked.author.email != message.author.email:
        claimed = tuple(dict.fromkeys((*message.flags, CLAIMED)))
        message = replace(message, author=picked.author, flags=claimed)
    elif picked.author is not None:
        message = replace(message, author=picked.author)
    if picked.pattern.kind == NOTICE:
        reason = f"a notice by the pattern {picked.pattern.name}"
        return replace(message, is_automatic=True, automatic_reason=reason, flags=(*message.flags, NOTICED))
    # What the program says of itself is not said of the person.
    reason = judge_author(message.author.email) if message.author.email else ""
    flags = tuple(flag for flag in message.flags if flag not in (OWN_ADDRESS, SUPPRESS_ANSWER))
    return replace(message, is_automatic=bool(reason), automatic_reason=reason, flags=flags)


def _thread(thread: Thread, picked: Picked) -> Thread:
    # Programs write the same references or numbers into every mail; only what we proved, or what was picked, counts.
    conversation = f"{picked.pattern.name}\n{picked.conversation}" if picked.conversation else ""
    return Thread(
        message_id=thread.message_id,
        proven_ticket_ids=thread.proven_ticket_ids,
        conversation_id=conversation,
    )
