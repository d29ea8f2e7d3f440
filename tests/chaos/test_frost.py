"""Processes that stand still and go on as if no time had passed, and a broker that takes nothing."""

from collections.abc import Iterator

import pytest

from tests.chaos.generator import Generator
from tests.chaos.site import Site, let_pass, some_more
from tests.waiting import wait_until

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(600)]

# Longer than every lease (10 s) and every claim (15 s), and than any call between roles is willing to wait.
FROST = 18.0
# RabbitMQ gives up a silent consumer after two heartbeats (40 s) and hands on what it had in hand.
LONG_FROST = 50.0

HOLDERS = ("ingest work", "tickets work", "rules listen", "sla work", "reports work")
LISTENERS = ("ingest listen", "tickets listen", "rules listen", "sla listen", "reports listen")
SERVERS = ("ingest serve", "tickets serve", "rules serve", "sla serve", "reports serve")


@pytest.fixture
def replicas(site: Site) -> Iterator[dict[str, str]]:
    """A second of every role that can have one, by the first's name."""
    seconds = {name: site.system.add_replica(name) for name in dict.fromkeys((*HOLDERS, *LISTENERS))}
    site.await_ready(*seconds.values())
    yield seconds
    site.end(*seconds.values())


def test_nothing_is_lost_or_doubled_when_holders_of_leases_sleep_past_them(
    site: Site, load: Generator, replicas: dict[str, str]
) -> None:
    firsts, seconds = HOLDERS, [replicas[name] for name in HOLDERS]
    # After the first frost the others hold every lease; they lose them in the second.
    for sleepers in (firsts, seconds):
        site.freeze(*sleepers)
        let_pass(FROST)
        some_more(load)
        site.thaw(*sleepers)
        some_more(load)
    site.judge(load)


def test_nothing_is_lost_or_doubled_when_listeners_sleep_until_others_have_their_messages(
    site: Site, load: Generator, replicas: dict[str, str]
) -> None:
    site.freeze(*LISTENERS)
    let_pass(LONG_FROST)
    some_more(load)
    site.thaw(*LISTENERS)
    some_more(load)
    site.judge(load)


@pytest.mark.parametrize("role", SERVERS)
def test_nothing_is_lost_or_doubled_when_a_server_stands_still(
    site: Site, load: Generator, role: str
) -> None:
    site.freeze(role)
    let_pass(FROST)
    site.thaw(role)
    some_more(load)
    site.judge(load)


def test_messages_are_accepted_while_the_broker_stands_still_for_half_a_minute(
    site: Site, load: Generator
) -> None:
    site.broker.freeze()
    try:
        some_more(load, 40)
        let_pass(30)
        some_more(load, 40)
    finally:
        site.broker.thaw()
    some_more(load)
    site.judge(load)


def test_nothing_is_lost_or_doubled_when_the_database_stands_still(site: Site, load: Generator) -> None:
    site.mongo.freeze()
    try:
        let_pass(FROST)
    finally:
        site.mongo.thaw()
    some_more(load)
    site.judge(load)


@pytest.mark.parametrize(
    ("alarm", "all_clear"),
    [
        (("set_disk_free_limit", "10000GB"), ("set_disk_free_limit", "200MB")),
        (("set_vm_memory_high_watermark", "0.0001"), ("set_vm_memory_high_watermark", "absolute", "1GB")),
    ],
    ids=["disk", "memory"],
)
def test_messages_are_accepted_while_the_broker_is_full(
    site: Site, load: Generator, alarm: tuple[str, ...], all_clear: tuple[str, ...]
) -> None:
    site.broker.ctl(*alarm)
    try:
        # What is accepted from now on cannot be published.
        wait_until(lambda: site.system.ledger().in_flight >= 100, describe="messages that wait")
    finally:
        site.broker.ctl(*all_clear)
    some_more(load)
    site.judge(load)
