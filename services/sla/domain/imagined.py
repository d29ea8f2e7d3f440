"""The book as it would be, had other policies and calendars been in force all along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from services.sla.domain.book import Book
from services.sla.domain.policy import RUNNING, NamedCalendar, Policy


def imagined(
    policies: Sequence[Policy],
    calendars: Sequence[NamedCalendar],
    draft_policies: Sequence[Policy],
    draft_calendars: Sequence[NamedCalendar],
) -> Book:
    """Each draft in the place of all saved versions of its id, for what runs and for ever; a calendar's that is valid from
    a day leaves the time before it to them. What has no draft stays what it was when."""
    drafted = {draft.policy_id for draft in draft_policies}
    kept = [policy for policy in policies if policy.policy_id not in drafted]
    promised = [replace(draft, version=1, saved_at=None, applies_to=RUNNING) for draft in draft_policies]
    counted = list(calendars)
    for draft in draft_calendars:
        counted = [*_without(counted, draft), *_in_place(counted, draft)]
    return Book([*kept, *promised], counted)


def _without(calendars: Iterable[NamedCalendar], draft: NamedCalendar) -> Iterator[NamedCalendar]:
    others = [one for one in calendars if one.calendar_id != draft.calendar_id]
    if draft.whom.is_company:
        # It is the company's all along, and a company has one.
        others = [replace(one, whom=replace(one.whom, is_company=False)) for one in others]
    yield from others


def _in_place(calendars: Iterable[NamedCalendar], draft: NamedCalendar) -> Iterator[NamedCalendar]:
    saved = [one for one in calendars if one.calendar_id == draft.calendar_id]
    newest = max((one.version for one in saved), default=0)
    if draft.valid_from is not None:
        yield from (replace(one, saved_at=None, applies_to=RUNNING) for one in saved)
    yield replace(draft, version=newest + 1, saved_at=None, applies_to=RUNNING)
