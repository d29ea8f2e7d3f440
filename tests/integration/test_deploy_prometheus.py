"""The dashboard and the rules on a real Prometheus, before the whole system runs: every metric that the code makes,
shown by a process that does nothing else."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import httpx
import pytest

from chassis.telemetry.metrics import Metrics
from chassis.web import ProbeServer
from local.roles import ROLES
from scripts.deploy import dashboard, metrics, rules
from tests.e2e.prometheus_node import PrometheusNode, prometheus_port_of
from tests.nodes import NodeAddress
from tests.waiting import wait_until

SERVICES = sorted({role.service for role in ROLES})
# What the expressions choose by; any other label has its own name as its value.
VALUES = {
    "channel": ("support",),
    "queue": ("tickets.email", "tickets.dead"),
    "outcome": ("accepted", "error"),
    "state": ("ready", "unacked", "unknown"),
    "grpc_service": ("relaydesk.tickets.v1.TicketsService",),
    "grpc_method": ("GetTicket",),
    "grpc_code": ("OK", "INTERNAL"),
    "code": ("200", "503"),
    "window": ("15m",),
}


class StandIn:
    """Shows every metric of one part of the code, and moves them all twice a second."""

    def __init__(self, part: str) -> None:
        self._made = [made for made in metrics.made().values() if made.where.startswith(part)]
        self._metrics = Metrics(metrics.PREFIX).with_process()
        self._ended = threading.Event()
        self._mover = threading.Thread(target=self._move, name="mover")
        self.probes = ProbeServer(0, self._metrics, host="127.0.0.1")

    def start(self) -> "StandIn":
        self.probes.start()
        self._mover.start()
        return self

    def stop(self) -> None:
        self._ended.set()
        self._mover.join()
        self.probes.stop(timedelta(seconds=1))

    def _move(self) -> None:
        while not self._ended.is_set():
            for made in self._made:
                names = sorted(made.labels or ())
                for values in itertools.product(*(VALUES.get(name, (name,)) for name in names)):
                    self._touch(made, names, values)
            self._ended.wait(0.5)

    def _touch(self, made: metrics.Made, names: list[str], values: tuple[str, ...]) -> None:
        if made.kind == "counter":
            counter = self._metrics.counter(made.name, made.name, names, prefix="")
            (counter.labels(*values) if values else counter).inc()
        elif made.kind == "gauge":
            gauge = self._metrics.gauge(made.name, made.name, names, prefix="")
            (gauge.labels(*values) if values else gauge).set(1)
        else:
            histogram = self._metrics.histogram(made.name, made.name, names, prefix="")
            shown = histogram.labels(*values) if values else histogram
            shown.observe(0.02, exemplar={"trace_id": "0af7651916cd43dd8448eb211c80319c"})


@pytest.fixture(scope="module")
def prometheus(
    broker_node: NodeAddress, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrometheusNode]:
    parts = ("chassis", *(f"services/{service}" for service in SERVICES))
    others = {"rabbitmq": prometheus_port_of(broker_node.management_url)}
    with ExitStack() as stack:
        targets = {}
        for part in parts:
            stand_in = StandIn(part).start()
            stack.callback(stand_in.stop)
            targets[part] = stand_in.probes.port
        folder = tmp_path_factory.mktemp("prometheus")
        node = stack.enter_context(PrometheusNode(folder, targets, others=others))
        wait_until(lambda: set(node.health().values()) == {"up"}, describe=lambda: str(node.health()))
        yield node


def test_each_panel_of_the_dashboard_shows_something(prometheus: PrometheusNode) -> None:
    def empty() -> list[str]:
        return [
            f"{title}: {expression}"
            for board in dashboard.boards()
            for title, expression in dashboard.expressions(board)
            if not prometheus.query(expression)
        ]

    wait_until(lambda: not empty(), interval=0.5, describe=lambda: f"panels without data: {empty()}")


def test_each_rule_can_be_evaluated_and_each_recording_has_a_value(prometheus: PrometheusNode) -> None:
    def wrong() -> dict[str, str]:
        return {name: health for name, health in prometheus.rules().items() if health != "ok"}

    wait_until(lambda: not wrong(), interval=0.5, describe=lambda: str(wrong()))

    def without_value() -> list[str]:
        return sorted(name for name in rules.recorded() if not prometheus.query(name))

    wait_until(lambda: not without_value(), interval=0.5, describe=lambda: f"no value: {without_value()}")


def test_a_traced_message_is_found_from_the_histogram(prometheus: PrometheusNode) -> None:
    wanted = {"trace_id": "0af7651916cd43dd8448eb211c80319c"}
    wait_until(lambda: wanted in prometheus.exemplars("relaydesk_message_to_ticket_seconds_bucket"))


def test_a_real_broker_shows_what_the_rules_and_the_dashboard_ask_it_for(broker_node: NodeAddress) -> None:
    port = prometheus_port_of(broker_node.management_url)
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
    shown = {
        line.partition("{")[0].partition(" ")[0] for line in text.splitlines() if not line.startswith("#")
    }
    assert set(metrics.BROKER) <= shown


def test_an_expression_with_a_fault_is_told_in_words(prometheus: PrometheusNode) -> None:
    with pytest.raises(ValueError, match="parse error"):
        prometheus.query("sum by (")
