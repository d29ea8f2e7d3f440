"""Each way to die once, under load, and nothing lost, nothing doubled at the end."""

import smtplib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from chassis.bus import Bus, Outgoing, Publisher
from local.roles import ROLES
from relaydesk.ingest.v1 import service_pb2 as ingest_pb2
from tests.chaos.conftest import Site
from tests.chaos.doubler import Doubler
from tests.chaos.oracle import ACCEPTED, Generator, Ledger, judge, running_timers
from tests.waiting import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

# Where each named point lies on the road, and the role that passes it under this load.
FAILPOINTS = (
    ("ingest serve", "after-intake-before-yes"),
    ("ingest serve", "after-publish-before-mark"),
    ("ingest listen", "after-commit-before-ack"),
    ("tickets listen", "after-commit-before-ack"),
    ("tickets listen", "after-publish-before-mark"),
    ("rules listen", "after-commit-before-ack"),
    ("sla listen", "after-commit-before-ack"),
    ("sla work", "after-claim-before-fire"),
    ("reports listen", "after-commit-before-ack"),
    ("ingest work", "after-250-before-mark"),
)

# Nothing in them can be shown to a person: see docs of services/ingest/domain/mime.py for what that means.
POISON = (b"\x00" * 64, b"", b"\r\n\r\n")


@pytest.fixture
def load(site: Site, tmp_path: Path) -> Iterator[Generator]:
    """Messages by both doors while the test does its harm."""
    generator = Generator(site.system, Ledger(tmp_path / "ledger.jsonl"))
    generator.start()
    wait_until(
        lambda: len(generator.ledger.names(ACCEPTED)) >= 20, timeout=30, describe="twenty accepted messages"
    )
    yield generator
    generator.stop()


def has_fallen(site: Site, role: str, restarts: int) -> bool:
    return site.system.supervisor.restarts(role) > restarts


def is_back(site: Site, role: str, restarts: int) -> bool:
    return has_fallen(site, role, restarts) and site.system.supervisor.is_ready(role)


def judged(site: Site, generator: Generator) -> None:
    """Let everything come to rest and hold it against the ledger."""
    generator.stop()
    site.system.supervisor.wait_ready(within=60)
    site.system.wait_quiet(timeout=120)
    wait_until(
        lambda: not running_timers(site.system), timeout=60, interval=0.5, describe="every timer to run out"
    )
    site.system.wait_quiet(timeout=60)
    assert judge(site.system, generator.ledger).faults == []
    assert len(generator.ledger.names(ACCEPTED)) > 20


def probe(site: Site, role: str, word: str) -> httpx.Response:
    """What a role answers about itself."""
    return httpx.get(f"http://127.0.0.1:{site.system.ports.probes[role]}/{word}", timeout=10)


def some_more(generator: Generator, count: int = 15) -> None:
    """Wait until messages are accepted again after a blow."""
    before = len(generator.ledger.names(ACCEPTED))
    wait_until(
        lambda: len(generator.ledger.names(ACCEPTED)) >= before + count,
        timeout=90,
        describe=f"{count} more accepted messages",
    )


def test_nothing_is_lost_or_doubled_when_a_process_dies_at_each_named_point(
    site: Site, load: Generator
) -> None:
    supervisor = site.system.supervisor
    for role, point in FAILPOINTS:
        supervisor.stop_one(role)
        supervisor.start_one(role, env={"FAILPOINTS": f"{point}=kill@2"})
        before = supervisor.restarts(role)
        wait_until(partial(has_fallen, site, role, before), timeout=60, describe=f"{role} to die {point}")
        supervisor.stop_one(role)
        supervisor.start_one(role, env={"FAILPOINTS": ""})
    some_more(load)
    judged(site, load)


def test_nothing_is_lost_or_doubled_when_each_role_is_killed(site: Site, load: Generator) -> None:
    supervisor = site.system.supervisor
    for role in ROLES:
        if role.service == "console":
            continue
        before = supervisor.restarts(role.name)
        supervisor.kill9(role.name)
        wait_until(
            partial(is_back, site, role.name, before), timeout=60, describe=f"{role.name} to come back"
        )
    some_more(load)
    judged(site, load)


def test_nothing_is_lost_or_doubled_when_the_broker_is_killed(site: Site, load: Generator) -> None:
    site.broker.kill9()
    site.broker.start()
    some_more(load)
    judged(site, load)


def test_nothing_is_lost_or_doubled_when_the_database_is_killed(site: Site, load: Generator) -> None:
    site.mongo.kill9()
    site.mongo.start()
    some_more(load)
    judged(site, load)


def test_every_role_lives_and_says_what_is_missing_while_broker_and_database_are_away(
    site: Site, load: Generator
) -> None:
    listeners = [role.name for role in ROLES if role.word == "listen"]
    # RabbitMQ comes back without what was declared in the second before it was killed.
    some_more(load, 40)
    site.broker.kill9()
    site.mongo.kill9()
    wait_until(
        lambda: all("is away" in probe(site, name, "readyz").text for name in listeners),
        timeout=60,
        describe=lambda: str({name: probe(site, name, "readyz").text for name in listeners}),
    )
    assert {role.name: probe(site, role.name, "livez").text for role in ROLES} == {
        role.name: "ok\n" for role in ROLES
    }
    site.mongo.start()
    site.broker.start()
    some_more(load)
    judged(site, load)
    # Nobody had to be started again.
    assert {probe(site, role.name, "readyz").status_code for role in ROLES} == {200}


def test_every_delivery_doubled_changes_nothing(site: Site, load: Generator) -> None:
    doubler = Doubler(site.system.surroundings.broker_url)
    doubler.start()
    some_more(load, 60)
    load.stop()
    site.system.wait_quiet(timeout=120)
    doubler.stop()
    assert doubler.doubled > 60
    judged(site, load)


def test_poison_among_good_messages_lies_aside_with_its_reason(site: Site, load: Generator) -> None:
    before = site.system.ledger().quarantined
    host, port = site.system.endpoints.smtp_address
    for raw in POISON:
        with smtplib.SMTP(host, port, timeout=20) as smtp:
            smtp.sendmail("poison@customer.example", ["support@demo.example"], raw)
    some_more(load)
    load.stop()
    site.system.wait_quiet(timeout=60)
    request = ingest_pb2.ListQuarantineRequest(page_size=50)
    quarantined = site.system.ingest.ListQuarantine(
        request, metadata=site.system.metadata, timeout=10
    ).messages
    assert site.system.ledger().quarantined - before == len(POISON)
    assert all(message.reason and message.size for message in quarantined)
    judged(site, load)


def test_a_foreign_message_on_a_queue_is_dead_lettered_and_stops_nobody(site: Site, load: Generator) -> None:
    publisher = Publisher(Bus(site.system.surroundings.broker_url, "relaydesk.events"))
    publisher.publish(
        [Outgoing("", "tickets.email", b"\xff not ours", "relaydesk.ingest.v1.MessageReceived", "foreign")]
    )
    publisher.close()
    some_more(load)
    wait_until(
        lambda: site.system.dead_letters() == {"tickets.dead": 1}, timeout=20, describe="one dead letter"
    )
    site.system.purge("tickets.dead")
    judged(site, load)
