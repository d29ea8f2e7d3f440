"""Which policy and which calendar are in force for what began at a moment: every version that was ever saved, by its time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from chassis.businesstime import Asker, Assignment, Calendar, always_open, assignment_of, in_force
from chassis.conditions import ALWAYS, Compiled
from services.sla.domain.policy import BUSINESS, NEW, NamedCalendar, Policy, PolicyTarget, counted_in
from services.sla.domain.snapshot import Snapshot
from services.sla.domain.vocabulary import Subject, compiled

_BEFORE = datetime(1, 1, 1, tzinfo=UTC)
_NOTHING_COUNTED: tuple[str, ...] = ()


class Edition:
    """What is in force for what began in one span, looked at in another."""

    def __init__(
        self,
        policies: Sequence[Policy],
        conditions: Mapping[tuple[str, int], Compiled],
        calendars: dict[str, Calendar],
        around_the_clock: Calendar,
        assignment: Assignment,
    ) -> None:
        self.policies = tuple(
            sorted(policies, key=lambda policy: (policy.position, policy.name, policy.policy_id))
        )
        self._by_id = {policy.policy_id: policy for policy in policies if not policy.is_off}
        self._chances = tuple(
            (policy, conditions.get((policy.policy_id, policy.version)))
            for policy in self.policies
            if not policy.is_off
        )
        self._calendars = calendars
        self._around_the_clock = around_the_clock
        self._assignment = assignment
        self.counts = any(policy.counts for policy in policies)
        self._pausing = {
            policy.policy_id: frozenset(
                status for target in policy.targets for status in policy.pausing(target)
            )
            for policy in policies
        }

    def choose(self, ticket: Snapshot, values: Mapping[str, str]) -> Policy | None:
        """The policy that was set on the ticket, else the first that fits; one that is not known was not set."""
        set_policy = values["sla_policy"]
        if set_policy and set_policy in self._by_id:
            return self._by_id[set_policy]
        channel, group = ticket.channel, values["group"]
        subject: Subject | None = None
        for policy, asks in self._chances:
            if policy.channels and channel not in policy.channels:
                continue
            if policy.groups and group not in policy.groups:
                continue
            if asks is not None:
                subject = subject or Subject(ticket, values)
                if not asks.holds(subject):
                    continue
            return policy
        return None

    def calendar(
        self, policy: Policy, target: PolicyTarget, ticket: Snapshot, values: Mapping[str, str]
    ) -> Calendar:
        """What the target's time is counted in."""
        if target.time == BUSINESS:
            return self._hours(policy, ticket, values)
        return self._around_the_clock

    def promise(self, ticket: Snapshot, values: Mapping[str, str]) -> tuple[Policy, Calendar] | None:
        """What a ticket of these values is promised, and what business time it is counted in; None where nothing is."""
        policy = self.choose(ticket, values)
        if policy is None:
            return None
        return policy, self._hours(policy, ticket, values)

    def _hours(self, policy: Policy, ticket: Snapshot, values: Mapping[str, str]) -> Calendar:
        calendar_id = policy.calendar_id or self._assignment.calendar_id(
            Asker(ticket.told("sender"), values["group"], ticket.channel)
        )
        return self._calendars.get(calendar_id, self._around_the_clock)

    def pausing(self, policy: Policy) -> frozenset[str]:
        """The statuses in which the time of any of its targets stands still."""
        return self._pausing[policy.policy_id]

    def counted(self, ticket: Snapshot, values: Mapping[str, str]) -> tuple[str, ...]:
        """What counts beside people's public messages."""
        if not self.counts:
            return _NOTHING_COUNTED
        policy = self.choose(ticket, values)
        return policy.counts if policy is not None else _NOTHING_COUNTED


class Book:
    """Every version, by the moment it was saved. Immutable: a save makes a new book."""

    def __init__(self, policies: Sequence[Policy] = (), calendars: Sequence[NamedCalendar] = ()) -> None:
        self._policies = sorted(policies, key=lambda policy: policy.version)
        self._conditions = {
            (policy.policy_id, policy.version): compiled(policy.condition)
            for policy in policies
            if policy.condition != ALWAYS
        }
        self._calendars = sorted(calendars, key=lambda named: named.version)
        # What was compiled for one edition counts in others too.
        self._counted: dict[tuple[str, tuple[int, ...]], Calendar] = {}
        self._around_the_clock = always_open()
        saved = [policy.saved_at for policy in policies] + [named.saved_at for named in calendars]
        self._begins = sorted({moment for moment in saved if moment is not None})
        self._editions: dict[tuple[int, int], Edition] = {}
        news = [one.saved_at for one in policies if one.applies_to == NEW]
        news += [one.saved_at for one in calendars if one.applies_to == NEW]
        # The last save that left what ran before as it was, and the last save of all.
        self.parted_at = max((moment for moment in news if moment is not None), default=None)
        self.turned_at = self._begins[-1] if self._begins else _BEFORE
        # Nothing is ever taken out, so a book of the same page says the same.
        self.page = f"{len(policies)}.{len(calendars)}"

    def at(self, moment: datetime, began: datetime | None = None) -> Edition:
        """What is in force at a moment for what began then, or earlier: a save holds from its moment on, and one for what
        is new only for what began after it."""
        place = bisect_right(self._begins, moment)
        if began is None or self.parted_at is None or began >= self.parted_at:
            since = place
        else:
            since = min(place, bisect_right(self._begins, began))
        edition = self._editions.get((since, place))
        if edition is None:
            edition = self._editions[since, place] = self._edition(self._begin(since), self._begin(place))
        return edition

    @property
    def newest(self) -> Edition:
        """What is in force now for what begins now."""
        return self.at(self.turned_at)

    def _begin(self, place: int) -> datetime:
        return self._begins[place - 1] if place else _BEFORE

    def _edition(self, began: datetime, moment: datetime) -> Edition:
        # Later versions come later and take the place of earlier ones.
        policies = {one.policy_id: one for one in self._policies if _holds(one, began, moment)}
        held: dict[str, list[NamedCalendar]] = {}
        for named in self._calendars:
            if _holds(named, began, moment):
                held.setdefault(named.calendar_id, []).append(named)
        calendars = {calendar_id: self._count_in(versions) for calendar_id, versions in held.items()}
        return Edition(
            list(policies.values()),
            self._conditions,
            calendars,
            self._around_the_clock,
            assignment_of(held.values()),
        )

    def _count_in(self, versions: Sequence[NamedCalendar]) -> Calendar:
        key = versions[-1].calendar_id, tuple(one.version for one in versions)
        calendar = self._counted.get(key)
        if calendar is None:
            calendar = self._counted[key] = counted_in(versions)
        return calendar


def _holds(version: Policy | NamedCalendar, began: datetime, moment: datetime) -> bool:
    return in_force(version.saved_at, version.applies_to == NEW, began, moment)
