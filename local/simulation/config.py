"""What a person may choose for a simulation; all of it has a default."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from chassis.config import ConfigError, load
from local.run_config import ROOT, RunConfig


@dataclass(frozen=True)
class SimulationConfig(RunConfig):
    """Like a run's, on ports of its own, so that both can stand beside each other."""

    days: int = 30
    # The same seed and start make the same letters and the same people.
    seed: int = 1
    # When it begins, ISO 8601; empty begins so many days ago that it ends now.
    start: str = ""
    # On a working day, about; one of them has ten times as many.
    letters_a_day: float = 25.0
    # Forgotten at each start. No other setting names it: what a run keeps must never be taken for it.
    simulation_folder: Path = ROOT / ".simulation"
    console_port: int = 8180
    ingest_http_port: int = 8181
    smtp_port: int = 2625
    sink_smtp_port: int = 2626
    sink_http_port: int = 8125
    shop_http_port: int = 8126
    # Below what the kernel gives to outgoing connections.
    tickets_grpc_port: int = 15051
    rules_grpc_port: int = 15052
    sla_grpc_port: int = 15053
    reports_grpc_port: int = 15054
    ingest_grpc_port: int = 15055
    console_grpc_port: int = 15056
    first_probe_port: int = 9201

    @property
    def starts_at(self) -> datetime | None:
        """The chosen beginning; None where it shall end now."""
        return datetime.fromisoformat(self.start).astimezone(UTC) if self.start else None


def read_simulation_config() -> SimulationConfig:
    """The choices made in the environment; ConfigError with every mistake."""
    config = load(SimulationConfig)
    problems = []
    if not 1 <= config.days <= 366:
        problems.append(f"DAYS: expected 1 to 366, got {config.days}")
    if not 0 < config.letters_a_day <= 2000:
        problems.append(f"LETTERS_A_DAY: expected up to 2000, got {config.letters_a_day:g}")
    try:
        if (start := config.starts_at) is not None and start.microsecond:
            problems.append("START: expected whole seconds")
    except ValueError:
        problems.append(f"START: expected a moment such as 2026-10-01T00:00Z, got {config.start!r}")
    if problems:
        raise ConfigError(problems)
    # A simulation has a broker and a store of its own: its time is nobody else's.
    return replace(config, broker_url="", mongo_url="", run_folder=config.simulation_folder)
