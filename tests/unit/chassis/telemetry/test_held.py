"""Gauges that only the holder of a lease exports."""

from chassis.clock import monotonic
from chassis.leases import Lease
from chassis.telemetry import Metrics
from chassis.telemetry.held import HeldGauges


class Store:
    """Letters in a store, by lane."""

    def __init__(self) -> None:
        self.metrics = Metrics("relaydesk")
        self._held = HeldGauges(self.metrics)
        self._letters = self._held.gauge("letters", "Letters.", ["lane"])

    def look(self, held: float, **letters: int) -> None:
        for lane, count in letters.items():
            self._letters.set(count, lane)
        self._held.show(Lease("letters", "me", 1, monotonic() + held))

    def prolong(self, held: float) -> None:
        self._held.prolong(Lease("letters", "me", 1, monotonic() + held))

    def value(self, lane: str) -> float | None:
        return self.metrics.registry.get_sample_value("relaydesk_letters", {"lane": lane})


def test_whoever_holds_the_lease_shows_its_look() -> None:
    store = Store()
    store.look(60, email=3, chat=0)
    assert (store.value("email"), store.value("chat")) == (3, 0)


def test_whoever_lost_the_lease_shows_nothing() -> None:
    store = Store()
    store.look(60, email=3)
    store.look(-1, email=4)
    assert b"relaydesk_" not in store.metrics.exposition("")[0]


def test_before_the_first_look_nothing_is_shown() -> None:
    assert b"relaydesk_" not in Store().metrics.exposition("")[0]


def test_what_the_last_look_did_not_find_is_shown_no_longer() -> None:
    store = Store()
    store.look(60, email=3, chat=1)
    store.look(60, email=2)
    assert (store.value("email"), store.value("chat")) == (2, None)


def test_a_look_is_shown_for_as_long_as_its_lease_is_prolonged() -> None:
    store = Store()
    store.look(60, email=3)
    store.prolong(-1)
    assert store.value("email") is None
    store.look(1, email=3)
    store.prolong(60)
    assert store.value("email") == 3
    store.look(-1, email=4)
    store.prolong(60)
    assert store.value("email") is None
