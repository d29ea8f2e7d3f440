"""Buckets of a span by one dimension."""

from collections.abc import Iterator, Sequence

from services.reports.application.ports import Buckets
from services.reports.domain.query import Query, ReportRow, at_most, roll_up


def query_report(query: Query, buckets: Buckets) -> Sequence[ReportRow]:
    """The rows, by time and then by value. Raises InvalidField where they are too many for one answer."""
    return at_most(read_report(query, buckets))


def read_report(query: Query, buckets: Buckets) -> Iterator[ReportRow]:
    """The rows one after another, however many."""
    return roll_up(buckets.buckets(query), query)
