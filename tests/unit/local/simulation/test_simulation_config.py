"""What may be chosen for a simulation."""

from dataclasses import fields
from datetime import UTC, datetime

import pytest

from chassis.config import ConfigError
from local.run_config import RunConfig
from local.simulation.config import SimulationConfig, read_simulation_config


def test_it_has_no_port_and_no_folder_of_a_run() -> None:
    run, simulated = RunConfig(), read_simulation_config()
    ports = [field.name for field in fields(run) if field.name.endswith("_port")]
    assert not {getattr(run, name) for name in ports} & {getattr(simulated, name) for name in ports}
    assert simulated.run_folder == simulated.simulation_folder != run.run_folder


def test_neither_folder_broker_nor_store_of_a_run_is_ever_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_URL", "amqp://broker.example/")
    monkeypatch.setenv("MONGO_URL", "mongodb://store.example/")
    monkeypatch.setenv("RUN_FOLDER", "/tmp/the-run")
    config = read_simulation_config()
    assert (config.broker_url, config.mongo_url) == ("", "")
    assert config.run_folder == SimulationConfig().simulation_folder


def test_all_mistakes_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAYS", "0")
    monkeypatch.setenv("START", "yesterday")
    monkeypatch.setenv("LETTERS_A_DAY", "1e9")
    with pytest.raises(ConfigError) as refused:
        read_simulation_config()
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [
        "DAYS",
        "LETTERS_A_DAY",
        "START",
    ]


def test_a_beginning_is_a_moment_in_utc_wherever_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("START", "2026-10-01T02:00+02:00")
    assert read_simulation_config().starts_at == datetime(2026, 10, 1, tzinfo=UTC)
    monkeypatch.setenv("START", "")
    assert read_simulation_config().starts_at is None
