"""What is seen from outside: a real Prometheus reads the running system, and every panel of the board has something."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from scripts.deploy import dashboard, rules
from tests.e2e.letters import letter, send, ticket_of
from tests.e2e.prometheus_node import PrometheusNode, prometheus_port_of
from tests.e2e.system import System
from tests.waiting import wait_until

BOARD = dashboard.boards()[0]


@pytest.fixture(scope="module")
def prometheus(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusNode]:
    """It has read the system before and after a mail went all its road: a rate needs both."""
    targets = {name.replace(" ", "-"): port for name, port in system.ports.probes.items()}
    broker = prometheus_port_of(system.broker_management_url)
    folder: Path = tmp_path_factory.mktemp("prometheus")
    with PrometheusNode(folder, targets, others={"rabbitmq": broker}) as node:
        wait_until(lambda: set(node.health().values()) == {"up"}, describe=lambda: str(node.health()))
        subject = "Seen from outside"
        send(system, letter(subject))
        post(system, "Seen from outside, posted")
        httpx.get(f"{system.endpoints.console_url}/", timeout=60)
        ticket_of(system, subject)
        yield node


def post(system: System, text: str) -> None:
    """A message by the JSON channel."""
    httpx.post(
        f"{system.endpoints.ingest_url}/v1/channels/demo-api/messages",
        headers={"Authorization": f"Bearer {system.channel_key()}", "Idempotency-Key": uuid.uuid4().hex},
        json={"author": {"external_id": "u-17", "name": "Anna"}, "text": text},
        timeout=60,
    ).raise_for_status()


def test_prometheus_reads_every_process(prometheus: PrometheusNode, system: System) -> None:
    health = prometheus.health()
    assert set(health) == {name.replace(" ", "-") for name in system.ports.probes} | {"rabbitmq"}
    assert set(health.values()) == {"up"}


def test_every_panel_of_the_board_shows_something(prometheus: PrometheusNode) -> None:
    def empty() -> list[str]:
        return [
            f"{title}: {expression}"
            for title, expression in dashboard.expressions(BOARD)
            if not prometheus.query(expression)
        ]

    # What is measured each minute needs one.
    wait_until(
        lambda: not empty(), timeout=90, interval=1.0, describe=lambda: f"panels without data: {empty()}"
    )


def test_prometheus_can_evaluate_every_rule(prometheus: PrometheusNode) -> None:
    names = {rule.get("alert") or rule.get("record") for rule in rules.every_rule()}

    def evaluated() -> bool:
        return set(prometheus.rules().values()) == {"ok"}

    wait_until(evaluated, interval=0.5, describe=lambda: str(prometheus.rules()))
    assert set(prometheus.rules()) == names


def test_no_alert_that_wakes_a_person_fires_on_a_healthy_system(prometheus: PrometheusNode) -> None:
    firing = prometheus.query('ALERTS{alertstate="firing", severity="page"}')
    assert [one.labels["alertname"] for one in firing] == []
