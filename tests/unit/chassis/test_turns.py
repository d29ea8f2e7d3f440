"""Whose turn it is."""

from collections import Counter

from chassis.turns import Turns


def _facts_of(turns: Turns, sizes: dict[str, int], facts: int) -> Counter[str]:
    """Who handled how much, while every queue always has something in bundles of its size."""
    handled: Counter[str] = Counter()
    while handled.total() < facts:
        queue = turns.whose(list(sizes))
        turns.took(queue, sizes[queue])
        handled[queue] += sizes[queue]
    return handled


def test_a_queue_of_large_bundles_takes_no_more_than_its_share() -> None:
    handled = _facts_of(Turns({"flood": 1, "chat": 1}), {"flood": 100, "chat": 1}, 2000)
    assert abs(handled["flood"] - handled["chat"]) <= 100


def test_weights_divide_what_is_handled() -> None:
    handled = _facts_of(Turns({"people": 3, "machines": 1}), {"people": 1, "machines": 1}, 400)
    assert abs(handled["people"] - 300) <= 3


def test_a_queue_that_joins_late_has_its_turn_at_once_and_no_arrears() -> None:
    turns = Turns({"old": 1})
    _facts_of(turns, {"old": 1}, 1000)
    turns.join("new", 1)
    assert turns.whose(["old", "new"]) == "new"
    handled = _facts_of(turns, {"old": 1, "new": 1}, 100)
    assert abs(handled["new"] - 50) <= 1


def test_a_queue_that_joins_again_keeps_its_place() -> None:
    turns = Turns({"a": 1, "b": 1})
    turns.took("a", 10)
    turns.join("a", 1)
    assert turns.whose(["a", "b"]) == "b"
