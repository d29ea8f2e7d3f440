"""A public answer of ours: what the ticket makes of it, and how it leaves."""

from collections.abc import Collection
from dataclasses import replace

from services.tickets.application.ports import Ports
from services.tickets.domain import message as messages
from services.tickets.domain.message import Message, Reply
from services.tickets.domain.people import without
from services.tickets.domain.reach import BAD
from services.tickets.domain.ticket import Change, Ticket


def answer_in_public(
    draft: Ticket, message: Message, ports: Ports, reached: Collection[str] = ()
) -> tuple[Message, tuple[Change, ...], Reply | None]:
    """Take the answer into the draft; `reached` are addresses that have it already. None where it leaves for nobody."""
    changes = draft.answer(message)
    reply = _to_others(draft.reply_of(message), reached)
    if reply is not None:
        message = messages.queued(message)
        asker = draft.requester
        if ports.requesters.reach_of(asker.requester_id, asker.email).state == BAD:
            # It is sent all the same: the person may have put the mailbox right, and an agent may know.
            message.flags = (*message.flags, messages.BAD_ADDRESS)
    return message, changes, reply


def _to_others(reply: Reply | None, reached: Collection[str]) -> Reply | None:
    if reply is None or not reached:
        return reply
    to, cc = without(reply.to, *reached), without(reply.cc, *reached)
    if not to and not cc:
        return None
    return replace(reply, to=to or cc, cc=cc if to else ())
