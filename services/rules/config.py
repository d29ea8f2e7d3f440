"""Settings of the rules service."""

from dataclasses import dataclass
from datetime import timedelta

from chassis.service import CommonSettings


@dataclass(frozen=True, kw_only=True)
class Settings(CommonSettings):
    """What rules reads beside what every service does."""

    grpc_host: str = "0.0.0.0"
    # 0 lets the system choose (tests).
    grpc_port: int = 50052
    # Where commands go, tokens are checked and long messages are read again.
    tickets_address: str = "127.0.0.1:50051"
    # Where all calendars are asked for when rules starts, and how often that is done again; what is saved meanwhile is heard.
    sla_address: str = "127.0.0.1:50053"
    calendars_every: timedelta = timedelta(minutes=10)
    # How long tickets may take for a batch of commands.
    tickets_deadline: timedelta = timedelta(seconds=10)
    # Facts that one transaction takes, and how long a listener may wait for a fuller batch: in a quiet hour a batch costs
    # nineteen commands of the store, its own and those of tickets, however few facts it holds.
    batch_max: int = 400
    linger: timedelta = timedelta(milliseconds=150)
    # Unacknowledged deliveries per lane; each may hold a hundred facts.
    prefetch: int = 40
