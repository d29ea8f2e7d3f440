"""Identifiers sort by time and do not meet."""

import re

from chassis.ids import new_id


def test_an_identifier_is_32_hex_digits() -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", new_id())


def test_later_identifiers_sort_later_and_differ() -> None:
    made = [new_id() for _ in range(2000)]
    assert len(set(made)) == len(made)
    moments = [one[:12] for one in made]
    assert moments == sorted(moments)
