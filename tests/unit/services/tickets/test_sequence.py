"""The order in which commits are stamped."""

import random

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
