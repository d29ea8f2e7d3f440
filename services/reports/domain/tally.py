"""One batch's worth of counting, in memory, spread over buckets and keys only at the end.

Facts of one minute with the same labels share a cell, so a batch of 500 becomes a handful of rows.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from services.reports.domain.figures import Figures

CHANNEL = "channel"
GROUP = "group"
AGENT = "agent"
TAG = "tag"
DIMENSIONS = (CHANNEL, GROUP, AGENT, TAG)

BUCKET_MINUTES = 15
DAY_MINUTES = 1440
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


class Labels(NamedTuple):
    """What a fact is counted by: its ticket's as the fact left them; empty where there is none."""

    channel: str = ""
    group: str = ""
    agent: str = ""
    tags: tuple[str, ...] = ()


class Key(NamedTuple):
    """A row of the store: the dimension, the minute (since 1970) its bucket begins, and the value."""

    by: str
    minute: int
    value: str


NO_LABELS = Labels()


def minute_of(moment: datetime) -> int:
    """Whole minutes since 1970."""
    return (moment - _EPOCH) // _MINUTE


def moment_of(minute: int) -> datetime:
    """The moment at which a minute begins."""
    return _EPOCH + minute * _MINUTE


def bucket_of(minute: int, minutes: int = BUCKET_MINUTES) -> int:
    """The minute at which its bucket begins; buckets of a day begin at midnight UTC."""
    return minute - minute % minutes


def by_day(buckets: Mapping[Key, Figures]) -> Mapping[Key, Figures]:
    """The same by whole days, so that a year is read from 365 rows a value and not from 35,000."""
    rows: dict[Key, Figures] = {}
    for key, figures in buckets.items():
        day = key._replace(minute=bucket_of(key.minute, DAY_MINUTES))
        rows.setdefault(day, Figures()).merge(figures)
    return {key: row for key, row in rows.items() if not row.is_zero}


def subtrees(tags: Iterable[str]) -> frozenset[str]:
    """Every tag and everything above it, each once: payment/refund is also payment."""
    found = set()
    for tag in tags:
        while tag:
            found.add(tag)
            tag = tag.rpartition("/")[0]
    return frozenset(found)


class Tally:
    """Counts by the moment a thing happened and its labels."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, Labels], Figures] = {}
        self._moved: dict[Key, Figures] = {}

    def at(self, moment: datetime, labels: Labels) -> Figures:
        """The figures to add to."""
        key = (minute_of(moment), labels)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = Figures()
        return cell

    def move(self, moment: datetime, by: str, value: str, name: str, times: int) -> None:
        """Count in one dimension only, for what has come under another value since."""
        key = Key(by, bucket_of(minute_of(moment)), value)
        self._moved.setdefault(key, Figures()).count(name, times)

    def buckets(self) -> Mapping[Key, Figures]:
        """What to add to the 15 minutes, by every dimension. The total is the sum over the channels."""
        rows: dict[Key, Figures] = {}
        for (minute, labels), cell in self._cells.items():
            bucket = bucket_of(minute)
            for by, value in _values(labels):
                rows.setdefault(Key(by, bucket, value), Figures()).merge(cell)
        for key, cell in self._moved.items():
            rows.setdefault(key, Figures()).merge(cell)
        return {key: row for key, row in rows.items() if not row.is_zero}

    def minutes(self) -> Mapping[Key, Figures]:
        """What to add to the single minutes, by channel only."""
        rows: dict[Key, Figures] = {}
        for (minute, labels), cell in self._cells.items():
            rows.setdefault(Key(CHANNEL, minute, labels.channel), Figures()).merge(cell)
        return rows


def _values(labels: Labels) -> Iterable[tuple[str, str]]:
    yield CHANNEL, labels.channel
    yield GROUP, labels.group
    yield AGENT, labels.agent
    for tag in subtrees(labels.tags):
        yield TAG, tag
