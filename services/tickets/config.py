"""Settings of the tickets service."""

from dataclasses import dataclass
from datetime import timedelta

from chassis.service import CommonSettings


@dataclass(frozen=True, kw_only=True)
class Settings(CommonSettings):
    """What tickets reads beside what every service does."""

    grpc_host: str = "0.0.0.0"
    # 0 lets the system choose (tests).
    grpc_port: int = 50051
    # Facts that one transaction of the listener takes.
    batch_max: int = 400
    # Unacknowledged deliveries per lane; each may hold a hundred facts.
    prefetch: int = 40
    # How often what is new in the log is stamped, and how often it is read while somebody watches.
    sequence_every: timedelta = timedelta(milliseconds=100)
    watch_every: timedelta = timedelta(milliseconds=100)
    heartbeat_every: timedelta = timedelta(seconds=5)
    # So many tickets may one sender open by mail within this time before the rest of them joins the last; 0 sets no limit.
    storm_tickets: int = 30
    storm_window: timedelta = timedelta(minutes=10)
    # How often the open tickets are counted for the gauges.
    count_every: timedelta = timedelta(seconds=15)
    # Phone numbers that come without their country are read as of this one (ISO 3166, for instance RU); empty: they are none.
    phone_region: str = ""
