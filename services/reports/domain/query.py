"""What may be asked, and which wider buckets the kept ones add up to."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.errors import InvalidField, InvalidFields
from services.reports.domain.figures import Figures
from services.reports.domain.tally import BUCKET_MINUTES, CHANNEL, DAY_MINUTES, DIMENSIONS, Key, minute_of
from services.reports.domain.zones import UTC_NAME, begin_of_bucket, end_of_bucket, is_zone

BUCKETS = (15, 60, 1440)
LONGEST_SPAN = timedelta(days=400)
# An answer is one message; more rows than this are an export.
MOST_ROWS = 10_000

BOARD_SPAN = timedelta(minutes=15)
LONGEST_BOARD = timedelta(hours=24)
LONGEST_LOAD = {1: timedelta(days=35), 15: LONGEST_SPAN}


@dataclass(frozen=True, slots=True)
class Query:
    """Buckets of `minutes` that begin at `begins_at` or later and before `ends_at`; `by` empty is the total.

    Hours and days are those of `zone`, a name of IANA's.
    """

    begins_at: datetime
    ends_at: datetime
    by: str = ""
    minutes: int = BUCKET_MINUTES
    zone: str = UTC_NAME

    @property
    def dimension(self) -> str:
        """Where the rows are kept: every fact has one channel, so their sum is the total."""
        return self.by or CHANNEL

    @property
    def is_of_kept_days(self) -> bool:
        """Whole days are kept as UTC has them; another zone's are sums of quarters."""
        return self.minutes == DAY_MINUTES and self.zone == UTC_NAME

    @property
    def first_minute(self) -> int:
        """The bucket that holds the beginning is taken whole."""
        return begin_of_bucket(minute_of(self.begins_at), self.minutes, self.zone)

    @property
    def end_minute(self) -> int:
        """The first minute that is not asked for; the bucket that holds the end is taken whole."""
        last = minute_of(self.ends_at - timedelta(microseconds=1))
        return end_of_bucket(last, self.minutes, self.zone)


@dataclass(frozen=True, slots=True)
class LoadQuery:
    """Load of one queue, or of all where none is named."""

    begins_at: datetime
    ends_at: datetime
    queue: str = ""
    minutes: int = 1


def checked_query(
    begins_at: datetime | None, ends_at: datetime | None, by: str, minutes: int, zone: str = ""
) -> Query:
    """The query, or InvalidFields with all that is wrong with it."""
    problems = _span_problems(begins_at, ends_at, LONGEST_SPAN)
    if by and by not in DIMENSIONS:
        problems.append(InvalidField("by", f"one of {', '.join(DIMENSIONS)}, or empty for the total", by))
    if minutes and minutes not in BUCKETS:
        problems.append(InvalidField("bucket_minutes", "15, 60 or 1440", str(minutes)))
    if zone and not is_zone(zone):
        problems.append(
            InvalidField("time_zone", "a zone of IANA's, as Europe/Berlin, or empty for UTC", zone)
        )
    if problems or begins_at is None or ends_at is None:
        raise InvalidFields(problems)
    return Query(begins_at, ends_at, by, minutes or BUCKET_MINUTES, zone or UTC_NAME)


def checked_load_query(
    begins_at: datetime | None, ends_at: datetime | None, queue: str, minutes: int
) -> LoadQuery:
    """The query, or InvalidFields with all that is wrong with it."""
    known = (minutes or 1) in LONGEST_LOAD
    problems = _span_problems(begins_at, ends_at, LONGEST_LOAD[(minutes or 1) if known else 15])
    if not known:
        problems.append(InvalidField("bucket_minutes", "1 or 15", str(minutes)))
    if problems or begins_at is None or ends_at is None:
        raise InvalidFields(problems)
    return LoadQuery(begins_at, ends_at, queue, minutes or 1)


def checked_board_span(seconds: int) -> timedelta:
    """The board's span, whole minutes; 15 of them where none is given. Raises InvalidField."""
    if seconds == 0:
        return BOARD_SPAN
    if not 60 <= seconds <= LONGEST_BOARD.total_seconds() or seconds % 60:
        raise InvalidField("span_seconds", "whole minutes, 60 to 86400", str(seconds))
    return timedelta(seconds=seconds)


def _span_problems(
    begins_at: datetime | None, ends_at: datetime | None, longest: timedelta
) -> list[InvalidField]:
    problems = []
    if begins_at is None:
        problems.append(InvalidField("from", "a moment"))
    if ends_at is None:
        problems.append(InvalidField("to", "a moment"))
    if begins_at is not None and ends_at is not None:
        if begins_at >= ends_at:
            problems.append(InvalidField("to", "a moment after from", ends_at.isoformat()))
        elif ends_at - begins_at > longest:
            problems.append(
                InvalidField("to", f"at most {longest.days} days after from", ends_at.isoformat())
            )
    return problems


@dataclass(frozen=True, slots=True)
class ReportRow:
    """The figures of one bucket and value."""

    minute: int
    value: str
    figures: Figures


def roll_up(rows: Iterable[tuple[Key, Figures]], query: Query) -> Iterator[ReportRow]:
    """The kept rows, in the order of their minutes, as the rows that were asked for. Holds one bucket at a time."""
    bucket: int | None = None
    found: dict[str, Figures] = {}
    for key, figures in rows:
        its_bucket = begin_of_bucket(key.minute, query.minutes, query.zone)
        if its_bucket != bucket:
            yield from _in_order(bucket, found)
            bucket, found = its_bucket, {}
        value = key.value if query.by else ""
        found.setdefault(value, Figures()).merge(figures)
    yield from _in_order(bucket, found)


def _in_order(bucket: int | None, found: dict[str, Figures]) -> Iterator[ReportRow]:
    if bucket is None:
        return
    for value in sorted(found):
        # What has moved elsewhere leaves a row of zeros behind.
        if not found[value].is_zero:
            yield ReportRow(bucket, value, found[value])


def at_most(rows: Iterable[ReportRow], most: int = MOST_ROWS) -> Sequence[ReportRow]:
    """All rows as one answer. Raises InvalidField where there are too many for one."""
    taken: list[ReportRow] = []
    for row in rows:
        if len(taken) == most:
            raise InvalidField(
                "bucket_minutes",
                f"an answer of at most {most} rows: wider buckets, a shorter span or an export",
            )
        taken.append(row)
    return taken
