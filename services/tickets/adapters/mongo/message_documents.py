"""Messages and their way out as documents, and back. What has its default is not written."""

from collections.abc import Mapping
from typing import Any

from chassis.mongo import Document
from services.tickets.adapters.mongo.documents import actor_of, actor_part
from services.tickets.adapters.mongo.history import message_key
from services.tickets.domain.message import INTERNAL, Attachment, Delivery, Message, Sending


def message_document(message: Message) -> Document:
    """A message as it is kept."""
    document: Document = {
        "_id": message_key(message.ticket_id, message.message_id),
        "author": actor_part(message.author),
        "text": message.text,
        "at": message.created_at,
        "visibility": message.visibility,
    }
    for name, value in (
        ("subject", message.subject),
        ("html", message.html),
        ("said", message.said),
        ("said_html", message.said_html),
        ("automatic", message.is_automatic),
        ("truncated", message.is_truncated),
        ("intake_id", message.intake_id),
        ("to", message.to),
        ("cc", message.cc),
        ("external_id", message.external_id),
        ("flags", message.flags),
        ("explanation", message.explanation),
    ):
        if value:
            document[name] = value
    if message.attachments:
        document["attachments"] = [_attachment_part(attachment) for attachment in message.attachments]
    if message.delivery_state:
        document["delivery"] = {
            "state": message.delivery_state,
            "reason": message.delivery_reason,
            "edition": 0,
        }
    return document


def came_along_part(message: Message) -> Document:
    """What the log keeps of a message that came along with a merged ticket: enough to tell whether it counts."""
    return {
        "author": actor_part(message.author),
        "at": message.created_at,
        "visibility": message.visibility,
        "automatic": message.is_automatic,
        "flags": message.flags,
    }


def came_along_of(row: Mapping[str, Any]) -> Message:
    """The message of such a line of the log, without its words."""
    part = row["came_along"]
    return Message(
        message_id=row["message_id"],
        ticket_id=row["_id"].partition(":")[0],
        author=actor_of(part["author"]),
        text="",
        created_at=part["at"],
        visibility=part["visibility"],
        is_automatic=part["automatic"],
        flags=tuple(part["flags"]),
    )


def message_of(document: Mapping[str, Any]) -> Message:
    """The message that a document holds."""
    get = document.get
    ticket_id, _, message_id = document["_id"].rpartition("/")
    delivery = get("delivery") or {}
    return Message(
        message_id=message_id,
        ticket_id=ticket_id,
        author=actor_of(document["author"]),
        text=document["text"],
        created_at=document["at"],
        visibility=document["visibility"],
        subject=get("subject", ""),
        html=get("html", ""),
        said=get("said", ""),
        said_html=get("said_html", ""),
        attachments=tuple(_attachment_of(part) for part in get("attachments", ())),
        is_automatic=get("automatic", False),
        is_truncated=get("truncated", False),
        intake_id=get("intake_id", ""),
        to=tuple(get("to", ())),
        cc=tuple(get("cc", ())),
        external_id=get("external_id", ""),
        flags=tuple(get("flags", ())),
        explanation=get("explanation", ""),
        delivery_state=delivery.get("state", ""),
        delivery_reason=delivery.get("reason", ""),
    )


def sending_of(document: Mapping[str, Any]) -> Sending:
    """What is known of an outgoing message's way."""
    ticket_id, _, message_id = document["_id"].rpartition("/")
    kept = document.get("delivery") or {}
    return Sending(
        message_id=message_id,
        ticket_id=ticket_id,
        state=kept.get("state", ""),
        reason=kept.get("reason", ""),
        external_id=document.get("external_id", ""),
        is_internal=document.get("visibility") == INTERNAL,
        deliveries={
            row["send"]: Delivery(row["state"], row["reason"], row["attempt"], row["at"])
            for row in kept.get("recipients", ())
        },
        edition=kept.get("edition", 0),
    )


def sending_fields(sending: Sending) -> Document:
    """What of a message's document changes with its way."""
    fields: Document = {
        "delivery": {
            "state": sending.state,
            "reason": sending.reason,
            "edition": sending.edition + 1,
            # Rows, not keys: an address may hold dots.
            "recipients": [
                {
                    "send": send,
                    "state": known.state,
                    "reason": known.reason,
                    "attempt": known.attempt,
                    "at": known.changed_at,
                }
                for send, known in sending.deliveries.items()
            ],
        }
    }
    if sending.external_id:
        fields["external_id"] = sending.external_id
    return fields


def _attachment_part(attachment: Attachment) -> Document:
    return {
        "id": attachment.attachment_id,
        "name": attachment.name,
        "type": attachment.mime_type,
        "size": attachment.size,
        "cid": attachment.content_id,
        "inline": attachment.is_inline,
    }


def _attachment_of(part: Mapping[str, Any]) -> Attachment:
    return Attachment(part["id"], part["name"], part["type"], part["size"], part["cid"], part["inline"])
