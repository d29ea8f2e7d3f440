"""What the SMTP receiver does on its event loop, on which all of its connections wait."""

import smtplib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chassis.telemetry import Metrics
from services.ingest.adapters.edge import Edge
from services.ingest.adapters.smtp import MailReceiver, SmtpSettings
from services.ingest.application.accept_message import Arrival, KeepRows
from services.ingest.application.ports import Kept

ADDRESS = "help@shop.example"
LOCAL = SmtpSettings(host="127.0.0.1", port=0, is_lmtp=False, size_limit=1_000_000, hostname="shop")


class StaleDirectory:
    """Knows one mailbox, and only by asking the store; remembers who asked."""

    def __init__(self) -> None:
        self.askers: list[str] = []

    def at_hand(self, address: str) -> None:
        return None

    def by_address(self, address: str) -> tuple[Any, Any]:
        self.askers.append(threading.current_thread().name)
        return SimpleNamespace(channel_id="help", is_paused=False), SimpleNamespace(size_limit=1_000_000)


class WillingEdge:
    def __init__(self, directory: StaleDirectory) -> None:
        self.directory = directory

    def begin(self, arrivals: Sequence[Arrival]) -> KeepRows:
        return KeepRows(())

    async def keep(self, command: KeepRows) -> list[Kept]:
        return [Kept("intake-1")]


@pytest.fixture
def directory() -> StaleDirectory:
    return StaleDirectory()


@pytest.fixture(params=[False, True], ids=["smtp", "lmtp"])
def receiver(directory: StaleDirectory, request: pytest.FixtureRequest) -> Iterator[MailReceiver]:
    settings = replace(LOCAL, is_lmtp=request.param)
    receiver = MailReceiver(cast("Edge", WillingEdge(directory)), settings, Metrics("shop"))
    receiver.start()
    yield receiver
    receiver.stop(timedelta(seconds=5))


def test_the_store_is_never_asked_on_the_event_loop(
    receiver: MailReceiver, directory: StaleDirectory
) -> None:
    client = smtplib.LMTP if receiver.name == "lmtp" else smtplib.SMTP
    with client("127.0.0.1", receiver.port) as wire:
        assert wire.sendmail("anna@client.example", [ADDRESS], "Subject: hello\r\n\r\nhello") == {}
    assert len(directory.askers) == 2
    assert receiver.name not in directory.askers
