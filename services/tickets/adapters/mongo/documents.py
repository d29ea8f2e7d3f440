"""Tickets and who they are about as documents, and back. What has its default is not written."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from chassis.mongo import Document
from services.tickets.application.ports import Place
from services.tickets.domain.merging import Merging
from services.tickets.domain.people import Actor, Requester
from services.tickets.domain.reach import REACHED, Reach
from services.tickets.domain.search_words import words_of_ticket
from services.tickets.domain.ticket import NO_CLOCK, Clock, Ticket

# Sorts behind every due moment.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
# A ticket's plain fields by their names in its document: those that are always written, and those that are left out
# where they have their default.
_ALWAYS = {
    "number": "number",
    "subject": "subject",
    "status": "status",
    "priority": "priority",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "version": "version",
    "message_count": "messages",
}
_SOMETIMES = {
    "channel": "channel",
    "channel_kind": "channel_kind",
    "lane": "lane",
    "mailbox": "mailbox",
    "group": "group",
    "agent": "agent",
    "tags": "tags",
    "fields": "fields",
    "sla_policy": "sla_policy",
    "first_replied_at": "first_replied_at",
    "solved_at": "solved_at",
    "closed_at": "closed_at",
    "last_requester_message_at": "last_requester_message_at",
    "last_agent_message_at": "last_agent_message_at",
    "reopen_count": "reopens",
    "preview": "preview",
    "participants": "participants",
    "chain": "chain",
    "is_machine_waiting": "machine_waiting",
    "mailed_subject": "mailed_subject",
    "taken_back_version": "taken_back",
    "status_changed_at": "status_changed_at",
    "merged_from": "merged_from",
}
_always, _sometimes = attrgetter(*_ALWAYS), attrgetter(*_SOMETIMES)
_NAMES = (*_ALWAYS.items(), *_SOMETIMES.items())
_plain = attrgetter(*(name for name, _ in _NAMES))
# What a ticket is found by comes from these.
_TELLING = frozenset({"fields", "subject", "preview", "requester", "tags"})
_HOLDING = frozenset({"group", "agent"})


def new_ticket_document(ticket: Ticket) -> Document:
    """A ticket that was not there before, with a clock that does not run."""
    document: Document = {
        "_id": ticket.ticket_id,
        # Sorts as people mean it.
        "rank": ticket.rank,
        "requester": requester_part(ticket.requester),
    }
    document.update(zip(_ALWAYS.values(), _always(ticket), strict=True))
    for kept_as, value in zip(_SOMETIMES.values(), _sometimes(ticket), strict=True):
        if value:
            document[kept_as] = value
    if ticket.group or ticket.agent:
        document["held_by"] = held_by((ticket.group,), (ticket.agent,))
    document["found_by"] = found_by(ticket)
    document["clock_epoch"] = 0
    document["clock_due"] = NEVER
    return document


def ticket_update(was: Ticket, ticket: Ticket) -> Document:
    """The update that turns what is kept of the one into what is kept of the other, naming only what changes. The
    clock is left alone: RecordClock alone writes it."""
    changed: Document = {}
    gone: Document = {}
    met: set[str] = set()
    for (name, kept_as), old, value in zip(_NAMES, _plain(was), _plain(ticket), strict=True):
        if old is value or old == value:
            continue
        met.add(name)
        if value or name in _ALWAYS:
            changed[kept_as] = value
        else:
            gone[kept_as] = ""
    if ticket.requester != was.requester:
        met.add("requester")
        changed["requester"] = requester_part(ticket.requester)
    if ticket.merging != was.merging:
        if ticket.merging is not None:
            changed["merging"] = merging_part(ticket.merging)
        else:
            gone["merging"] = ""
    if "priority" in met:
        changed["rank"] = ticket.rank
    if not met.isdisjoint(_HOLDING):
        if ticket.group or ticket.agent:
            changed["held_by"] = held_by((ticket.group,), (ticket.agent,))
        else:
            gone["held_by"] = ""
    if not met.isdisjoint(_TELLING):
        changed["found_by"] = found_by(ticket)
    return {"$set": changed, "$unset": gone} if gone else {"$set": changed}


def held_by(groups: Iterable[str], agents: Iterable[str]) -> list[str]:
    """Groups and agents as the list `held_by` has them."""
    return [
        *(f"group:{group}" for group in groups if group),
        *(f"agent:{agent}" for agent in agents if agent),
    ]


def found_by(ticket: Ticket) -> list[str]:
    """The list `found_by`: tags, the requester, and words, which begin with neither sign."""
    return [
        *map(by_tag, ticket.tags),
        by_requester(ticket.requester.requester_id),
        *words_of_ticket(ticket.subject, ticket.preview, ticket.requester, ticket.fields.values()),
    ]


def by_tag(tag: str) -> str:
    """A tag as `found_by` has it."""
    return f"#{tag}"


def by_requester(requester_id: str) -> str:
    """A requester as `found_by` has it."""
    return f"@{requester_id}"


def ticket_of(document: Mapping[str, Any]) -> Ticket:
    """The ticket that a document holds."""
    get = document.get
    return Ticket(
        ticket_id=document["_id"],
        number=document["number"],
        subject=document["subject"],
        requester=requester_of(document["requester"]),
        created_at=document["created_at"],
        updated_at=document["updated_at"],
        channel=get("channel", ""),
        channel_kind=get("channel_kind", ""),
        lane=get("lane", ""),
        mailbox=get("mailbox", ""),
        status=document["status"],
        priority=document["priority"],
        group=get("group", ""),
        agent=get("agent", ""),
        tags=tuple(get("tags", ())),
        fields=get("fields") or {},
        sla_policy=get("sla_policy", ""),
        version=document["version"],
        first_replied_at=get("first_replied_at"),
        solved_at=get("solved_at"),
        closed_at=get("closed_at"),
        last_requester_message_at=get("last_requester_message_at"),
        last_agent_message_at=get("last_agent_message_at"),
        message_count=document["messages"],
        reopen_count=get("reopens", 0),
        preview=get("preview", ""),
        participants=tuple(get("participants", ())),
        chain=tuple(get("chain", ())),
        is_machine_waiting=get("machine_waiting", False),
        clock=clock_of(document),
        mailed_subject=get("mailed_subject", ""),
        taken_back_version=get("taken_back", 0),
        status_changed_at=get("status_changed_at"),
        merging=merging_of(document["merging"]) if "merging" in document else None,
        merged_from=tuple(get("merged_from", ())),
    )


def merging_part(merging: Merging) -> Document:
    """Where a ticket went, as its document has it."""
    return {
        "into": merging.into_id,
        "status": merging.status,
        "at": merging.at,
        "by": actor_part(merging.actor),
        "joined": merging.joined,
    }


def merging_of(part: Mapping[str, Any]) -> Merging:
    """Where a ticket went."""
    return Merging(part["into"], part["status"], part["at"], actor_of(part["by"]), tuple(part["joined"]))


def clock_fields(clock: Clock) -> Document:
    """What of a ticket's document is its clock."""
    return {
        "clock": {
            "target": clock.target,
            "due_at": clock.due_at,
            "paused": clock.is_paused,
            "breached": clock.is_breached,
        },
        "clock_epoch": clock.epoch,
        "clock_due": clock.due_at or NEVER,
    }


def clock_of(document: Mapping[str, Any]) -> Clock:
    """The clock of a ticket's document."""
    kept = document.get("clock")
    if kept is None:
        return NO_CLOCK
    return Clock(kept["target"], kept["due_at"], kept["paused"], kept["breached"], document["clock_epoch"])


def requester_part(requester: Requester) -> Document:
    """The requester as a ticket holds it."""
    document: Document = {"id": requester.requester_id}
    for name in ("name", "email", "phone", "external_id"):
        if value := getattr(requester, name):
            document[name] = value
    return document


def requester_of(part: Mapping[str, Any]) -> Requester:
    """The requester that a ticket holds."""
    get = part.get
    return Requester(part["id"], get("name", ""), get("email", ""), get("phone", ""), get("external_id", ""))


def reaches_part(reaches: Mapping[str, Reach]) -> list[list[Any]]:
    """At which of a requester's addresses mail does not always arrive."""
    return [
        [email, one.state, one.reason, one.since, list(one.soft_bounces)]
        for email, one in reaches.items()
        if one != REACHED
    ]


def reaches_of(part: Iterable[Sequence[Any]]) -> dict[str, Reach]:
    """The addresses of the requester that has it where mail does not always arrive."""
    return {email: Reach(state, reason, since, tuple(soft)) for email, state, reason, since, soft in part}


def actor_part(actor: Actor) -> Document:
    """An actor as messages and the log hold it."""
    document: Document = {"kind": actor.kind}
    if actor.actor_id:
        document["id"] = actor.actor_id
    if actor.name:
        document["name"] = actor.name
    return document


def actor_of(part: Mapping[str, Any]) -> Actor:
    """The actor that a message or the log holds."""
    return Actor(part["kind"], part.get("id", ""), part.get("name", ""))


def place_of(document: Mapping[str, Any]) -> Place:
    """Where a conversation's row leads."""
    return Place(document["ticket"], document.get("message", ""), document.get("content", ""))


def place_fields(place: Place) -> Document:
    """A conversation's row without its key."""
    fields: Document = {"ticket": place.ticket_id}
    if place.message_id:
        fields["message"] = place.message_id
    if place.content:
        fields["content"] = place.content
    return fields
