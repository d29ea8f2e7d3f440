"""When agents are at their desks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from local.simulation.roster import ROSTER, Shift

MOSCOW = ZoneInfo("Europe/Moscow")
MARIA = Shift("maria", "Maria", ("delivery",), "ru", "Europe/Moscow", begins=10, ends=19, lunch=14)


def moscow(year: int, month: int, day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("moment", "next_at_work"),
    [
        (moscow(2026, 10, 26, 11, 5), moscow(2026, 10, 26, 11, 5)),
        (moscow(2026, 10, 26, 9, 59, 59), moscow(2026, 10, 26, 10)),
        (moscow(2026, 10, 26, 14, 30), moscow(2026, 10, 26, 15)),
        (moscow(2026, 10, 26, 19), moscow(2026, 10, 27, 10)),
        (moscow(2026, 10, 30, 19, 1), moscow(2026, 11, 2, 10)),
    ],
    ids=["at work", "before", "lunch", "evening", "weekend"],
)
def test_who_is_away_comes_back_after_lunch_in_the_morning_or_on_monday(
    moment: datetime, next_at_work: datetime
) -> None:
    at = MARIA.next_at_work(moment.astimezone(UTC))
    assert at == next_at_work
    assert MARIA.is_at_work(at)


@pytest.mark.parametrize("shift", ROSTER, ids=lambda shift: shift.agent_id)
def test_nobody_is_away_for_more_than_three_days_not_even_when_clocks_change(shift: Shift) -> None:
    friday = datetime(2026, 10, 23, tzinfo=UTC)
    for hour in range(24 * 7):
        moment = friday + timedelta(hours=hour)
        back = shift.next_at_work(moment)
        assert moment <= back <= moment + timedelta(days=3)
        assert shift.is_at_work(back)
