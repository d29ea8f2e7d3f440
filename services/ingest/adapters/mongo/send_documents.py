"""The send ledger's documents."""

from chassis.mongo import Document
from services.ingest.domain.sending import Reply, SendRow, SendState


def row_of(row: Document) -> SendRow:
    """A row of the ledger."""
    return SendRow(
        send_id=row["_id"],
        ticket_id=row["ticket_id"],
        message_id=row["message_id"],
        channel_id=row["channel_id"],
        recipient=row["recipient"],
        lane=row["lane"],
        state=SendState(row["state"]),
        reason=row.get("reason", ""),
        attempts=int(row["attempts"]),
        due_at=row.get("due_at"),
        slot=row.get("slot"),
        updated_at=row.get("updated_at"),
        provider_message_id=row.get("provider_message_id", ""),
        fence=int(row["fence"]),
    )


def reply_document(reply: Reply) -> Document:
    """What is kept of a reply beside its id."""
    return {
        "ticket_id": reply.ticket_id,
        "channel_id": reply.channel_id,
        "to": list(reply.to),
        "cc": list(reply.cc),
        "subject": reply.subject,
        "text": reply.text,
        "author_name": reply.author_name,
        "ticket_number": reply.ticket_number,
        "in_reply_to": reply.in_reply_to,
        "references": list(reply.references),
        "attachment_ids": list(reply.attachment_ids),
        "is_automatic": reply.is_automatic,
    }


def reply_of(row: Document) -> Reply:
    """A kept reply."""
    return Reply(
        ticket_id=row["ticket_id"],
        message_id=row["_id"],
        channel_id=row["channel_id"],
        to=tuple(row["to"]),
        cc=tuple(row["cc"]),
        subject=row["subject"],
        text=row["text"],
        author_name=row["author_name"],
        ticket_number=int(row.get("ticket_number", 0)),
        in_reply_to=row["in_reply_to"],
        references=tuple(row["references"]),
        attachment_ids=tuple(row["attachment_ids"]),
        is_automatic=bool(row["is_automatic"]),
    )
