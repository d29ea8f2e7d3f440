"""What a policy must be, said by the field that is not."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from chassis.conditions import Condition, ConditionError, Test
from chassis.errors import InvalidField, InvalidFields
from services.sla.domain.counting import COUNTABLE
from services.sla.domain.policy import APPLIES, BUSINESS, CALENDAR, TARGETS, Policy, PolicyTarget
from services.sla.domain.snapshot import PRIORITIES
from services.sla.domain.vocabulary import compiled, field_of, why_not

# Statuses of a ticket that somebody still waits for.
PAUSING = ("new", "open", "pending", "on_hold")
LONGEST = timedelta(days=366)
_MOST_LINES = 50
_MOST_NAMES = 200
_MOST_WARNINGS = 10


@dataclass(slots=True)
class _Mistakes:
    found: list[InvalidField] = field(default_factory=list)

    def unless(self, holds: bool, name: str, expected: str, got: str = "") -> None:
        if not holds:
            self.found.append(InvalidField(f"policy.{name}", expected, got))

    def one_of(self, known: Collection[str], name: str, got: str, *, or_empty: bool = False) -> None:
        expected = f"one of {', '.join(known)}" + (" or empty" if or_empty else "")
        self.unless(got in known or (or_empty and not got), name, expected, got)


def check_policy(
    policy: Policy,
    calendar_ids: frozenset[str],
    others: Iterable[Policy] = (),
    *,
    has_company_calendar: bool = False,
) -> None:
    """Raises InvalidFields with every mistake, each by its field. `others` are the newest versions of all policies.

    With a calendar of the company every ticket has one, whether or not the policy names it.
    """
    must = _Mistakes()
    must.unless(0 < len(policy.name.strip()) <= 200, "name", "1 to 200 characters")
    must.unless(policy.position >= 0, "position", "0 or more", str(policy.position))
    for other in others:
        taken = other.position == policy.position and not (other.is_off or policy.is_off)
        must.unless(
            not taken or other.policy_id == policy.policy_id,
            "position",
            f"a position of its own: {policy.position} is that of {other.name}",
            str(policy.position),
        )
    needs_calendar = any(target.time == BUSINESS for target in policy.targets)
    must.unless(
        policy.calendar_id in calendar_ids
        or (not policy.calendar_id and (has_company_calendar or not needs_calendar)),
        "calendar_id",
        "the id of a calendar, or empty where a calendar is the company's (is_company)",
        policy.calendar_id,
    )
    _check_whom(policy, must)
    _check_targets(policy.targets, must)
    _check_statuses(policy.pause_statuses, "pause_statuses", must)
    for place, counted in enumerate(policy.counts):
        must.one_of(COUNTABLE, f"counts[{place}]", counted)
    must.one_of(APPLIES, "applies_to", policy.applies_to)
    if must.found:
        raise InvalidFields(must.found)


def _check_whom(policy: Policy, must: _Mistakes) -> None:
    for name, ids in (("channels", policy.channels), ("groups", policy.groups)):
        must.unless(len(ids) <= _MOST_NAMES, name, f"at most {_MOST_NAMES} ids", str(len(ids)))
        for place, one in enumerate(ids):
            must.unless(bool(one.strip()), f"{name}[{place}]", "an id", one)
    try:
        compiled(policy.condition)
    except ConditionError as error:
        unknown = next((name for name in _fields(policy.condition) if field_of(name) is None), "")
        if unknown and error.path.endswith(".field"):
            must.unless(False, error.path, why_not(unknown), unknown[:80])
        else:
            must.unless(False, error.path, error.expected)


def _fields(condition: Condition) -> Iterable[str]:
    if isinstance(condition, Test):
        yield condition.field
    else:
        for part in condition.conditions:
            yield from _fields(part)


def _check_targets(targets: tuple[PolicyTarget, ...], must: _Mistakes) -> None:
    must.unless(bool(targets), "targets", "at least one target")
    must.unless(len(targets) <= _MOST_LINES, "targets", f"at most {_MOST_LINES} targets", str(len(targets)))
    met: set[tuple[str, str]] = set()
    for place, target in enumerate(targets[: _MOST_LINES + 1]):
        at = f"targets[{place}]"
        must.one_of(TARGETS, f"{at}.name", target.name)
        must.one_of(PRIORITIES, f"{at}.priority", target.priority, or_empty=True)
        must.unless(
            timedelta(0) < target.within <= LONGEST,
            f"{at}.within_seconds",
            f"1 second to {LONGEST.days} days",
            str(int(target.within.total_seconds())),
        )
        must.unless(
            timedelta(0) <= target.warn_before < target.within,
            f"{at}.warn_before_seconds",
            "0, or less than within_seconds",
            str(int(target.warn_before.total_seconds())),
        )
        _check_warnings(target, at, must)
        must.unless(
            target.time in (BUSINESS, CALENDAR), f"{at}.time", f"{BUSINESS} or {CALENDAR}", target.time
        )
        key = (target.name, target.priority)
        must.unless(
            key not in met, f"{at}.priority", f"one line for {target.name} of a priority", target.priority
        )
        met.add(key)
        _check_statuses(target.pause_statuses or (), f"{at}.pause_statuses", must)


def _check_warnings(target: PolicyTarget, at: str, must: _Mistakes) -> None:
    further = target.also_warn_before
    must.unless(
        len(further) <= _MOST_WARNINGS,
        f"{at}.also_warn_before_seconds",
        f"at most {_MOST_WARNINGS} warnings",
        str(len(further)),
    )
    for number, lead in enumerate(further):
        must.unless(
            timedelta(0) < lead < target.within,
            f"{at}.also_warn_before_seconds[{number}]",
            "1 second or more, and less than within_seconds",
            str(int(lead.total_seconds())),
        )


def _check_statuses(statuses: tuple[str, ...], name: str, must: _Mistakes) -> None:
    for place, status in enumerate(statuses):
        must.one_of(PAUSING, f"{name}[{place}]", status)
