"""A ticket as sla knows it, and which of its fields move clocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

PRIORITIES = ("low", "medium", "high", "urgent")
# The fields that every history tells from the beginning.
CORE = ("status", "priority", "group", "sla_policy")
# Those, and others that the conditions of policies ask for; of a form's fields every one.
WATCHED = (*CORE, "agent", "tags")
FORM = "fields."
# What else conditions ask for: it is kept as it is now.
ABOUT = ("channel_kind", "mailbox", "subject", "requester", "sender", "sender_name")


def is_watched(name: str) -> bool:
    """A change of the field may change what is promised, or when time stands still."""
    return name in WATCHED or name.startswith(FORM)


@dataclass(slots=True)
class Change:
    """A watched field's step; tags are joined by commas."""

    field: str
    old: str
    new: str


@dataclass(slots=True)
class Snapshot:
    """The ticket as of its highest version known here."""

    ticket_id: str
    version: int
    created_at: datetime
    status: str
    priority: str
    channel: str = ""
    lane: str = ""
    group: str = ""
    agent: str = ""
    tags: tuple[str, ...] = ()
    sla_policy: str = ""
    first_replied_at: datetime | None = None
    last_requester_message_at: datetime | None = None
    # The values of ABOUT, in its order.
    about: tuple[str, ...] = ()
    # The fields of its form, where they are not empty.
    fields: Mapping[str, str] = field(default_factory=dict)

    def told(self, name: str) -> str:
        """What is known of it beside its history, by the name in ABOUT."""
        return self.about[ABOUT.index(name)] if self.about else ""

    @property
    def values(self) -> dict[str, str]:
        """The watched fields, each with its value; those beside the core only where they have one."""
        found = {
            "status": self.status,
            "priority": self.priority,
            "group": self.group,
            "sla_policy": self.sla_policy,
        }
        if self.agent:
            found["agent"] = self.agent
        if self.tags:
            found["tags"] = ",".join(self.tags)
        for name, value in self.fields.items():
            found[FORM + name] = value
        return found

    @property
    def opening(self) -> tuple[Change, ...]:
        """The changes of an opening: the values it began with, where nothing was changed since."""
        if self.agent or self.tags or self.fields:
            return opening_of(self.values)
        return (
            Change("status", "", self.status),
            Change("priority", "", self.priority),
            Change("group", "", self.group),
            Change("sla_policy", "", self.sla_policy),
        )


def opening_of(values: Mapping[str, str]) -> tuple[Change, ...]:
    """An opening's changes: the core, then whatever else has a value."""
    core = [Change(name, "", values[name]) for name in CORE]
    if len(values) > len(CORE):
        others = sorted(name for name, value in values.items() if value and name not in CORE)
        core += [Change(name, "", values[name]) for name in others]
    return tuple(core)
