"""Settings come from the environment, and every mistake is told at once."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from chassis.config import ConfigError, load


@dataclass(frozen=True)
class Settings:
    broker_url: str
    port: int = 1
    within: timedelta = timedelta(seconds=5)
    lanes: tuple[str, ...] = ("a",)
    loud: bool = False
    limit: int | None = None


def test_a_setting_is_read_from_the_variable_of_its_name() -> None:
    found = load(
        Settings,
        {"BROKER_URL": "amqp://b", "PORT": "7", "WITHIN": "0.5", "LANES": "x, y", "LOUD": "yes", "LIMIT": ""},
    )
    assert found == Settings("amqp://b", 7, timedelta(milliseconds=500), ("x", "y"), True, None)


def test_a_secret_is_read_from_the_file_that_its_variable_names(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("amqp://secret\n")
    assert load(Settings, {"BROKER_URL_FILE": str(tmp_path / "url")}).broker_url == "amqp://secret"


def test_all_mistakes_are_told_together() -> None:
    with pytest.raises(ConfigError) as told:
        load(Settings, {"PORT": "x", "LOUD": "perhaps", "LIMIT_FILE": "/nowhere"})
    assert [problem.split(":")[0] for problem in told.value.problems] == [
        "BROKER_URL",
        "PORT",
        "LOUD",
        "LIMIT_FILE",
    ]
