"""Decisions are numbered in the order they were made."""

from pathlib import Path

DECISIONS = Path(__file__).parents[2] / "docs/decisions"


def test_decisions_are_numbered_without_gap_and_say_their_number() -> None:
    records = sorted(DECISIONS.glob("*.md"))
    assert [record.name[:5] for record in records] == [f"{n:04d}-" for n in range(1, len(records) + 1)]
    for number, record in enumerate(records, 1):
        assert record.read_text().startswith(f"# {number}. "), record.name
