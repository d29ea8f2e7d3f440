"""Settings of the reports service."""

from dataclasses import dataclass, field
from datetime import timedelta

from chassis.service import CommonSettings


@dataclass(frozen=True, kw_only=True)
class Settings(CommonSettings):
    """What reports reads beside what every service does."""

    grpc_host: str = "0.0.0.0"
    # 0 lets the system choose (tests).
    grpc_port: int = 50054
    # Where tokens are checked.
    tickets_address: str = "127.0.0.1:50051"
    # Where all calendars are asked for when reports starts, and how often that is done again; what is saved meanwhile is heard.
    sla_address: str = "127.0.0.1:50053"
    calendars_every: timedelta = timedelta(minutes=10)
    # Facts that one transaction takes, and how long a listener may wait for a fuller batch: nobody waits for reports.
    batch_max: int = 500
    linger: timedelta = timedelta(milliseconds=500)
    # Unacknowledged deliveries per lane; more than the rate times the linger, and each may hold a hundred facts.
    prefetch: int = 200
    # http://user:password@host:port of the broker's management API. Empty: the broker's host, port 15672, the broker's
    # user. Where it does not answer, the queues are asked one by one by AMQP.
    broker_management_url: str = field(default="", repr=False)
    # How often the queues are looked at, by one replica.
    sample_every: timedelta = timedelta(seconds=5)
    # Whose queues there must be, for asking them one by one.
    watched_consumers: tuple[str, ...] = ("tickets", "rules", "sla", "reports", "ingest")
    # How often new exports are looked for.
    export_every: timedelta = timedelta(seconds=1)
    # Exports that one process writes at a time.
    export_threads: int = 2
