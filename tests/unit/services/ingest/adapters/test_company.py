"""Intake ids travel together where many come, and alone where one comes."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from bus.v1.bundle_pb2 import Bundle
from chassis.bus import Bus, Outgoing, Publisher
from chassis.telemetry.metrics import Metrics
from services.ingest.adapters import intake_queues
from services.ingest.adapters.intake_queues import BUNDLE_IDS, IntakePublisher, patience_after
from services.ingest.adapters.mongo.intake import MongoIntake
from services.ingest.application.ports import Unpublished
from tests.waiting import wait_until

MOMENT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_who_comes_alone_never_waits() -> None:
    assert [patience_after(rows) for rows in (0, 1, 2)] == [0, 0, 0]


def test_after_a_crowd_the_next_batch_waits_a_moment_for_the_rest() -> None:
    assert 0 < patience_after(60) <= 0.05


class Wire(Publisher):
    """Keeps how many ids each window had."""

    def __init__(self) -> None:
        self.sent: list[int] = []

    def publish(self, messages: Sequence[Outgoing]) -> None:
        self.sent.append(sum(len(Bundle.FromString(message.body).events) for message in messages))


class Notes(MongoIntake):
    """Notes nothing."""

    def __init__(self) -> None:
        """No store."""

    def mark_published(self, intake_ids: Sequence[str]) -> None:
        """Seen."""


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def publisher(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Iterator[IntakePublisher]:
    """Has sent one id, and would send no second for a minute if it came alone."""
    monkeypatch.setattr(intake_queues, "_APART", 60.0)
    one = IntakePublisher(cast("Bus", None), wire, Notes(), lambda channel: "api", Metrics("relaydesk"))
    one.start()
    one.offer(rows(1))
    wait_until(lambda: wire.sent == [1], describe="the first is sent at once")
    yield one
    one.stop(timedelta(seconds=5))


def rows(number: int) -> list[Unpublished]:
    return [Unpublished(f"i{n}", "demo", MOMENT) for n in range(number)]


def test_what_comes_right_behind_another_travels_together(publisher: IntakePublisher, wire: Wire) -> None:
    for _ in range(40):
        publisher.offer(rows(1))
    publisher.stop(timedelta(seconds=5))
    assert wire.sent == [1, 40]


def test_a_full_bundle_waits_for_nothing(publisher: IntakePublisher, wire: Wire) -> None:
    for _ in range(BUNDLE_IDS):
        publisher.offer(rows(1))
    wait_until(lambda: wire.sent == [1, BUNDLE_IDS], describe=lambda: wire.sent)
