"""What a person may choose when running everything on one machine; all of it has a default."""

import re
from dataclasses import dataclass
from pathlib import Path

from chassis.config import ConfigError, load

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class RunConfig:
    # A broker of your own (RabbitMQ 3.10 or newer), never stopped by us; only the vhost below is ours.
    broker_url: str = ""
    # Its management API, where it is not on port 15672 of the same host.
    broker_management_url: str = ""
    # A replica set of your own (MongoDB 6 or newer), never stopped by us; only databases with the prefix are ours.
    mongo_url: str = ""
    broker_vhost: str = "relaydesk"
    database_prefix: str = "relaydesk_"
    # Data, keys, logs and the list of processes.
    run_folder: Path = ROOT / ".run"
    log_level: str = "info"
    # What of the roles' logs is shown at the terminal: problems or all. The files have everything.
    show_logs: str = "problems"
    otlp_endpoint: str = ""
    console_port: int = 8080
    ingest_http_port: int = 8081
    smtp_port: int = 2525
    # Where the demo's outgoing mails land, and the list of them for the console.
    sink_smtp_port: int = 2526
    sink_http_port: int = 8025
    # The shop that knows the demo's customers.
    shop_http_port: int = 8026
    tickets_grpc_port: int = 50051
    rules_grpc_port: int = 50052
    sla_grpc_port: int = 50053
    reports_grpc_port: int = 50054
    ingest_grpc_port: int = 50055
    console_grpc_port: int = 50056
    # Probes and /metrics: each role takes the next port, in the order of the table of roles.
    first_probe_port: int = 9101


def read_config() -> RunConfig:
    """The choices made in the environment; ConfigError with every mistake."""
    config = load(RunConfig)
    problems = []
    if not re.fullmatch(r"[a-z0-9][a-z0-9_]{0,18}_", config.database_prefix):
        # An empty one would make everything on the server ours, and `clean-data` drops what is ours.
        problems.append("DATABASE_PREFIX: expected up to 20 of a-z, 0-9 and _, ending in _")
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,60}", config.broker_vhost):
        problems.append("BROKER_VHOST: expected the name of a vhost of our own, not /")
    if config.show_logs not in ("problems", "all"):
        problems.append(f"SHOW_LOGS: expected problems or all, got {config.show_logs!r}")
    if problems:
        raise ConfigError(problems)
    return config
