"""Which calendar counts for a ticket whose policy names none.

The one of the requester's organisation, told by the domain of the address (one for a domain holds for those below it
too); else that of the group; else that of the channel; else the company's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.sla.domain.policy import NamedCalendar
from services.sla.domain.snapshot import Snapshot

_BEFORE = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Assignment:
    """The ids of calendars by whom they are for."""

    domains: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    company: str = ""

    def calendar_id(self, ticket: Snapshot, values: Mapping[str, str]) -> str:
        """Empty where no calendar is for it."""
        return (
            (self.domains and self._of_domain(ticket))
            or self.groups.get(values["group"])
            or self.channels.get(ticket.channel)
            or self.company
        )

    def _of_domain(self, ticket: Snapshot) -> str:
        domain = ticket.told("sender").rpartition("@")[2].casefold()
        while domain:
            found = self.domains.get(domain)
            if found is not None:
                return found
            domain = domain.partition(".")[2]
        return ""


def assignment_of(calendars: Iterable[Sequence[NamedCalendar]]) -> Assignment:
    """`calendars` are the versions of each, the newest last."""
    assignment = Assignment()
    companies: list[tuple[datetime, str]] = []
    for versions in calendars:
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


def _company_since(versions: Sequence[NamedCalendar]) -> datetime:
    since = _BEFORE
    for version in reversed(versions):
        if not version.whom.is_company:
            break
        since = version.saved_at or _BEFORE
    return since
