"""The 15-minute board."""

from datetime import datetime, timedelta

from services.reports.application.ports import Buckets, Loads
from services.reports.domain.board import Board, board_of, window_of


def get_board(span: timedelta, end: datetime, buckets: Buckets, loads: Loads) -> Board:
    """The board of the minutes before `end`, and the queues as they were last seen then."""
    window = window_of(span, end)
    return board_of(window, buckets.minutes(window), loads.latest(end))
