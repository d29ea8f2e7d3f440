"""Where everything of a running system is: what `make run` hands to the demo and writes down for tools."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local.roles import Ports, Surroundings


@dataclass(frozen=True)
class Endpoints:
    """The addresses of one running system."""

    ports: Ports
    surroundings: Surroundings
    # Where outgoing mails of the demo land, a file each.
    sink_folder: Path
    # Tells a person that a slow step goes on; a short line.
    progress: Callable[[str], None]

    @property
    def console_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.console}"

    @property
    def ingest_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.ingest_http}"

    @property
    def smtp_address(self) -> tuple[str, int]:
        return "127.0.0.1", self.ports.smtp

    @property
    def sink_address(self) -> tuple[str, int]:
        return "127.0.0.1", self.ports.sink_smtp

    @property
    def tickets_address(self) -> str:
        return f"127.0.0.1:{self.ports.tickets_grpc}"

    @property
    def rules_address(self) -> str:
        return f"127.0.0.1:{self.ports.rules_grpc}"

    @property
    def sla_address(self) -> str:
        return f"127.0.0.1:{self.ports.sla_grpc}"

    @property
    def reports_address(self) -> str:
        return f"127.0.0.1:{self.ports.reports_grpc}"

    @property
    def ingest_address(self) -> str:
        return f"127.0.0.1:{self.ports.ingest_grpc}"

    @property
    def internal_token(self) -> str:
        """The token by which the services know each other; it may do everything."""
        return Path(self.surroundings.internal_token_file).read_text().strip()

    def variables(self) -> dict[str, str]:
        """What the `relaydesk` command needs in its environment to talk to this system."""
        return self.surroundings.variables(self.ports)
