"""Tells a ticket's story for sla: who wrote when, what was changed, and what the clocks say of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from chassis.businesstime import Hours, Window
from services.sla.domain.book import Book
from services.sla.domain.clock import evaluate
from services.sla.domain.counting import AGENT, REQUESTER
from services.sla.domain.history import Entry, History
from services.sla.domain.policy import NamedCalendar, Policy, PolicyTarget
from services.sla.domain.snapshot import ABOUT, Change, Snapshot
from services.sla.domain.target import TargetState

# What a story changes of a ticket by its name; the rest is about its message, or of its form.
_FIELDS = frozenset({"status", "priority", "group", "agent", "sla_policy"})
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = NamedCalendar(
    "office",
    "Office",
    Hours(
        "Europe/Berlin",
        tuple(Window(day, "09:00", "18:00") for day in range(1, 6)),
        frozenset({date(2026, 4, 3), date(2026, 4, 6)}),
    ),
    version=1,
    saved_at=LONG_AGO,
)


def berlin(text: str) -> datetime:
    """A moment by the clocks of Berlin, as `03-02 09:30` or `2026-03-02T09:30:00`."""
    full = text if text.startswith("20") else f"2026-{text.replace(' ', 'T')}"
    return datetime.fromisoformat(full).replace(tzinfo=BERLIN).astimezone(UTC)


def a_policy(*lines: PolicyTarget, **more: object) -> Policy:
    """A policy that fits every ticket, in office hours."""
    policy = Policy("standard", "Standard", 1, "office", lines, version=1, saved_at=LONG_AGO)
    return replace(policy, **more)  # type: ignore[arg-type]


def a_line(name: str, hours: float, **more: object) -> PolicyTarget:
    """A target of so many hours."""
    return replace(PolicyTarget(name, timedelta(hours=hours)), **more)  # type: ignore[arg-type]


def a_book(*policies: Policy, calendars: tuple[NamedCalendar, ...] = (OFFICE,)) -> Book:
    return Book(policies, calendars)


STANDARD = a_policy(a_line("first_reply", 4), a_line("next_reply", 2), a_line("resolution", 18))


class Story:
    """A ticket as it goes on; every sentence is one fact and one version."""

    def __init__(self, opened: str, *, by: str = REQUESTER, ticket_id: str = "t1", **values: str) -> None:
        self.facts: list[tuple[Snapshot, datetime, Entry | None]] = []
        at = berlin(opened)
        start = {"status": "new", "priority": "medium", "group": "", "sla_policy": "", **values}
        channel = start.pop("channel", "support")
        form = {name: start.pop(name) for name in list(start) if name not in _FIELDS}
        about = tuple(form.pop(name, "") for name in ABOUT)
        self._snapshot = Snapshot(ticket_id, 0, at, channel=channel, lane="email", **start)  # type: ignore[arg-type]
        self._snapshot = replace(self._snapshot, about=about, fields=form)
        changes = self._snapshot.opening
        if by == REQUESTER:
            self._snapshot = replace(self._snapshot, last_requester_message_at=at)
        self._add(at, by, changes, is_opening=True)

    def requester(self, when: str, **changes: str) -> "Story":
        """The requester writes."""
        self._snapshot = replace(self._snapshot, last_requester_message_at=berlin(when))
        return self._change(when, REQUESTER, changes)

    def agent(self, when: str, **changes: str) -> "Story":
        """An agent answers in public."""
        replied = self._snapshot.first_replied_at or berlin(when)
        self._snapshot = replace(self._snapshot, first_replied_at=replied)
        return self._change(when, AGENT, changes)

    def change(self, when: str, **changes: str) -> "Story":
        """Fields are changed and nothing is written."""
        return self._change(when, "", changes)

    def writes(self, when: str, wrote: str, **changes: str) -> "Story":
        """Somebody else writes: a machine, a colleague, another ticket."""
        return self._change(when, wrote, changes)

    def tags(self, when: str, *tags: str) -> "Story":
        """These tags and no others."""
        old, self._snapshot = self._snapshot, replace(self._snapshot, tags=tags)
        self._add(berlin(when), "", (Change("tags", ",".join(old.tags), ",".join(tags)),))
        return self

    def nothing(self, when: str) -> "Story":
        """Something that no clock cares for."""
        return self._change(when, "", {})

    def history(self, *order: int) -> History:
        """The history after all facts, heard in this order (the order they were said in, where none is given)."""
        heard = [self.facts[place] for place in order] if order else self.facts
        history = History(heard[0][0], heard[0][1])
        for snapshot, at, entry in heard:
            history.observe(snapshot, at, entry)
        return history

    def at(self, when: str, book: Book) -> dict[str, TargetState]:
        """The targets at a moment, by name; of several with the same name the latest."""
        return {state.name: state for state in evaluate(self.history(), book, berlin(when))}

    def _change(self, when: str, wrote: str, new: dict[str, str]) -> "Story":
        changes = tuple(
            Change(name, self._snapshot.values.get(name, ""), value) for name, value in new.items()
        )
        self._snapshot = replace(self._snapshot, **new)  # type: ignore[arg-type]
        self._add(berlin(when), wrote, changes)
        return self

    def _add(
        self, at: datetime, wrote: str, changes: tuple[Change, ...], *, is_opening: bool = False
    ) -> None:
        self._snapshot = replace(self._snapshot, version=self._snapshot.version + 1)
        entry = Entry(self._snapshot.version, 0, at, wrote, changes, is_opening) if wrote or changes else None
        self.facts.append((self._snapshot, at, entry))
