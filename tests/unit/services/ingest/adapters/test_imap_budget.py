"""Bytes in hand of all mailboxes together."""

import threading

from services.ingest.adapters.imap.budget import Budget
from tests.waiting import wait_until


def test_who_wants_much_is_not_passed_by_those_who_want_little() -> None:
    budget, done = Budget(10), list[str]()
    first = budget.spending(4)
    first.__enter__()

    def spend(name: str, size: int) -> threading.Thread:
        def run() -> None:
            with budget.spending(size):
                done.append(name)

        known = budget.waiting
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        wait_until(lambda: budget.waiting > known or name in done)
        return thread

    threads = [spend("much", 10), *(spend(f"little {place}", 2) for place in range(3))]
    assert not done
    first.__exit__(None, None, None)
    for thread in threads:
        thread.join(10)
    assert done[0] == "much"
    assert len(done) == 4


def test_who_wants_more_than_there_is_gets_all_of_it() -> None:
    with Budget(10).spending(50):
        pass
