"""Rows as a person reads them."""

from collections.abc import Sequence
from datetime import UTC

from google.protobuf.timestamp_pb2 import Timestamp


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print columns under their names; nothing at all where there are no rows."""
    if not rows:
        return
    texts = [[one_line(value) for value in row] for row in rows]
    widths = [max(len(name), *(len(row[place]) for row in texts)) for place, name in enumerate(head)]
    for row in [list(head), *texts]:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def when(stamp: Timestamp) -> str:
    """The moment in UTC, to the second; empty where it is not set."""
    if not stamp.seconds:
        return ""
    return stamp.ToDatetime(tzinfo=UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def one_line(value: object) -> str:
    """The value on one line of at most 100 characters."""
    # What somebody wrote in a mail must not move the cursor of whoever reads the list.
    text = "".join(letter if letter.isprintable() else " " for letter in str(value))
    return text if len(text) <= 100 else text[:99] + "…"
