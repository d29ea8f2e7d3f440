"""Other promises for a past period: whether they can be, said by the field where they cannot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chassis.errors import InvalidField, InvalidFields
from services.sla.application.ports import Saved
from services.sla.domain.calendar_check import check_calendar, check_opens
from services.sla.domain.calendar_days import written_out
from services.sla.domain.policy import BUSINESS, NamedCalendar, Policy, counted_in
from services.sla.domain.policy_check import check_policy

MOST_DRAFTS = 10
# The day of the first ticket begins somewhere on earth so long before it.
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Imagined:
    """Drafts, and the period that they are tried on."""

    policies: tuple[Policy, ...]
    calendars: tuple[NamedCalendar, ...]
    begin: datetime
    end: datetime


def imagine(wanted: Imagined, saved: Saved, first_at: datetime | None, now: datetime) -> Imagined:
    """The drafts as they are counted in. `first_at` is when the first ticket came that is kept, None where none is.

    Raises InvalidFields with every mistake.
    """
    mistakes = list(_of_period(wanted, first_at, now))
    for name, number in (("policies", len(wanted.policies)), ("calendars", len(wanted.calendars))):
        if number > MOST_DRAFTS:
            mistakes.append(InvalidField(name, f"at most {MOST_DRAFTS} drafts", str(number)))
    if mistakes:
        raise InvalidFields(mistakes)
    calendars = tuple(
        replace(draft, calendar_id=draft.calendar_id or f"what-if-{place}")
        for place, draft in enumerate(wanted.calendars)
    )
    policies = tuple(
        replace(draft, policy_id=draft.policy_id or f"what-if-{place}", saved_at=None)
        for place, draft in enumerate(wanted.policies)
    )
    drafts = {draft.calendar_id for draft in calendars}
    there = (*(one for one in saved.newest_calendars() if one.calendar_id not in drafts), *calendars)
    promised = {draft.policy_id for draft in policies}
    others = (*(one for one in saved.newest() if one.policy_id not in promised), *policies)
    written: list[NamedCalendar] = []
    for place, calendar in enumerate(calendars):
        try:
            if sum(one.calendar_id == calendar.calendar_id for one in calendars) > 1:
                raise InvalidField("calendar.id", "one draft of each calendar", calendar.calendar_id)
            check_calendar(calendar, there)
            draft = written_out(replace(calendar, saved_at=None), now, wanted.begin)
            earlier = saved.versions(draft.calendar_id) if draft.valid_from is not None else ()
            # Open some day is not enough: it has to be in the time that is asked about.
            check_opens(draft, counted_in((*earlier, draft)), wanted.begin)
            written.append(draft)
        except (InvalidField, InvalidFields) as refusal:
            mistakes += _named(refusal, "calendar", f"calendars[{place}]")
    has_company = any(one.whom.is_company for one in there)
    for place, (typed, policy) in enumerate(zip(wanted.policies, policies, strict=True)):
        try:
            if typed.policy_id and saved.policy(typed.policy_id) is None:
                raise InvalidField("policy.id", "the id of a policy, or empty for a new one", typed.policy_id)
            if sum(one.policy_id == policy.policy_id for one in policies) > 1:
                raise InvalidField("policy.id", "one draft of each policy", policy.policy_id)
            known = saved.calendar_ids() | drafts
            check_policy(policy, known, others, has_company_calendar=has_company)
        except (InvalidField, InvalidFields) as refusal:
            mistakes += _named(refusal, "policy", f"policies[{place}]")
    mistakes += _without_hours(others, calendars, has_company=has_company)
    if mistakes:
        raise InvalidFields(mistakes)
    return replace(wanted, policies=policies, calendars=tuple(written))


def _of_period(wanted: Imagined, first_at: datetime | None, now: datetime) -> Iterator[InvalidField]:
    begin, end = wanted.begin, wanted.end
    if end > now:
        yield InvalidField("to", f"a moment that has been, at most {_told(now)}", _told(end))
    if begin >= min(end, now):
        yield InvalidField("from", "a moment before `to`", _told(begin))
    elif first_at is None:
        yield InvalidField("from", "a period of which a ticket is kept: none is", _told(begin))
    elif begin < first_at - _A_DAY:
        expected = f"at most a day before {_told(first_at)}, when the first ticket came that is kept"
        yield InvalidField("from", expected, _told(begin))


def _without_hours(
    policies: Sequence[Policy], calendars: Sequence[NamedCalendar], *, has_company: bool
) -> Iterator[InvalidField]:
    """Promises in business hours whose calendar would be nobody's any more."""
    if has_company or not calendars:
        return
    for policy in policies:
        counts_there = not policy.calendar_id and any(target.time == BUSINESS for target in policy.targets)
        # A draft says it by its own field.
        if counts_there and policy.saved_at is not None and not policy.is_off:
            expected = f"true: {policy.name} counts in the company's calendar"
            yield InvalidField("calendars[0].is_company", expected)
            return


def _named(refusal: InvalidField | InvalidFields, before: str, after: str) -> Iterator[InvalidField]:
    for one in refusal.fields if isinstance(refusal, InvalidFields) else (refusal,):
        yield InvalidField(f"{after}{one.field.removeprefix(before)}", one.expected, one.got)


def _told(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
