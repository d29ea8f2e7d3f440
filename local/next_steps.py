"""What a person does once everything runs, as `make run` prints it."""

import sys
from pathlib import Path

from local.endpoints import Endpoints
from local.run_config import ROOT

PYTHON_LINE = (
    "import grpc, os; "
    "from relaydesk.tickets.v1 import service_pb2 as t, service_pb2_grpc as s; "
    'print(s.TicketsServiceStub(grpc.insecure_channel("{address}")).ListTickets(t.ListTicketsRequest(), '
    'metadata=[("authorization", "Bearer " + os.environ["TOKEN"])]))'
)


def next_steps(endpoints: Endpoints, run_folder: Path, lines: list[str], took: float) -> str:
    """What a person does now, to be read at the terminal."""
    metrics = endpoints.ports.probes.values()
    programs = _short(Path(sys.prefix) / "bin")
    python_line = PYTHON_LINE.format(address=endpoints.tickets_address)
    shown = [
        f"Relaydesk runs ({took:.0f} s).",
        "",
        f"  console     {endpoints.console_url}",
        f"  15 minutes  {endpoints.console_url}/board",
        *(f"  {line}" for line in lines),
        f"  mail in     SMTP 127.0.0.1:{endpoints.ports.smtp}",
        f"  mail out    {_short(endpoints.sink_folder)}",
        f"  gRPC        {endpoints.tickets_address}; in Python:",
        f"    export TOKEN=$({programs}/relaydesk token create --role read_only)",
        f"    {programs}/python -c '{python_line}'",
        f"  metrics     http://127.0.0.1:{min(metrics)}/metrics to :{max(metrics)}/metrics (`make status`)",
        f"  logs        {_short(run_folder / 'log')}",
        "",
        "Ctrl-C or `make down` stops it and keeps the data; `make clean-data` forgets.",
    ]
    return "\n".join(shown)


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
