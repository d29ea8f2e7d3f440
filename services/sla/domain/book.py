"""Which policy and which calendar were in force at a moment: every version that was ever saved, by its time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from chassis.businesstime import Calendar, always_open
from services.sla.domain.policy import BUSINESS, NamedCalendar, Policy, PolicyTarget

_BEFORE = datetime(1, 1, 1, tzinfo=UTC)


class Edition:
    """What was in force between two saves."""

    def __init__(
        self, policies: Sequence[Policy], calendars: dict[str, Calendar], around_the_clock: Calendar
    ) -> None:
        self.policies = tuple(
            sorted(policies, key=lambda policy: (policy.position, policy.name, policy.policy_id))
        )
        self._by_id = {policy.policy_id: policy for policy in policies}
        self._calendars = calendars
        self._around_the_clock = around_the_clock

    def choose(self, channel: str, group: str, set_policy: str) -> Policy | None:
        """The policy that was set on the ticket, else the first that fits; one that is not known was not set."""
        if set_policy and set_policy in self._by_id:
            return self._by_id[set_policy]
        for policy in self.policies:
            if policy.fits(channel, group):
                return policy
        return None

    def calendar(self, policy: Policy, target: PolicyTarget) -> Calendar:
        """What the target's time is counted in."""
        if target.time == BUSINESS:
            return self._calendars.get(policy.calendar_id, self._around_the_clock)
        return self._around_the_clock

    def promise(self, channel: str, values: Mapping[str, str]) -> tuple[Policy, Calendar] | None:
        """What a ticket of these values is promised, and what business time it is counted in; None where nothing is."""
        policy = self.choose(channel, values["group"], values["sla_policy"])
        if policy is None:
            return None
        return policy, self._calendars.get(policy.calendar_id, self._around_the_clock)


class Book:
    """Every version, by the moment it was saved. Immutable: a save makes a new book."""

    def __init__(self, policies: Sequence[Policy] = (), calendars: Sequence[NamedCalendar] = ()) -> None:
        self._policies = sorted(policies, key=lambda policy: policy.version)
        self._calendars = [
            (named, Calendar(named.hours)) for named in sorted(calendars, key=lambda named: named.version)
        ]
        self._around_the_clock = always_open()
        saved = [policy.saved_at for policy in policies] + [named.saved_at for named in calendars]
        self._begins = sorted({moment for moment in saved if moment is not None})
        self._editions: dict[int, Edition] = {}
        # Nothing is ever taken out, so a book of the same page says the same.
        self.page = f"{len(policies)}.{len(calendars)}"

    def at(self, moment: datetime) -> Edition:
        """The edition in force: a save holds from its moment on."""
        place = bisect_right(self._begins, moment)
        edition = self._editions.get(place)
        if edition is None:
            edition = self._editions[place] = self._edition(self._begins[place - 1] if place else _BEFORE)
        return edition

    @property
    def newest(self) -> Edition:
        """What is in force now."""
        return self.at(self._begins[-1] if self._begins else _BEFORE)

    def _edition(self, moment: datetime) -> Edition:
        # Later versions come later and take the place of earlier ones.
        policies = {p.policy_id: p for p in self._policies if p.saved_at is None or p.saved_at <= moment}
        calendars = {
            named.calendar_id: calendar
            for named, calendar in self._calendars
            if named.saved_at is None or named.saved_at <= moment
        }
        return Edition(list(policies.values()), calendars, self._around_the_clock)
