"""What is said of a ticket's clock: each fact once, whatever the order in which the ticket's facts are heard."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.sla.adapters.wire import event_id_of
from services.sla.domain.book import Book
from services.sla.domain.clock import evaluate
from services.sla.domain.counting import BOT, NOTE
from services.sla.domain.events import ClockChanged, Fact, TimerBreached, TimerMet, TimerWarned
from services.sla.domain.history import FOLD_ABOVE, Entry, History
from services.sla.domain.record import ClockRecord
from tests.ticket_story import STANDARD, Story, a_book, a_line, a_policy, berlin

WARNED = a_book(a_policy(a_line("first_reply", 4, warn_before=timedelta(hours=1)), a_line("resolution", 8)))


def heard(story: Story, *places: int) -> ClockRecord:
    return ClockRecord(story.history(*places))


def hear(record: ClockRecord, story: Story, place: int) -> None:
    record.history.observe(*story.facts[place])


def settle(record: ClockRecord, when: str, book: Book = WARNED) -> list[Fact]:
    """All but the changes of the list's clock."""
    return [fact for fact in record.settle(book, berlin(when)) if not isinstance(fact, ClockChanged)]


def names(facts: Sequence[Fact]) -> list[tuple[str, str, int]]:
    return [
        (type(fact).__name__, fact.target.name, fact.target.epoch)
        for fact in facts
        if isinstance(fact, TimerWarned | TimerBreached | TimerMet)
    ]


def test_the_alarm_is_the_next_moment_at_which_something_becomes_true() -> None:
    record = heard(Story("03-02 09:00"))
    alarms: list[datetime | None] = []
    for when in ("03-02 09:00", "03-02 12:00", "03-02 13:00", "03-02 17:00"):
        record.settle(WARNED, berlin(when))
        alarms.append(record.alarm_at)
    assert alarms == [berlin("03-02 12:00"), berlin("03-02 13:00"), berlin("03-02 17:00"), None]


def test_a_warning_and_a_breach_are_said_once() -> None:
    record = heard(Story("03-02 09:00"))
    assert settle(record, "03-02 11:59") == []
    assert names(settle(record, "03-02 12:00")) == [("TimerWarned", "first_reply", 1)]
    assert settle(record, "03-02 12:00") == []
    (breach,) = settle(record, "03-02 13:00")
    assert isinstance(breach, TimerBreached)
    assert breach.target.happened_at == breach.target.due_at == berlin("03-02 13:00")
    assert settle(record, "03-02 13:30") == []


def test_every_warning_is_said_by_itself_with_how_long_before_due_it_was_wanted() -> None:
    hours = [timedelta(hours=one) for one in (1, 3, 2)]
    line = a_line("first_reply", 4, warn_before=hours[0], also_warn_before=(*hours[1:], hours[0]))
    record, book = heard(Story("03-02 09:00")), a_book(a_policy(line))
    assert record.settle(book, berlin("03-02 09:00")) is not None
    assert record.alarm_at == berlin("03-02 10:00")
    said = []
    for when in ("03-02 10:00", "03-02 10:30", "03-02 12:00", "03-02 13:00"):
        for fact in settle(record, when, book):
            assert isinstance(fact, TimerWarned | TimerBreached)
            lead = fact.lead if isinstance(fact, TimerWarned) else timedelta(0)
            said.append((lead, fact.target.happened_at, event_id_of(fact)))
    # Nobody looked at eleven: that warning comes with the next, and still by itself.
    assert said == [
        (timedelta(hours=3), berlin("03-02 10:00"), "t1:first_reply:1:10800:warned"),
        (timedelta(hours=2), berlin("03-02 11:00"), "t1:first_reply:1:7200:warned"),
        (timedelta(hours=1), berlin("03-02 12:00"), "t1:first_reply:1:3600:warned"),
        (timedelta(0), berlin("03-02 13:00"), "t1:first_reply:1:breached"),
    ]


def test_a_breach_noticed_late_happened_when_it_was_due() -> None:
    record = heard(Story("03-02 09:00"))
    (breach,) = settle(record, "03-02 16:00")
    assert isinstance(breach, TimerBreached)
    assert (breach.target.happened_at, breach.target.elapsed) == (berlin("03-02 13:00"), timedelta(hours=4))


def test_a_late_answer_is_a_breach_and_no_success() -> None:
    record = heard(Story("03-02 09:00").agent("03-02 14:00"))
    assert names(settle(record, "03-02 14:00")) == [("TimerBreached", "first_reply", 1)]


def test_a_solved_ticket_that_comes_back_is_armed_again_and_met_again() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00", status="solved")
    record = heard(story)
    met = [("TimerMet", "resolution", 1), ("TimerMet", "first_reply", 1)]
    assert names(settle(record, "03-02 10:00")) == met
    story.requester("03-02 11:00", status="open").agent("03-02 12:00", status="solved")
    hear(record, story, 2)
    assert settle(record, "03-02 11:00") == []
    hear(record, story, 3)
    assert names(settle(record, "03-02 12:00")) == [("TimerMet", "resolution", 2)]


def test_a_due_moment_that_moved_warns_and_breaches_anew_under_another_epoch() -> None:
    book = a_book(
        a_policy(
            a_line("first_reply", 1, priority="urgent"),
            a_line("first_reply", 4, warn_before=timedelta(hours=1)),
        )
    )
    story = (
        Story("03-02 09:00").change("03-02 10:30", priority="urgent").change("03-02 10:40", priority="low")
    )
    record = heard(story, 0)
    settle(record, "03-02 09:00", book)
    hear(record, story, 1)
    (breach,) = settle(record, "03-02 10:30", book)
    assert isinstance(breach, TimerBreached)
    # It would have been due at 10:00, had it been urgent then.
    assert (breach.target.happened_at, breach.target.epoch) == (berlin("03-02 10:30"), 2)
    hear(record, story, 2)
    assert settle(record, "03-02 10:40", book) == []
    assert names(settle(record, "03-02 12:00", book)) == [("TimerWarned", "first_reply", 3)]
    assert names(settle(record, "03-02 13:00", book)) == [("TimerBreached", "first_reply", 3)]


def test_an_answer_in_time_that_is_heard_late_takes_the_breach_back() -> None:
    story = Story("03-02 09:00").agent("03-02 12:30")
    record = heard(story, 0)
    assert names(settle(record, "03-02 13:00"))[-1][0] == "TimerBreached"
    hear(record, story, 1)
    assert names(settle(record, "03-02 13:01")) == [("TimerMet", "first_reply", 2)]


def test_a_list_is_told_only_what_changes_for_it() -> None:
    story = Story("03-02 09:00").nothing("03-02 09:30").agent("03-02 10:00", status="pending")
    record = heard(story, 0)

    def told(when: str) -> list[tuple[int, str, datetime | None, bool, bool]]:
        return [
            (fact.epoch, fact.target, fact.due_at, fact.is_paused, fact.is_breached)
            for fact in record.settle(WARNED, berlin(when))
            if isinstance(fact, ClockChanged)
        ]

    assert told("03-02 09:00") == [(1, "first_reply", berlin("03-02 13:00"), False, False)]
    hear(record, story, 1)
    assert told("03-02 09:30") == []
    hear(record, story, 2)
    assert told("03-02 10:00") == [(2, "resolution", None, True, False)]


def test_a_gap_is_noticed_and_closes() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00").change("03-02 11:00", status="pending")
    record = heard(story, 0, 2)
    settle(record, "03-02 11:00")
    assert record.gap_since == berlin("03-02 11:00")
    hear(record, story, 1)
    settle(record, "03-02 11:01")
    assert record.gap_since is None


def test_a_ticket_first_met_in_the_middle_of_its_life_is_incomplete_and_nothing_is_due() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00").change("03-02 11:00", status="pending")
    record = heard(story, 2)
    states = {state.name: state for state in evaluate(record.history, WARNED, berlin("03-05 12:00"))}
    assert {(state.state, state.due_at, state.is_breached) for state in states.values()} == {
        ("incomplete", None, False)
    }
    assert record.history.missing == (1, 2)
    assert (record.settle(WARNED, berlin("03-05 12:00")), record.alarm_at) == ([], None)


def test_what_was_said_stands_while_facts_are_missing_and_goes_on_when_they_are_here() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00").change("03-02 11:00", priority="high")
    record = heard(story, 0)
    record.settle(WARNED, berlin("03-02 09:00"))
    shown = record.shown
    hear(record, story, 2)
    # Long past what was due: the answer may be in what is missing.
    assert (record.settle(WARNED, berlin("03-02 14:00")), record.alarm_at) == ([], None)
    assert record.shown == shown
    hear(record, story, 1)
    assert names(settle(record, "03-02 14:01")) == [("TimerMet", "first_reply", 1)]


def test_the_log_fills_a_gap_for_good() -> None:
    story = (
        Story("03-02 09:00")
        .agent("03-02 10:00")
        .requester("03-02 10:30")
        .change("03-02 11:00", priority="high")
    )
    record = heard(story, 3)
    log = [entry for _, _, entry in story.facts[:3] if entry is not None]
    record.history.fill(log, 3)
    assert record.history.entries == story.history().entries
    assert not record.history.has_gap


@st.composite
def stories(draw: st.DrawFn) -> Story:
    story = Story("03-02 09:00")
    minutes = 0
    for _ in range(draw(st.integers(0, 8))):
        minutes += draw(st.integers(1, 300))
        when = f"2026-03-{2 + minutes // 900:02}T{9 + minutes % 900 // 60:02}:{minutes % 60:02}"
        changes: dict[str, str] = draw(
            st.sampled_from(
                [
                    {},
                    {},
                    {"status": "pending"},
                    {"status": "open"},
                    {"status": "solved"},
                    {"priority": "urgent"},
                    {"group": "claims"},
                    {"group": "parcels"},
                    {"sla_policy": "gold"},
                ]
            )
        )
        if draw(st.integers(0, 5)) == 0:
            story.writes(when, draw(st.sampled_from([NOTE, BOT])), **changes)
            continue
        getattr(story, draw(st.sampled_from(["requester", "agent", "change", "change", "change"])))(
            when, **changes
        )
    return story


PLAIN = replace(STANDARD, targets=(*STANDARD.targets, a_line("first_reply", 1, priority="urgent")))
BOTH = a_book(PLAIN)


@given(stories(), st.randoms(use_true_random=False))
def test_facts_in_any_order_and_twice_give_the_same_clock(story: Story, chance: object) -> None:
    order = list(range(len(story.facts))) * 2
    chance.shuffle(order)  # type: ignore[attr-defined]
    now = berlin("2026-03-06T12:00")
    record, straight = heard(story, *order), heard(story)
    assert evaluate(record.history, BOTH, now) == evaluate(straight.history, BOTH, now)
    record.settle(BOTH, now)
    straight.settle(BOTH, now)
    assert (record.alarm_at, record.shown) == (straight.alarm_at, straight.shown)


@given(stories(), st.randoms(use_true_random=False), st.lists(st.integers(0, 96), max_size=10))
def test_no_fact_is_ever_said_twice_nor_early(story: Story, chance: object, looks: list[int]) -> None:
    order = list(range(len(story.facts)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    record = heard(story, order[0])
    now = berlin("2026-03-05T09:00")
    said: list[tuple[str, str, int]] = []
    for place, look in zip([*order, *order], sorted([*looks, *([96] * 20)]), strict=False):
        hear(record, story, place)
        moment = now + timedelta(hours=look)
        facts = record.settle(BOTH, moment)
        said += names(facts)
        for fact in facts:
            if not isinstance(fact, ClockChanged):
                assert fact.target.happened_at <= moment
    assert len(said) == len(set(said))


def test_a_chat_of_years_stays_small_and_keeps_its_clock() -> None:
    history = History(Story("03-02 09:00").facts[0][0], berlin("03-02 09:00"))
    start = berlin("2026-03-02T09:00")
    full: list[Entry] = []
    for version in range(1, 3_000):
        at = start + timedelta(minutes=version)
        wrote = ("requester", "requester", "agent", "agent")[version % 4] if version > 1 else "requester"
        entry = Entry(version, 0, at, wrote, is_opening=version == 1)
        full.append(entry)
        history.observe(replace(history.snapshot, version=version), at, entry)
    assert len(history.entries) <= FOLD_ABOVE + 1
    now = start + timedelta(minutes=3_000)
    straight = replace(history, entries=full)
    assert evaluate(history, BOTH, now)[-20:] == evaluate(straight, BOTH, now)[-20:]
    assert evaluate(history, BOTH, now)[:2] == evaluate(straight, BOTH, now)[:2]
