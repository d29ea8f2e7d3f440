"""One exporter, by lease."""

from datetime import timedelta

import pytest

from chassis.clock import FixedClock, monotonic
from chassis.errors import Unavailable
from chassis.leases import Lease
from chassis.telemetry import Metrics
from services.reports.adapters.broker import EitherBroker, ManagementBroker, management_url_of
from services.reports.adapters.gauges import QueueGauges
from services.reports.adapters.sampler import QueueSampler
from services.reports.application.ports import Broker
from services.reports.domain.queues import Reading
from tests.fakes.reports import MemoryBroker, MemoryLoads
from tests.fakes.ticket_facts import MONDAY


class AwayBroker:
    def readings(self) -> list[Reading]:
        raise Unavailable("broker")


class Exporter:
    """A sampler with its metrics."""

    def __init__(self, broker: Broker) -> None:
        self.metrics = Metrics("relaydesk")
        self.clock = FixedClock(MONDAY)
        self.loads = MemoryLoads()
        self.sampler = QueueSampler(broker, self.loads, QueueGauges(self.metrics), self.clock)

    def sample(self, *, held: float = 60.0, fence: int = 1) -> None:
        self.sampler.sample(Lease("queue-load", "me", fence, monotonic() + held))

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"relaydesk_{name}", labels)


def test_whoever_holds_the_lease_exports_every_queue() -> None:
    exporter = Exporter(MemoryBroker(Reading("sla.email", 4, 2, consumers=1), Reading("sla.dead", 3)))
    exporter.sample()
    assert exporter.value("queue_messages", queue="sla.email", state="ready") == 4
    assert exporter.value("queue_messages", queue="sla.email", state="unacked") == 2
    assert exporter.value("queue_consumers", queue="sla.email") == 1
    assert exporter.value("queue_drain_seconds", queue="sla.email") == float("inf")
    assert exporter.value("queue_oldest_message_age_seconds", queue="sla.email") == 0
    assert exporter.value("dead_letters", queue="sla.dead") == 3
    assert exporter.value("queue_scrape_success") == 1
    assert exporter.value("queue_scrape_last_success_timestamp_seconds") == MONDAY.timestamp()


def test_whoever_lost_the_lease_exports_nothing() -> None:
    exporter = Exporter(MemoryBroker(Reading("sla.email", 4)))
    exporter.sample(held=-1)
    assert b"relaydesk_" not in exporter.metrics.exposition("")[0]


def test_a_broker_that_is_away_is_a_failed_look_and_old_numbers_are_gone() -> None:
    here = MemoryBroker(Reading("sla.email", 4))
    exporter = Exporter(here)
    exporter.sample()
    exporter.sampler._broker = AwayBroker()
    exporter.clock.move(timedelta(seconds=5))
    exporter.sample()
    assert exporter.value("queue_scrape_success") == 0
    assert exporter.value("queue_messages", queue="sla.email", state="ready") is None
    assert exporter.value("queue_scrape_last_success_timestamp_seconds") == MONDAY.timestamp()


def test_every_look_is_kept() -> None:
    exporter = Exporter(MemoryBroker(Reading("sla.email", 4)))
    exporter.sample()
    ((at, (state,)),) = exporter.loads.kept
    assert (at, state.queue, state.ready) == (MONDAY, "sla.email", 4)


def test_a_new_holder_of_the_lease_makes_no_rate_of_what_it_did_not_see() -> None:
    broker = MemoryBroker(Reading("q", 0, published=10, acked=10))
    exporter = Exporter(broker)
    exporter.sample(fence=1)
    broker.now = [Reading("q", 0, published=9000, acked=9000)]
    exporter.clock.move(timedelta(hours=1))
    exporter.sample(fence=3)
    assert [states[0].came for _, states in exporter.loads.kept] == [0, 0]


def test_without_a_management_api_the_queues_are_asked_one_by_one() -> None:
    assert EitherBroker(AwayBroker(), MemoryBroker(Reading("q", 1))).readings() == (Reading("q", 1),)


@pytest.mark.parametrize(
    ("broker", "management"),
    [
        ("amqp://u:p@rabbit:5672/desk", "http://rabbit:15672"),
        ("amqps://u:p@rabbit/desk", "https://rabbit:15671"),
        ("amqp://u:p@a:5672/desk;amqp://u:p@b:5672/desk", "http://a:15672"),
        ("amqp://u:p@[::1]:5672//", "http://[::1]:15672"),
    ],
)
def test_the_management_api_is_looked_for_beside_the_broker(broker: str, management: str) -> None:
    assert management_url_of(broker) == management


@pytest.mark.parametrize(
    ("broker", "management", "url"),
    [
        ("amqp://u:p@rabbit/desk", "", "http://rabbit:15672/api/queues/desk?"),
        ("amqp://u:p@rabbit//", "http://x:y@manager:1/broker/", "http://manager:1/broker/api/queues/%2F?"),
        ("amqp://u:p@rabbit", "http://manager:1", "http://manager:1/api/queues/%2F?"),
        ("amqp://u:p@rabbit/a%2Fb", "http://manager:1", "http://manager:1/api/queues/a%2Fb?"),
    ],
)
def test_the_queues_of_our_own_vhost_are_asked_for(broker: str, management: str, url: str) -> None:
    assert ManagementBroker(broker, management)._url.startswith(url)
