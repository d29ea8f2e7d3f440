"""Which processes make a whole Relaydesk, in the order in which they start.

The table is the truth: `make run`, `make status` and the end-to-end tests read it.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from local.ports import free_ports
from local.supervisor import ProcessSpec


@dataclass(frozen=True)
class Role:
    """One process: `python -m services.<service> <word>`, and the ports that it listens on by their variable."""

    service: str
    word: str
    # Variable of the role: field of Ports.
    ports: Mapping[str, str]
    # Roles of a lower number are stopped earlier: first who takes from outside, last who answers the others.
    stops: int

    @property
    def name(self) -> str:
        return f"{self.service} {self.word}"


ROLES = (
    Role("tickets", "serve", {"GRPC_PORT": "tickets_grpc"}, stops=2),
    Role("tickets", "listen", {}, stops=1),
    Role("tickets", "work", {}, stops=1),
    Role("rules", "serve", {"GRPC_PORT": "rules_grpc"}, stops=2),
    Role("rules", "listen", {}, stops=1),
    Role("sla", "serve", {"GRPC_PORT": "sla_grpc"}, stops=2),
    Role("sla", "listen", {}, stops=1),
    Role("sla", "work", {}, stops=1),
    Role("reports", "serve", {"GRPC_PORT": "reports_grpc"}, stops=2),
    Role("reports", "listen", {}, stops=1),
    Role("reports", "work", {}, stops=1),
    Role(
        "ingest",
        "serve",
        {"GRPC_PORT": "ingest_grpc", "HTTP_PORT": "ingest_http", "SMTP_PORT": "smtp"},
        stops=0,
    ),
    Role("ingest", "listen", {}, stops=1),
    Role("ingest", "work", {}, stops=1),
    Role("console", "serve", {"GRPC_PORT": "console_grpc", "HTTP_PORT": "console"}, stops=0),
)


@dataclass(frozen=True)
class Ports:
    """Every port of one running system, on loopback."""

    console: int
    ingest_http: int
    smtp: int
    sink_smtp: int
    sink_http: int
    shop_http: int
    tickets_grpc: int
    rules_grpc: int
    sla_grpc: int
    reports_grpc: int
    ingest_grpc: int
    console_grpc: int
    # Name of the role: the port of its probes and /metrics.
    probes: Mapping[str, int]

    @classmethod
    def free(cls) -> "Ports":
        """Ports that nobody listens on, for a system beside others."""
        fixed = [field.name for field in fields(cls) if field.name != "probes"]
        found = free_ports(len(fixed) + len(ROLES))
        probes = dict(zip((role.name for role in ROLES), found[len(fixed) :], strict=True))
        return cls(**dict(zip(fixed, found, strict=False)), probes=probes)

    def named(self) -> Iterator[tuple[str, int]]:
        """Every port with the variable that chooses it."""
        variables = {"console": "CONSOLE_PORT", "smtp": "SMTP_PORT"}
        for field in fields(self):
            if field.name != "probes":
                yield variables.get(field.name, f"{field.name.upper()}_PORT"), getattr(self, field.name)
        for port in self.probes.values():
            yield "FIRST_PROBE_PORT (+)", port


# What ingest may call beside the world by itself, and this machine.
_INSIDE = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"),
    *("127.0.0.0/8:*", "[::1]:*"),
)


@dataclass(frozen=True)
class Surroundings:
    """What all roles are told alike: where broker, store, keys and the other services are."""

    broker_url: str
    broker_management_url: str
    mongo_url: str
    database_prefix: str
    instance_key_file: str
    internal_token_file: str
    log_level: str = "info"
    otlp_endpoint: str = ""

    def variables(self, ports: Ports) -> dict[str, str]:
        """The part of the environment that every role shares."""
        return {
            "BROKER_URL": self.broker_url,
            "BROKER_MANAGEMENT_URL": self.broker_management_url,
            "MONGO_URL": self.mongo_url,
            "DATABASE_PREFIX": self.database_prefix,
            "INSTANCE_KEY_FILE": self.instance_key_file,
            "INTERNAL_TOKEN_FILE": self.internal_token_file,
            "LOG_LEVEL": self.log_level,
            "OTLP_ENDPOINT": self.otlp_endpoint,
            "TICKETS_ADDRESS": f"127.0.0.1:{ports.tickets_grpc}",
            "RULES_ADDRESS": f"127.0.0.1:{ports.rules_grpc}",
            "SLA_ADDRESS": f"127.0.0.1:{ports.sla_grpc}",
            "REPORTS_ADDRESS": f"127.0.0.1:{ports.reports_grpc}",
            "INGEST_ADDRESS": f"127.0.0.1:{ports.ingest_grpc}",
            "CONSOLE_ADDRESS": f"127.0.0.1:{ports.console_grpc}",
            # The sink is on this machine, and so is whatever mail server a developer tries.
            "MAIL_INSIDE": ",".join(_INSIDE),
            # Read by the console, which shows what the demo sent.
            "SINK_URL": f"http://127.0.0.1:{ports.sink_http}",
        }


def process_of(
    role: Role,
    ports: Ports,
    shared: Mapping[str, str],
    base: Mapping[str, str],
    *,
    replica: int = 0,
    probe_port: int | None = None,
) -> ProcessSpec:
    """How one role is started; a further replica needs a probe port of its own and shares no listening port."""
    probe = probe_port if probe_port is not None else ports.probes[role.name]
    own = {variable: getattr(ports, field) for variable, field in role.ports.items()}
    listens = {**own, "PROBE_PORT": probe}
    return ProcessSpec(
        name=role.name if replica == 0 else f"{role.name} {replica + 1}",
        argv=(sys.executable, "-m", f"services.{role.service}", role.word),
        env={**base, **shared, **{variable: str(port) for variable, port in listens.items()}},
        ready_url=f"http://127.0.0.1:{probe}/readyz",
        ports=listens,
        stops=role.stops,
    )


def processes(
    ports: Ports, shared: Mapping[str, str], base: Mapping[str, str], *, sink_folder: str
) -> list[ProcessSpec]:
    """How a whole system is started: the sink that takes outgoing mail, then every role."""
    listens = {"SMTP_PORT": ports.sink_smtp, "HTTP_PORT": ports.sink_http}
    own = {"SINK_FOLDER": sink_folder, **{variable: str(port) for variable, port in listens.items()}}
    sink = ProcessSpec(
        name="mail sink",
        argv=(sys.executable, "-m", "local.sink"),
        env={**base, **own},
        ready_port=ports.sink_smtp,
        ports=listens,
        stops=3,
    )
    return [sink, *(process_of(role, ports, shared, base) for role in ROLES)]
