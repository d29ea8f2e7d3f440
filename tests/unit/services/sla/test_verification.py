"""What is kept of a clock is what the ticket's log says: in whatever order facts came, twice, or with some missing."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.sla.domain.book import Book
from services.sla.domain.clock import evaluate
from services.sla.domain.counting import AGENT, AUTO_REPLY, AUTOMATIC, BOT, COUNTABLE, MERGED, NOTE, REQUESTER
from services.sla.domain.history import FOLD_ABOVE, Entry, History
from services.sla.domain.policy import TARGETS
from services.sla.domain.record import ClockRecord
from services.sla.domain.verification import differences
from tests.ticket_story import STANDARD, Story, a_book, a_line, a_policy, berlin

ALL_TARGETS = tuple(a_line(name, hours) for name, hours in zip(TARGETS, (4, 2, 9, 18, 6, 18), strict=True))
EVERYTHING = a_policy(*ALL_TARGETS, counts=COUNTABLE)
LATER = replace(
    EVERYTHING,
    version=2,
    saved_at=berlin("03-02 13:00"),
    counts=("notes",),
    applies_to="new",
    channels=("chat",),
)
BOOK = a_book(STANDARD, replace(EVERYTHING, policy_id="all", position=0, groups=("claims",)))
BOOKS = (BOOK, a_book(EVERYTHING), a_book(EVERYTHING, LATER), a_book(a_policy(*ALL_TARGETS)))
WRITERS = (REQUESTER, AGENT, NOTE, AUTO_REPLY, BOT, AUTOMATIC, MERGED + REQUESTER, MERGED + AGENT)


@st.composite
def lives(draw: st.DrawFn) -> Story:
    """A ticket to which anything may happen."""
    story = Story("03-02 09:00", by=draw(st.sampled_from(WRITERS)), plan=draw(st.sampled_from(["", "gold"])))
    minutes = 0
    for _ in range(draw(st.integers(0, 10))):
        minutes += draw(st.integers(0, 300))
        when = f"2026-03-{2 + minutes // 900:02}T{9 + minutes % 900 // 60:02}:{minutes % 60:02}"
        match draw(st.integers(0, 3)):
            case 0:
                story.tags(when, *draw(st.sampled_from([(), ("vip",), ("vip", "late")])))
            case 1:
                story.writes(when, draw(st.sampled_from(WRITERS)))
            case 2:
                story.writes(when, AGENT, status=draw(st.sampled_from(["pending", "solved", "open"])))
            case _:
                name = draw(st.sampled_from(["status", "group", "priority"]))
                values = {
                    "status": ["open", "pending", "on_hold", "solved", "spam"],
                    "group": ["claims", ""],
                    "priority": ["low", "urgent"],
                }
                story.change(when, **{name: draw(st.sampled_from(values[name]))})
    return story


def log_of(story: Story) -> tuple[Entry, ...]:
    """As the tickets' log tells it: of the beginning it does not say what was there."""
    entries = [entry for _, _, entry in story.facts if entry is not None]
    return (replace(entries[0], changes=()), *entries[1:])


def verified(record: ClockRecord, story: Story, book: Book, when: str) -> list[str]:
    return differences(record, story.facts[-1][0], log_of(story), book, berlin(when))


@given(
    lives(),
    st.randoms(use_true_random=False),
    st.sampled_from(BOOKS),
    st.lists(st.integers(1, 4), max_size=12),
)
def test_in_any_order_and_twice_the_store_has_what_the_log_says(
    story: Story, chance: object, book: Book, batches: list[int]
) -> None:
    order = list(range(len(story.facts))) * 2
    chance.shuffle(order)  # type: ignore[attr-defined]
    record = ClockRecord(History(*story.facts[order[0]][:2]))
    now = berlin("2026-03-02T09:00")
    for size in [*batches, *([1] * len(order))]:
        for place in order[:size]:
            record.history.observe(*story.facts[place])
        del order[:size]
        now += timedelta(hours=3)
        record.settle(book, now)
    now = max(now, berlin("2026-03-08T09:00"))
    record.settle(book, now)
    assert differences(record, story.facts[-1][0], log_of(story), book, now) == []


@given(lives(), st.data(), st.sampled_from(BOOKS))
def test_while_a_fact_is_missing_nothing_is_due_said_or_armed(
    story: Story, data: st.DataObject, book: Book
) -> None:
    gone = data.draw(st.sets(st.integers(0, len(story.facts) - 1), min_size=1))
    order = [place for place in range(len(story.facts)) if place not in gone]
    if not order or min(gone) > max(order):
        # Nothing later came either: the history is whole as far as it goes.
        return
    history = story.history(*order)
    states = evaluate(history, book, berlin("2026-03-08T09:00"))
    assert all((one.state, one.due_at, one.is_breached) == ("incomplete", None, False) for one in states)
    record = ClockRecord(history)
    assert record.settle(book, berlin("2026-03-08T09:00")) == []
    assert (record.alarm_at, record.gap_since) == (None, berlin("2026-03-08T09:00"))
    assert history.missing == tuple(sorted(place + 1 for place in gone if place < max(order)))[:10]


def test_what_differs_is_said_by_name_and_by_how_much() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00").requester("03-02 11:00")
    record = ClockRecord(story.history())
    record.settle(BOOK, berlin("03-02 11:30"))
    assert verified(record, story, BOOK, "03-02 11:30") == []
    # An answer that the log does not know.
    record.history.entries[2] = replace(record.history.entries[2], wrote=AGENT)
    found = verified(record, story, BOOK, "03-02 11:30")
    assert found == [
        "version 3.0 is other: 2026-03-02T10:00:00+00:00 agent wrote () against 2026-03-02T10:00:00+00:00 requester wrote ()",
        "next_reply: does not run here, and the log says otherwise",
    ]


def test_an_alarm_that_was_never_set_and_a_breach_that_was_never_said_are_found() -> None:
    story = Story("03-02 09:00")
    record = ClockRecord(story.history())
    record.settle(BOOK, berlin("03-02 14:00"))
    record.alarm_at = None
    record.said = {key: replace(said, breached=False) for key, said in record.said.items()}
    found = verified(record, story, BOOK, "03-02 14:00")
    assert [sentence.partition(":")[0] for sentence in found] == [
        "alarm_at",
        "said of first_reply",
    ]


def test_a_clock_whose_facts_never_came_is_told_as_such() -> None:
    story = Story("03-02 09:00").agent("03-02 10:00").change("03-02 11:00", status="pending")
    record = ClockRecord(story.history(0, 2))
    record.settle(BOOK, berlin("03-02 11:00"))
    assert verified(record, story, BOOK, "03-02 12:00") == ["incomplete: the facts of version 2 never came"]


def test_what_falls_due_this_moment_is_no_difference() -> None:
    story = Story("03-02 09:00")
    record = ClockRecord(story.history())
    record.settle(BOOK, berlin("03-02 12:00"))
    assert verified(record, story, BOOK, "03-02 13:00") == []


def test_a_long_chat_that_was_folded_is_what_its_log_says_whatever_counts() -> None:
    start = berlin("2026-03-02T09:00")
    story = Story("03-02 09:00")
    snapshot = story.facts[0][0]
    record = ClockRecord(History(snapshot, start))
    record.history.observe(*story.facts[0])
    log = list(log_of(story))
    for version in range(2, FOLD_ABOVE * 3):
        at = start + timedelta(minutes=version)
        entry = Entry(version, 0, at, WRITERS[(version * 7 + version // 11) % len(WRITERS)])
        snapshot = replace(snapshot, version=version)
        record.history.observe(snapshot, at, entry)
        log.append(entry)
    assert record.history.folded_to > FOLD_ABOVE
    assert len(record.history.entries) <= FOLD_ABOVE + 50
    now = start + timedelta(minutes=FOLD_ABOVE * 3)
    for counted in ((), *((one,) for one in COUNTABLE), COUNTABLE):
        book = a_book(replace(EVERYTHING, counts=counted))
        whole = History(snapshot, now, log, seen_to=snapshot.version)
        ours = {state.name: state for state in evaluate(record.history, book, now)}
        theirs = {state.name: state for state in evaluate(whole, book, now)}
        for name in TARGETS:
            assert ours[name].run == theirs[name].run, (counted, name)
        first = [state.run for state in evaluate(record.history, book, now) if state.name == "first_reply"]
        assert first == [state.run for state in evaluate(whole, book, now) if state.name == "first_reply"]
    record.settle(BOOK, now)
    assert differences(record, snapshot, tuple(log), BOOK, now) == []
