"""Where time may be simulated, and which time leases are counted by."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from chassis.clock import FixedClock
from chassis.config import ConfigError
from chassis.service import CommonSettings
from chassis.simulated_clock import real, refusal

HERE = ("amqp://guest:guest@127.0.0.1:5672/x", "mongodb://127.0.0.1:27017,localhost:27018/?replicaSet=r")


class Beside:
    """A clock with a real one beside it."""

    def __init__(self, real: FixedClock) -> None:
        self.real = real

    def now(self) -> datetime:
        return datetime(1999, 1, 1, tzinfo=UTC)


def test_a_system_on_this_machine_whose_databases_say_so_may_be_simulated() -> None:
    assert refusal("simulated_", *HERE) == ""
    assert refusal("simulated_desk_", "amqps://[::1]:5671/", "mongodb://u:p@localhost/") == ""


@pytest.mark.parametrize(
    ("prefix", "broker", "store", "why"),
    [
        ("relaydesk_", *HERE, "databases that begin with simulated_"),
        ("", *HERE, "databases that begin with simulated_"),
        ("simulated_", "amqp://rabbitmq.prod:5672/", HERE[1], "not on rabbitmq.prod"),
        ("simulated_", HERE[0], "mongodb://127.0.0.1,db-1.prod:27017/?replicaSet=r", "not on db-1.prod"),
        ("simulated_", HERE[0], "mongodb+srv://cluster0.example.net/", "not on cluster0.example.net"),
        ("simulated_", HERE[0], "mongodb://localhost:x@10.0.0.7/", "not on 10.0.0.7"),
    ],
)
def test_any_other_is_refused(prefix: str, broker: str, store: str, why: str) -> None:
    assert why in refusal(prefix, broker, store)


def _settings(clock: str, prefix: str) -> CommonSettings:
    return CommonSettings(
        broker_url=HERE[0],
        mongo_url=HERE[1],
        database_prefix=prefix,
        instance_key="",
        internal_token="",
        clock=clock,
    )


def test_a_service_does_not_start_with_a_clock_that_it_may_not_have() -> None:
    assert _settings("simulated", "simulated_").clock == "simulated"
    with pytest.raises(ConfigError, match="CLOCK: simulated is for databases"):
        _settings("simulated", "relaydesk_")
    with pytest.raises(ConfigError, match="expected database or simulated, got 'sundial'"):
        _settings("sundial", "relaydesk_")


def test_leases_are_counted_by_the_real_clock_beside_a_simulated_one() -> None:
    wall = FixedClock(datetime(2026, 10, 26, tzinfo=UTC))
    assert real(Beside(wall)) is wall
    assert real(wall) is wall


def test_nothing_that_is_deployed_offers_it() -> None:
    deploy = Path(__file__).parents[3] / "deploy"
    named = [
        path
        for path in deploy.rglob("*")
        if path.is_file() and "simulated" in path.read_text("utf-8", "replace")
    ]
    assert named == []
