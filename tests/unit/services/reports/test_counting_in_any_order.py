"""Order does not matter, and the parts are the whole."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from services.reports.domain.figures import COUNTS, DURATIONS, Figures
from services.reports.domain.tally import Key
from tests.fakes.ticket_facts import TicketLife, Told
from tests.unit.services.reports.conftest import Counted

STEPS = st.tuples(
    st.sampled_from(
        ["hears", "answers", "greets", "notes", "solves", "reopens", "spams", "groups", "agents", "tags"]
    ),
    st.integers(1, 90),
    st.integers(0, 3),
)
TAGS = ["", "payment", "payment/refund", "parcel/lost"]


@st.composite
def lives(draw: st.DrawFn) -> list[Told]:
    """What some tickets' lives made tickets say, in the order in which it was said."""
    told: list[Told] = []
    for number in range(draw(st.integers(1, 3))):
        life = TicketLife(f"t{number}", channel=f"c{number % 2}")
        minutes = draw(st.integers(0, 30))
        life.opens(minutes, tags=[TAGS[draw(st.integers(1, 3))]], spam=draw(st.booleans()))
        for what, wait, which in draw(st.lists(STEPS, max_size=8)):
            # No two at one moment: of two answers of one millisecond whoever is heard first has the first reply.
            minutes += wait
            _live(life, what, minutes, which)
        told += life.told
    return told


def _live(life: TicketLife, what: str, minutes: int, which: int) -> None:
    match what:
        case "hears":
            life.hears(minutes, automatic=which == 0)
        case "answers":
            life.answers(minutes, by=f"a{which}", status="solved" if which == 3 else "")
        case "greets":
            life.answers(minutes, kind="rule", by="r", automatic=True)
        case "notes":
            life.answers(minutes, internal=True)
        case "solves":
            life.changes(minutes, status="closed" if which == 0 else "solved")
        case "reopens":
            life.changes(minutes, status="open")
        case "spams":
            life.changes(minutes, status="spam")
        case "groups":
            life.changes(minutes, group=f"g{which}")
        case "agents":
            life.changes(minutes, agent=f"a{which}")
        case "tags":
            life.changes(minutes, tags=[tag for tag in TAGS[: which + 1] if tag])


def _in_batches(told: Sequence[Told], sizes: Sequence[int]) -> Counted:
    counted = Counted()
    rest = list(told)
    for size in sizes:
        counted.hear_all(rest[:size])
        rest = rest[size:]
    counted.hear_all(rest)
    return counted


def _nonzero(
    rows: dict[Key, Figures],
) -> dict[Key, tuple[dict[str, int], dict[str, tuple[int, int, dict[int, int]]]]]:
    return {
        key: (
            {name: times for name, times in row.counts.items() if times},
            {name: (h.count, h.sum_milliseconds, h.parts) for name, h in row.durations.items() if h.count},
        )
        for key, row in rows.items()
        if not row.is_zero
    }


@settings(max_examples=150, deadline=None)
@given(lives(), st.randoms(use_true_random=False), st.lists(st.integers(1, 7), max_size=10))
def test_any_order_and_any_batches_count_the_same(told: list[Told], chance: object, sizes: list[int]) -> None:
    straight = _in_batches(told, [])
    shuffled = list(told)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    other = _in_batches(shuffled, sizes)
    assert _nonzero(other.kept) == _nonzero(straight.kept)
    assert _nonzero(other.kept_minutes) == _nonzero(straight.kept_minutes)


@settings(max_examples=100, deadline=None)
@given(lives())
def test_channels_groups_and_agents_each_add_up_to_the_total(told: list[Told]) -> None:
    counted = _in_batches(told, [])
    total = counted.total
    for dimension in ("channel", "group", "agent"):
        rows = counted.by(dimension).values()
        for name in COUNTS:
            assert sum(row[name] for row in rows) == total[name], (dimension, name)
        for name in DURATIONS:
            whole = total.duration(name)
            assert sum(row.duration(name).count for row in rows) == whole.count
            assert sum(row.duration(name).sum_milliseconds for row in rows) == whole.sum_milliseconds


@settings(max_examples=100, deadline=None)
@given(lives())
def test_single_minutes_add_up_to_the_quarters(told: list[Told]) -> None:
    counted = _in_batches(told, [])
    minutes = Figures()
    for row in counted.kept_minutes.values():
        minutes.merge(row)
    assert {name: minutes[name] for name in COUNTS} == {name: counted.total[name] for name in COUNTS}


@settings(max_examples=100, deadline=None)
@given(lives())
def test_everything_solved_has_a_resolution_time(told: list[Told]) -> None:
    total = _in_batches(told, []).total
    assert total.duration("resolution").count == total["solved"]


@settings(max_examples=100, deadline=None)
@given(lives())
def test_no_count_is_below_zero_once_all_is_heard(told: list[Told]) -> None:
    counted = _in_batches(told, [])
    assert all(times >= 0 for row in counted.kept.values() for times in row.counts.values())
