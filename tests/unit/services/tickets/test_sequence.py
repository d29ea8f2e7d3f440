"""The order in which commits are stamped."""

import random
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from services.tickets.adapters.mongo.sequence import in_order_of_versions


def _commit(name: str, *events: str) -> dict[str, object]:
    return {"_id": name, "events": list(events)}


def test_commits_that_share_no_ticket_keep_their_order() -> None:
    rows = [_commit("a", "t1:1:0"), _commit("b", "t2:1:0"), _commit("c", "t3:5:0")]
    assert in_order_of_versions(rows) == rows


def test_a_later_version_with_an_earlier_id_waits_for_the_earlier_version() -> None:
    second, first = _commit("a", "t1:2:0", "t9:1:0"), _commit("b", "t1:1:0", "t1:1:1")
    assert in_order_of_versions([second, first]) == [first, second]


def test_a_chain_of_late_versions_is_put_in_order_whatever_the_ids_say() -> None:
    chain = [_commit(f"c{n}", f"t:{n}:0", f"t:{n}:1") for n in range(1, 400)]
    shuffled = random.Random(1).sample(chain, len(chain))
    assert in_order_of_versions(shuffled) == chain


def test_versions_of_one_ticket_within_one_commit_are_no_hindrance() -> None:
    rows = [_commit("a", "t:1:0", "t:2:0"), _commit("b", "t:3:0")]
    assert in_order_of_versions(rows) == rows


class _Counted(list[str]):
    """Event ids that count how often one is read."""

    reads = 0

    def __iter__(self) -> Iterator[str]:
        for event_id in super().__iter__():
            _Counted.reads += 1
            yield event_id


def test_a_storm_into_one_ticket_is_read_through_once() -> None:
    chain = [{"_id": f"c{n}", "events": _Counted(f"t:{n}:{i}" for i in range(100))} for n in range(500)]
    _Counted.reads = 0
    assert in_order_of_versions(list(reversed(chain))) == chain
    assert _Counted.reads == 100 * 500


@st.composite
def _commits(draw: st.DrawFn) -> list[dict[str, object]]:
    """Commits of a few tickets as they may have come to be, in any order of their ids."""
    versions = dict.fromkeys("abc", 0)
    rows = []
    for n in range(draw(st.integers(1, 12))):
        events = []
        for ticket in draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=4)):
            versions[ticket] += 1
            events.append(f"{ticket}:{versions[ticket]}:0")
        rows.append(_commit(f"c{n}", *events))
    return draw(st.permutations(rows))


def _versions(rows: list[dict[str, object]], ticket: str) -> list[int]:
    events = [event for row in rows for event in list(row["events"])]  # type: ignore[call-overload]
    return [int(event.split(":")[1]) for event in events if event.startswith(ticket)]


@given(_commits())
def test_every_ticket_has_its_versions_in_order_and_every_commit_its_place(
    rows: list[dict[str, object]],
) -> None:
    ordered = in_order_of_versions(rows)
    assert sorted(str(row["_id"]) for row in ordered) == sorted(str(row["_id"]) for row in rows)
    for ticket in "abc":
        assert _versions(ordered, ticket) == sorted(_versions(rows, ticket))
    # What is in order stays as it is.
    assert in_order_of_versions(ordered) == ordered
