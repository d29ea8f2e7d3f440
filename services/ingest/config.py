"""Settings of the ingest service."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from chassis.service import CommonSettings

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Settings(CommonSettings):
    """What ingest reads beside what every service does."""

    grpc_host: str = "0.0.0.0"
    # 0 lets the system choose (tests); the same for the others.
    grpc_port: int = 50055
    http_host: str = "0.0.0.0"
    http_port: int = 8081
    # Open connections; who comes beyond them is told to come back.
    http_connections: int = 1000
    # Threads for what may block: large bodies, and files that a body names.
    http_threads: int = 32
    # The largest body at all; a channel may take less.
    http_body_limit_mb: int = 50
    smtp_host: str = "0.0.0.0"
    smtp_port: int = 2525
    # No LMTP where unset.
    lmtp_port: int | None = None
    # Advertised as SIZE; a mailbox may take less.
    smtp_size_limit_mb: int = 35
    # How we name ourselves in the greeting.
    smtp_hostname: str = "relaydesk"
    # STARTTLS is offered where both are given.
    smtp_tls_cert: Path | None = None
    smtp_tls_key: Path | None = None
    # Networks of our own in which mail servers may be called: at mail's ports, or as `10.1.2.3:1143`, `127.0.0.1:*`. What
    # is not named here is called only where it is an address of the world.
    mail_inside: tuple[str, ...] = (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "fc00::/7",
    )
    # Where the named secrets of channels are mounted.
    secrets_folder: Path = Path("/run/secrets")
    # Messages of one lane that may be in flight; beyond it the answer is 503 or 451.
    backlog_limit: int = 50_000
    # Where tokens are checked.
    tickets_address: str = "127.0.0.1:50051"
    # Narrows what `listen` reads: channels by id, by kind (`lanes` narrows by lane); all where empty.
    only_channels: tuple[str, ...] = ()
    only_kinds: tuple[str, ...] = ()
    # Deliveries in hand per channel; each holds up to a hundred intake ids.
    reader_prefetch: int = 8
    # A row that is accepted and not in its queue after this long is brought by the sweep.
    sweep_after: timedelta = timedelta(seconds=5)
    # How often the send ledger is looked at.
    send_every: timedelta = timedelta(milliseconds=500)
    # A claim that its process does not prolong for this long has lost its process.
    send_claim: timedelta = timedelta(seconds=15)
    # Jobs that send at the same time in one process.
    send_threads: int = 4
    # How often the ledger is measured for the gauges.
    measure_every: timedelta = timedelta(seconds=5)
    # How often pieces of files without an owner are looked for; they are forgotten after a day.
    chunk_sweep_every: timedelta = timedelta(minutes=10)
    # Facts that one turn of the listener takes, and how long it may wait for a fuller batch: rows are closed for the
    # ledger, which nobody reads by the millisecond, and answers wait for the next look at the send ledger anyway.
    batch_max: int = 400
    linger: timedelta = timedelta(milliseconds=400)
    # Unacknowledged deliveries per lane of the listener; more than the rate times the linger.
    prefetch: int = 50
