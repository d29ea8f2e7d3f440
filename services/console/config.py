"""Settings of the console."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the console reads. It has neither broker nor store: all it knows it asks of the other services."""

    http_host: str = "0.0.0.0"
    # 0 lets the system choose (tests).
    http_port: int = 8080
    grpc_host: str = "0.0.0.0"
    # LookupsService; 0 as above.
    grpc_port: int = 50056
    # Probes and /metrics.
    probe_port: int = 0
    probe_host: str = "0.0.0.0"
    # 32 bytes in hex: signs sessions and the tokens of forms.
    instance_key: str = field(repr=False)
    # What our own services show each other.
    internal_token: str = field(repr=False)
    # host:port of each service's gRPC.
    tickets_address: str = "127.0.0.1:50051"
    rules_address: str = "127.0.0.1:50052"
    sla_address: str = "127.0.0.1:50053"
    reports_address: str = "127.0.0.1:50054"
    ingest_address: str = "127.0.0.1:50055"
    # http://host:port of the local sink; empty where mails go out into the world, and then there is no page of it.
    sink_url: str = ""
    # What people type: where it begins with https, cookies are only for that.
    public_url: str = ""
    # Name in the corner of every page.
    site_name: str = "Relaydesk"
    # Another file of ready answers, of the form of macros.toml.
    macros_file: Path | None = None
    # YAML of the systems outside that are asked about a requester (docs/lookup.md); none where unset.
    lookups_file: Path | None = None
    # Where the secrets that it names are mounted.
    secrets_folder: Path = Path("/run/secrets")
    # Threads that make pages; streams need none.
    page_threads: int = 16
    # Open streams of one process; more are sent away, and their pages ask every 15 s instead.
    console_streams_max: int = 1000
    otlp_endpoint: str = ""
    trace_sample_ratio: float = 0.01
    log_level: str = "info"

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")
