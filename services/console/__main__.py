"""The console: `python -m services.console serve|prepare`."""

import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

from chassis import run, telemetry
from chassis.config import ConfigError, load
from chassis.rpc import RpcServer, channel
from chassis.telemetry import Telemetry
from chassis.tokens import CachedAuthenticator
from chassis.web import Heartbeat, MeasuredApp, ProbeServer, serve_asgi
from services.console.adapters.accounts import GrpcAccounts
from services.console.adapters.calls import Caller
from services.console.adapters.channels import GrpcChannels
from services.console.adapters.clock import WallClock
from services.console.adapters.customers import GrpcCustomers
from services.console.adapters.ingest import GrpcIngest
from services.console.adapters.lookup.measures import LookupMeasures
from services.console.adapters.lookup.sources import open_sources
from services.console.adapters.reports import GrpcReports
from services.console.adapters.rpc import ACCESS, LookupsRpc, TokenCheck, register
from services.console.adapters.rules import GrpcRules
from services.console.adapters.screening import GrpcScreening
from services.console.adapters.session import Sessions
from services.console.adapters.sink import HttpSink
from services.console.adapters.sla import GrpcSla
from services.console.adapters.tickets import GrpcTickets
from services.console.adapters.watch import GrpcWatch
from services.console.adapters.what_ifs import GrpcWhatIfs
from services.console.application.directory import Directory
from services.console.application.look_up import LookUp
from services.console.application.macros import SHIPPED, load_macros
from services.console.application.ports import Desk
from services.console.config import Settings
from services.console.pages.app import build_app
from services.console.pages.asgi import ConsoleApp
from services.console.pages.assets import Assets
from services.console.pages.frame import Console
from services.console.pages.hub import Hub
from services.console.pages.live import Live
from services.console.pages.renderer import Renderer


def serve(settings: Settings, seen: Telemetry) -> Sequence[run.Component]:
    """Pages on threads, streams on the event loop, in one process."""
    assets, sessions = Assets(), Sessions(settings.instance_key)
    lookups = open_lookups(settings, seen)
    desk = open_desk(settings, lookups)
    console = Console(
        desk=desk,
        directory=Directory(desk),
        sessions=sessions,
        renderer=Renderer(assets),
        assets=assets,
        macros=load_macros(settings.macros_file or SHIPPED),
        is_https=settings.is_https,
        site_name=settings.site_name,
        version=own_version(),
    )
    watch = GrpcWatch(settings.tickets_address, settings.internal_token)
    hub = Hub(
        desk.tickets,
        watch,
        console.renderer,
        console.directory,
        desk.clock,
        settings.console_streams_max,
    )
    streams = seen.metrics.gauge("console_streams", "Pages that listen to the stream.")
    streams.set_function(lambda: hub.count)
    watching = seen.metrics.gauge(
        "console_watch_up", "1 while this replica watches the tickets, as it does while a page is open."
    )
    watching.set_function(lambda: int(hub.is_watching))
    pages = MeasuredApp(build_app(console), seen.metrics)
    app = ConsoleApp(pages, Live(console, hub), assets, threads=settings.page_threads)
    server = serve_asgi(app, settings.http_host, settings.http_port, on_stop=hub.close)
    rpc = serve_lookups(settings, seen, lookups)
    beat = Heartbeat("http")
    server.heartbeat = beat.beat
    probes = ProbeServer(
        settings.probe_port,
        seen.metrics,
        heartbeats=[beat],
        ready={"http": server.is_ready, rpc.name: rpc.is_ready},
        host=settings.probe_host,
    )
    return [seen, probes, rpc, server]


def serve_lookups(settings: Settings, seen: Telemetry, lookups: LookUp) -> RpcServer:
    """gRPC for the command line: few ask, and each may wait for systems outside."""
    tokens = TokenCheck(
        channel(
            settings.tickets_address,
            settings.internal_token,
            retried=["relaydesk.tickets.v1.AccountsService"],
        )
    )
    authenticate = CachedAuthenticator(tokens, internal_token=settings.internal_token)
    server = RpcServer(
        settings.grpc_port,
        seen.metrics,
        authenticate,
        ACCESS,
        host=settings.grpc_host,
        threads=4,
        max_calls=20,
    )
    register(server, LookupsRpc(lookups))
    return server


def open_lookups(settings: Settings, seen: Telemetry) -> LookUp:
    """The systems outside. Raises ConfigError where one is not described as it should be."""
    file = settings.lookups_file
    systems = open_sources(file, settings.secrets_folder) if file else ()
    return LookUp(systems, LookupMeasures(seen.metrics))


def open_desk(settings: Settings, lookups: LookUp) -> Desk:
    """The other services. Nothing connects before the first page needs it."""
    token = settings.internal_token
    # Queries and keyed writes may be sent again where a replica was away.
    tickets = channel(
        settings.tickets_address,
        token,
        retried=[
            "relaydesk.tickets.v1.TicketsService",
            "relaydesk.tickets.v1.CustomersService",
            "relaydesk.tickets.v1.AccountsService",
        ],
    )
    rules = channel(settings.rules_address, token, retried=["relaydesk.rules.v1.RulesService"])
    sla = channel(settings.sla_address, token, retried=["relaydesk.sla.v1.SlaService"])
    reports = channel(settings.reports_address, token, retried=["relaydesk.reports.v1.ReportsService"])
    ingest = channel(settings.ingest_address, token, retried=["relaydesk.ingest.v1.IngestService"])
    return Desk(
        tickets=GrpcTickets(tickets, Caller("tickets")),
        customers=GrpcCustomers(tickets, Caller("tickets")),
        accounts=GrpcAccounts(tickets, Caller("tickets")),
        rules=GrpcRules(rules, Caller("rules")),
        sla=GrpcSla(sla, Caller("sla")),
        reports=GrpcReports(reports, Caller("reports")),
        ingest=GrpcIngest(ingest, Caller("ingest")),
        screening=GrpcScreening(ingest, Caller("ingest")),
        channels=GrpcChannels(ingest, Caller("ingest")),
        sink=HttpSink(settings.sink_url) if settings.sink_url else None,
        clock=WallClock(),
        lookups=lookups,
        what_ifs=GrpcWhatIfs(sla, Caller("sla")),
    )


def own_version() -> str:
    try:
        return version_of("relaydesk")
    except PackageNotFoundError:
        return ""


def main(words: Sequence[str]) -> int:
    """Run the role until told to stop; answers the exit code. There is nothing to prepare, and that is soon done."""
    if len(words) != 1 or words[0] not in ("serve", "prepare"):
        print("usage: python -m services.console serve|prepare", file=sys.stderr)  # noqa: T201
        return 2
    try:
        settings = load(Settings)
    except ConfigError as error:
        return run.refuse(error)
    if words[0] == "prepare":
        return 0
    try:
        return run.run(
            serve(settings, telemetry.configure("console", words[0], settings, prefix="relaydesk"))
        )
    except ConfigError as error:
        return run.refuse(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
