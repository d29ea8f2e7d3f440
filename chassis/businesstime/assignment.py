"""Whose time is counted in which calendar, where nobody names one.

The one of the requester's organisation, told by the domain of the address (one for a domain holds for those below it
too); else that of the group; else that of the channel; else the company's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

_BEFORE = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom a calendar is for."""

    # Domains of addresses, by which a requester belongs to an organisation.
    domains: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    is_company: bool = False


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose time it is: what a ticket has to say about it."""

    sender: str = ""
    group: str = ""
    channel: str = ""


class Assigned(Protocol):
    """One version of a calendar, as far as this looks at it."""

    @property
    def calendar_id(self) -> str: ...

    @property
    def whom(self) -> Whom: ...

    @property
    def saved_at(self) -> datetime | None: ...


@dataclass(slots=True)
class Assignment:
    """The ids of calendars by whom they are for."""

    domains: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    company: str = ""

    def calendar_id(self, asker: Asker) -> str:
        """Empty where no calendar is for it."""
        return (
            (self.domains and self._of_domain(asker.sender))
            or self.groups.get(asker.group)
            or self.channels.get(asker.channel)
            or self.company
        )

    def _of_domain(self, sender: str) -> str:
        domain = sender.rpartition("@")[2].casefold()
        while domain:
            found = self.domains.get(domain)
            if found is not None:
                return found
            domain = domain.partition(".")[2]
        return ""


def assignment_of(calendars: Iterable[Sequence[Assigned]]) -> Assignment:
    """`calendars` are the versions of each, the newest last; of two for the same the one that was saved last counts."""
    assignment = Assignment()
    companies: list[tuple[datetime, str]] = []
    for versions in sorted(calendars, key=_last_saved):
        newest = versions[-1]
        whom = newest.whom
        assignment.domains.update(dict.fromkeys(whom.domains, newest.calendar_id))
        assignment.groups.update(dict.fromkeys(whom.groups, newest.calendar_id))
        assignment.channels.update(dict.fromkeys(whom.channels, newest.calendar_id))
        if whom.is_company:
            companies.append((_company_since(versions), newest.calendar_id))
    # A version that only told more years makes no calendar the company's anew.
    assignment.company = max(companies)[1] if companies else ""
    return assignment


def _last_saved(versions: Sequence[Assigned]) -> tuple[datetime, str]:
    return versions[-1].saved_at or _BEFORE, versions[-1].calendar_id


def _company_since(versions: Sequence[Assigned]) -> datetime:
    since = _BEFORE
    for version in reversed(versions):
        if not version.whom.is_company:
            break
        since = version.saved_at or _BEFORE
    return since


def in_force(saved_at: datetime | None, is_for_new: bool, began: datetime, moment: datetime) -> bool:
    """Whether what was saved holds at a moment for what began at another: from its moment on, and where it is only for
    what is new, only for what began after it."""
    return saved_at is None or (saved_at <= moment and (not is_for_new or saved_at <= began))
