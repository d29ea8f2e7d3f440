"""Bytes in hand of all mailboxes together."""

import threading
from collections.abc import Callable

from services.ingest.adapters.imap.budget import Budget
from tests.waiting import wait_until


def spender(budget: Budget, done: list[str]) -> Callable[[str, int], threading.Thread]:
    """Starts who wants so many bytes; returns once it waits or has had them."""

    def spend(name: str, size: int) -> threading.Thread:
        def run() -> None:
            with budget.spending(size):
                done.append(name)

        known = budget.waiting
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        wait_until(lambda: budget.waiting > known or name in done)
        return thread

    return spend


def test_who_wants_much_is_not_passed_by_those_who_want_less() -> None:
    budget, done = Budget(40, small=1), list[str]()
    spend = spender(budget, done)
    with budget.spending(4):
        threads = [spend("much", 30), *(spend(f"less {place}", 2) for place in range(3))]
        assert not done
    for thread in threads:
        thread.join(60)
    assert done[0] == "much"
    assert len(done) == 4


def test_who_wants_more_than_there_is_gets_all_of_it() -> None:
    with Budget(40, small=1).spending(500):
        pass


def test_what_is_small_does_not_wait_for_what_is_large_and_slow() -> None:
    budget, done = Budget(40, small=2), list[str]()
    spend = spender(budget, done)
    with budget.spending(30):
        large = spend("large", 20)
        spend("small", 2).join(60)
        assert done == ["small"]
    large.join(60)
    assert done == ["small", "large"]


def test_those_who_want_little_wait_for_each_other() -> None:
    budget, done = Budget(40, small=6), list[str]()
    spend = spender(budget, done)
    with budget.spending(6):
        waiting = spend("small", 6)
        assert not done
    waiting.join(60)
    assert done == ["small"]
