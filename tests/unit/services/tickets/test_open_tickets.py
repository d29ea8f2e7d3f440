"""Open tickets are counted in slices, and a count is shown when it is whole."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from chassis.clock import monotonic
from chassis.errors import Unavailable
from chassis.leases import Lease
from chassis.telemetry.metrics import Metrics
from services.tickets.adapters import gauges
from services.tickets.adapters.gauges import OpenTickets

SLICE = 3


class Store:
    """So many tickets; goes away after so many of them."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.away_after = -1
        self.walks = 0

    def unsolved(self, slice_size: int) -> Iterator[tuple[str, str]]:
        self.walks += 1
        for n in range(self.number):
            if n == self.away_after:
                raise Unavailable("database")
            yield "mail", "high" if n % 2 else "normal"


class Desk:
    def __init__(self, number: int, every: timedelta = timedelta(0)) -> None:
        self.metrics = Metrics("relaydesk")
        self.store = Store(number)
        self.tickets = OpenTickets(self.metrics, self.store, every)  # type: ignore[arg-type]  # asked for no more

    def count(self) -> None:
        assert self.tickets.count(Lease("open-tickets", "me", 1, monotonic() + 60)) is False

    @property
    def shown(self) -> list[float | None]:
        sample = self.metrics.registry.get_sample_value
        return [
            sample("relaydesk_tickets_open", {"channel": "mail", "priority": priority})
            for priority in ("normal", "high")
        ]


@pytest.fixture(autouse=True)
def slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges, "SLICE", SLICE)


def test_a_count_is_shown_when_its_last_slice_is_done() -> None:
    desk = Desk(7)
    desk.count()
    desk.count()
    assert desk.shown == [None, None]
    desk.count()
    assert desk.shown == [4, 3]
    assert desk.store.walks == 1


@pytest.mark.parametrize("number", [0, SLICE, 2 * SLICE])
def test_a_count_ends_whatever_the_last_slice_holds(number: int) -> None:
    desk = Desk(number)
    for _ in range(number // SLICE + 1):
        desk.count()
    assert desk.store.walks == 1
    assert sum(value or 0 for value in desk.shown) == number
    desk.store.number = 0
    desk.count()
    assert desk.shown == [None, None]


def test_a_store_that_goes_away_in_mid_count_is_counted_anew_and_shows_no_part() -> None:
    desk = Desk(7)
    desk.store.away_after = 4
    desk.count()
    with pytest.raises(Unavailable):
        desk.count()
    desk.store.away_after = -1
    for _ in range(3):
        desk.count()
    assert (desk.shown, desk.store.walks) == ([4, 3], 2)


def test_the_next_count_waits_for_its_time_and_the_last_one_is_shown_meanwhile() -> None:
    desk = Desk(2, timedelta(hours=1))
    desk.count()
    desk.store.number = 9
    desk.count()
    assert (desk.shown, desk.store.walks) == ([1, 1], 1)
