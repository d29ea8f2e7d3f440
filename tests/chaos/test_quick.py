"""Each way to die once, under load, and nothing lost, nothing doubled at the end."""

import smtplib

import pytest

from chassis.bus import Bus, Outgoing, Publisher
from local.roles import ROLES
from relaydesk.ingest.v1 import service_pb2 as ingest_pb2
from tests.chaos.doubler import Doubler
from tests.chaos.generator import Generator
from tests.chaos.site import CARRIERS, Site, some_more
from tests.waiting import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

# A wave of deaths: each role dies at a point of its own while the others die at theirs. All points and roles one by one
# are for the exhaustive tests.
WAVES = (
    {
        "ingest serve": "after-intake-before-yes",
        "ingest listen": "after-received-before-ack",
        "ingest work": "after-250-before-mark",
        "tickets listen": "after-commit-before-ack",
        "rules listen": "after-commit-before-ack",
        "sla listen": "after-commit-before-ack",
        "sla work": "after-claim-before-fire",
        "reports listen": "after-commit-before-ack",
    },
    {
        "ingest serve": "after-publish-before-mark",
        "ingest listen": "after-close-before-ack",
        "tickets serve": "after-commit-before-ack",
        "tickets listen": "after-publish-before-mark",
    },
)

# Nothing in them can be shown to a person: see docs of services/ingest/domain/mime.py for what that means.
# Other bytes than poison has elsewhere: the same mail twice to one mailbox is a double, which is not kept aside again.
POISON = (b"\x00" * 80, b"", b"\r\n\r\n")


def test_nothing_is_lost_or_doubled_when_processes_die_at_named_points(site: Site, load: Generator) -> None:
    for wave in WAVES:
        site.fall({role: f"{point}=kill@2" for role, point in wave.items()})
    some_more(load)
    site.judge(load)


def test_nothing_is_lost_or_doubled_when_each_role_is_killed(site: Site, load: Generator) -> None:
    # First who holds leases, which run out while the others die.
    for role in sorted(CARRIERS, key=lambda name: not name.endswith("work")):
        site.kill(role)
        some_more(load, 3)
    site.await_ready()
    some_more(load)
    site.judge(load)


def test_nothing_is_lost_or_doubled_when_the_broker_is_killed(site: Site, load: Generator) -> None:
    site.broker.kill9()
    site.broker.start()
    some_more(load)
    site.judge(load)


def test_nothing_is_lost_or_doubled_when_the_database_is_killed(site: Site, load: Generator) -> None:
    site.mongo.kill9()
    site.mongo.start()
    some_more(load)
    site.judge(load)


def test_every_role_lives_and_says_what_is_missing_while_broker_and_database_are_away(
    site: Site, load: Generator
) -> None:
    listeners = [role.name for role in ROLES if role.word == "listen"]
    # RabbitMQ comes back without what was declared in the second before it was killed.
    some_more(load, 40)
    site.broker.kill9()
    site.mongo.kill9()
    wait_until(
        lambda: all("is away" in site.probe(name, "readyz").text for name in listeners),
        describe=lambda: str({name: site.probe(name, "readyz").text for name in listeners}),
    )
    assert {role.name: site.probe(role.name, "livez").text for role in ROLES} == {
        role.name: "ok\n" for role in ROLES
    }
    pids = site.system.pids()
    site.mongo.start()
    site.broker.start()
    some_more(load)
    site.judge(load)
    # Nobody had to be started again.
    assert site.system.pids() == pids


def test_every_delivery_doubled_changes_nothing(site: Site, load: Generator) -> None:
    doubler = Doubler(site.system.surroundings.broker_url)
    doubler.start()
    some_more(load, 60)
    load.stop()
    site.system.wait_quiet(timeout=120)
    doubler.stop()
    assert doubler.doubled > 60
    site.judge(load)


def test_poison_among_good_messages_lies_aside_with_its_reason(site: Site, load: Generator) -> None:
    before = site.system.ledger().quarantined
    host, port = site.system.endpoints.smtp_address
    for raw in POISON:
        with smtplib.SMTP(host, port, timeout=60) as smtp:
            smtp.sendmail("poison@customer.example", ["support@demo.example"], raw)
    some_more(load)
    site.judge(load)
    request = ingest_pb2.ListQuarantineRequest(page_size=50)
    quarantined = site.system.ingest.ListQuarantine(
        request, metadata=site.system.metadata, timeout=60
    ).messages
    assert site.system.ledger().quarantined - before == len(POISON)
    assert all(message.reason and message.size for message in quarantined)


def test_a_foreign_message_on_a_queue_is_dead_lettered_and_stops_nobody(site: Site, load: Generator) -> None:
    publisher = Publisher(Bus(site.system.surroundings.broker_url, "relaydesk.events"))
    publisher.publish(
        [Outgoing("", "tickets.email", b"\xff not ours", "relaydesk.ingest.v1.MessageReceived", "foreign")]
    )
    publisher.close()
    some_more(load)
    wait_until(lambda: site.system.dead_letters() == {"tickets.dead": 1}, describe="one dead letter")
    site.system.purge("tickets.dead")
    site.judge(load)
