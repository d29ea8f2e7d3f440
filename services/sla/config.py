"""Settings of the sla service."""

from dataclasses import dataclass
from datetime import timedelta

from chassis.service import CommonSettings


@dataclass(frozen=True, kw_only=True)
class Settings(CommonSettings):
    """What sla reads beside what every service does."""

    grpc_host: str = "0.0.0.0"
    # 0 lets the system choose (tests).
    grpc_port: int = 50053
    # Where tokens are checked and the ticket's log is read.
    tickets_address: str = "127.0.0.1:50051"
    # Facts that one transaction takes, and how long a listener may wait for a fuller batch: nobody waits for sla.
    batch_max: int = 400
    linger: timedelta = timedelta(milliseconds=250)
    # Unacknowledged deliveries per lane; more than the rate times the linger.
    prefetch: int = 50
    # How often the alarms are looked at while none is due, and how many one transaction fires.
    alarm_every: timedelta = timedelta(milliseconds=200)
    alarm_batch: int = 200
    # How long what was due with a dead poller waits for another; a turn is far shorter.
    alarm_lease: timedelta = timedelta(seconds=3)
    # How often gaps are looked for, and what is armed and at risk is counted.
    gap_every: timedelta = timedelta(seconds=5)
    count_every: timedelta = timedelta(seconds=15)
    # How often it is looked whether a policy or calendar was saved that reaches what runs, and how many at once.
    page_every: timedelta = timedelta(seconds=1)
    page_batch: int = 400
    # How often it is looked for what-ifs that were asked for, and how late one of a dead process goes on.
    what_if_every: timedelta = timedelta(seconds=1)
    what_if_lease: timedelta = timedelta(seconds=20)
    # How often feeds of holidays are read again, and how long one may take.
    feed_every: timedelta = timedelta(hours=1)
    feed_patience: timedelta = timedelta(seconds=10)
    # Networks of one's own that feeds may lie in, as 10.0.0.0/8; without them only public addresses are read.
    feed_networks: tuple[str, ...] = ()
