"""The 15-minute board."""

import math
from datetime import timedelta

from services.reports.application.get_board import get_board
from services.reports.domain.board import Board, window_of
from services.reports.domain.queues import QueueMinutes
from tests.fakes.reports import MemoryLoads
from tests.fakes.ticket_facts import MONDAY, TicketLife
from tests.unit.services.reports.conftest import Counted

QUARTER = timedelta(minutes=15)


def _load(queue: str, ready: int = 0, drain: float = 0.0) -> QueueMinutes:
    return QueueMinutes(queue, MONDAY, 99, 99, 2, 1.0, 1.0, ready, 1, drain, 4.0)


def _board(counted: Counted, minutes: float, *loads: QueueMinutes) -> Board:
    return get_board(QUARTER, MONDAY + timedelta(minutes=minutes), counted, MemoryLoads(*loads))


def test_a_board_has_a_point_for_each_of_its_minutes_and_the_last_is_the_present_one() -> None:
    window = window_of(QUARTER, MONDAY + timedelta(minutes=7, seconds=30))
    assert window.begins_at == MONDAY - timedelta(minutes=7)
    assert window.minutes == 14.5


def test_a_board_that_ends_with_a_minute_has_no_empty_one_behind_it() -> None:
    window = window_of(QUARTER, MONDAY)
    assert (window.begins_at, window.minutes) == (MONDAY - QUARTER, 15)


def test_what_arrived_and_what_was_completed_are_told_by_the_minute(counted: Counted) -> None:
    life = TicketLife()
    counted.hear_all([life.opens(1), life.hears(3, road=timedelta(minutes=2))])
    board = _board(counted, 15)
    assert [point.arrived for point in board.points][:6] == [0, 1, 0, 1, 0, 0]
    assert [point.completed for point in board.points][:6] == [0, 1, 0, 0, 0, 1]
    assert board.points[5].message_to_ticket.quantile(0.5) > 119_000


def test_each_channel_has_a_row_with_its_spark(counted: Counted) -> None:
    counted.hear_all([TicketLife(channel="chat").opens(0), TicketLife().opens(14), TicketLife().opens(14.5)])
    chat, support = _board(counted, 15).channels
    assert (chat.channel, chat.arrived, chat.spark[0]) == ("chat", 1, 1)
    assert (support.channel, support.arrived, support.completed, support.spark[14]) == ("support", 2, 2, 2)


def test_a_quiet_channel_with_a_queue_is_shown_with_what_waits(counted: Counted) -> None:
    (row,) = _board(
        counted, 15, _load("intake.vk", ready=7, drain=math.inf), _load("intake.vk.dead", 2)
    ).channels
    assert (row.channel, row.ready, row.consumers, row.oldest_seconds, row.dead_letters) == ("vk", 7, 2, 4, 2)
    assert math.isinf(row.drain_seconds)


def test_what_waits_is_told_without_dead_letters_and_next_tries(counted: Counted) -> None:
    board = _board(
        counted,
        15,
        _load("rules.email", 5),
        _load("intake.vk", 2),
        _load("rules.dead", 3),
        _load("delay.1m", 9),
    )
    assert (board.waiting, board.dead_letters) == (7, 3)


def test_the_whole_is_the_sum_of_the_minutes(counted: Counted) -> None:
    life = TicketLife()
    counted.hear_all([life.opens(1), life.answers(5), life.changes(9, status="solved")])
    counted.hear_all([TicketLife().opens(40)])
    whole = _board(counted, 15).whole
    assert (whole["opened"], whole["messages_in"], whole["messages_out"], whole["solved"]) == (1, 1, 1, 1)
