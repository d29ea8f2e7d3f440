"""Another promise for a past period: the same promise changes nothing, and the sums add up."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.sla.domain.book import Book
from services.sla.domain.imagined import imagined
from services.sla.domain.record import ClockRecord
from services.sla.domain.what_if import (
    BY,
    MOST_VALUES,
    REST,
    Outcomes,
    Pair,
    Tally,
    compared,
    outcome_of,
)
from tests.ticket_story import OFFICE, STANDARD, Story, a_book, a_line, a_policy
from tests.unit.services.sla.test_record import PLAIN, stories
from tests.unit.services.sla.test_recounting import CLAIMS, CLOSED, GOLD, LATER
from tests.unit.services.sla.test_what_if_examples import ALL, drafted

# ---------------------------------------------------------------------------------------- the same promise is the record


@given(stories(), st.integers(0, 5), st.integers(1, 2), st.integers(0, 6_000))
def test_without_a_draft_it_is_what_was_said_target_by_target(
    story: Story, saves: int, calendars: int, minutes: int
) -> None:
    policies, hours = [PLAIN, CLAIMS, GOLD, *LATER[:saves]], [OFFICE, CLOSED][:calendars]
    book = Book(policies, hours)
    now = max(book.turned_at, story.facts[-1][1]) + timedelta(minutes=minutes)
    record = ClockRecord(story.history())
    record.settle(book, now)
    pairs = compared(story.history(), book, imagined(policies, hours, (), ()), replace(ALL, as_of=now))
    said = {key: (one.breached, one.met) for key, one in record.said.items()}
    for side in ("before", "after"):
        counted = {}
        for pair in pairs:
            state = getattr(pair, side)
            outcome = outcome_of(state)
            counted[key_of(state.name, state.started_at)] = outcome == "breached", outcome == "met"
        assert counted == said
    assert not [pair.turn for pair in pairs if pair.turn]


@given(stories(), st.booleans(), st.booleans())
def test_a_draft_of_what_was_in_force_all_along_changes_nothing(
    story: Story, policy_too: bool, calendar_too: bool
) -> None:
    policies = [PLAIN, CLAIMS, GOLD]
    after = imagined(policies, [OFFICE], policies if policy_too else (), [OFFICE] if calendar_too else ())
    tally = Tally()
    pairs = compared(story.history(), Book(policies, [OFFICE]), after, ALL)
    tally.count(story.history().snapshot, pairs)
    assert [shown(pair.before) for pair in pairs] == [shown(pair.after) for pair in pairs]
    assert all(sums.before == sums.after for sums in tally.sums.values())


def key_of(name: str, started_at: datetime) -> str:
    return f"{name}:{int(started_at.timestamp() * 1000)}"


def shown(state: object) -> tuple[object, ...]:
    return tuple(
        getattr(state, name)
        for name in ("name", "state", "due_at", "started_at", "elapsed", "paused", "late")
    )


# ------------------------------------------------------------------------------------------------------------- its sums


@given(st.lists(stories(), max_size=6))
def test_channels_and_groups_add_up_to_the_whole(several: list[Story]) -> None:
    tally, turned = Tally(), Counter[str]()
    after = drafted(a_policy(a_line("first_reply", 2), a_line("next_reply", 2), a_line("resolution", 10)))
    for story in several:
        pairs = compared(story.history(), a_book(STANDARD), after, ALL)
        turned.update(pair.turn for pair in pairs)
        tally.count(story.history().snapshot, pairs)
    for side in ("before", "after"):
        whole = {name: getattr(sums, side) for (name, by, _), sums in tally.sums.items() if not by}
        for by in BY[1:3]:
            parts: dict[str, Counter[str]] = {}
            for (name, other, _), sums in tally.sums.items():
                if other == by:
                    parts.setdefault(name, Counter()).update(counted(getattr(sums, side)))
            assert {name: Counter(counted(one)) for name, one in whole.items()} == parts
    assert turned["newly_breached"] == sum(
        sums.newly_breached for (_, by, _), sums in tally.sums.items() if not by
    )


def counted(outcomes: Outcomes) -> dict[str, int]:
    return {name: getattr(outcomes, name) for name in ("met", "breached", "open", "cancelled")}


def test_a_ticket_counts_for_each_of_its_tags_and_the_many_share_one_sum() -> None:
    tally = Tally()
    for number in range(MOST_VALUES + 5):
        history = Story("03-02 09:00").tags("03-02 09:01", f"tag-{number}", "vip").history()
        tally.count(history.snapshot, compared(history, a_book(STANDARD), drafted(), ALL))
    assert tally.sums["first_reply", "tag", "vip"].before.breached == MOST_VALUES + 5
    assert tally.sums["first_reply", "tag", REST].before.breached == 6
    assert len({value for _, by, value in tally.sums if by == "tag"}) == MOST_VALUES + 1
    # One that is counted on elsewhere knows its values again.
    assert Tally(dict(tally.sums)).values["tag"] >= {"vip", "tag-0"}


def test_the_share_in_time_is_that_of_what_is_decided() -> None:
    assert Outcomes(met=3, breached=1, open=9, cancelled=2).in_time == 0.75
    assert Outcomes(open=9).in_time is None
    assert Pair(None, None).name == ""
