"""The ingest service: `python -m services.ingest serve|listen|work|prepare`."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from chassis import roles, rpc, run
from chassis.chunks import Chunks
from chassis.jobs import JobWorker
from chassis.rpc import RpcServer
from chassis.service import Parts
from chassis.tokens import CachedAuthenticator
from chassis.web import serve_asgi
from services.ingest import channels
from services.ingest.adapters import channels_rpc, screening
from services.ingest.adapters.accounts import RETRIED, Accounts
from services.ingest.adapters.channel_checks import ChannelChecks
from services.ingest.adapters.channel_desk import ChannelDesk
from services.ingest.adapters.channels_rpc import ChannelsRpc
from services.ingest.adapters.conversations import LISTED, Conversations
from services.ingest.adapters.editors import Editors
from services.ingest.adapters.ground import Ground, places_of
from services.ingest.adapters.hearing import LedgerPorts
from services.ingest.adapters.imap.budget import Budget
from services.ingest.adapters.imap.fetcher import IN_HAND, MailFetcher
from services.ingest.adapters.imap.visit import CHUNK_BYTES, Place
from services.ingest.adapters.jobs import ChunkSweep, IntakeSweep, SendLoop, make_jobs
from services.ingest.adapters.kinds import load_kinds
from services.ingest.adapters.mail_sockets import mail_receivers
from services.ingest.adapters.measures import ClosingCounts, LedgerGauges, SendCounts
from services.ingest.adapters.mongo.blocked import MongoBlocked
from services.ingest.adapters.mongo.channel_activity import MongoActivity
from services.ingest.adapters.mongo.handed_back import MongoHandedBack
from services.ingest.adapters.mongo.paces import MongoPaces
from services.ingest.adapters.mongo.sends import ClaimKeeper
from services.ingest.adapters.reading import Reader
from services.ingest.adapters.rpc import ACCESS, REFUSALS, IngestRpc, add_to
from services.ingest.adapters.screening import ScreeningRpc
from services.ingest.adapters.web import EdgeApp
from services.ingest.adapters.wire import CONSUMES
from services.ingest.application import HANDLERS
from services.ingest.application.close_rows import CloseRow
from services.ingest.application.send_reply import SendPorts
from services.ingest.channels.json import MessageBody
from services.ingest.config import MEBIBYTE, Settings


def ground_of(parts: Parts, settings: Settings) -> Ground:
    """What the roles share, with the kinds of channel that there are."""
    return Ground(parts, settings, load_kinds(channels))


def serve(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """The sockets: SMTP and LMTP, HTTP, gRPC."""
    ground = ground_of(parts, settings)
    edge = ground.edge
    schema = MessageBody.model_json_schema(ref_template="#/components/schemas/{model}")
    app = EdgeApp(
        edge,
        ground.files,
        schema,
        parts.metrics,
        threads=settings.http_threads,
        body_limit=settings.http_body_limit_mb * MEBIBYTE,
    )
    http = serve_asgi(app, settings.http_host, settings.http_port, connections=settings.http_connections)
    tickets = rpc.channel(settings.tickets_address, settings.internal_token, retried=RETRIED)
    accounts = Accounts(tickets)
    authenticate = CachedAuthenticator(accounts.check, internal_token=settings.internal_token)
    server = RpcServer(
        settings.grpc_port,
        parts.metrics,
        authenticate,
        {**ACCESS, **channels_rpc.ACCESS, **screening.ACCESS},
        refusals=REFUSALS,
        host=settings.grpc_host,
    )
    checks = ChannelChecks(ground.kinds, ground.channels, ground.directory)
    desk = ChannelDesk(ground.channels, checks, ground.directory, Editors(accounts))
    answers = IngestRpc(
        desk=desk,
        directory=ground.directory,
        intake=ground.intake,
        files=ground.files,
        sends=ground.sends,
        mailboxes=ground.mailboxes,
        publisher=ground.publisher,
        clock=parts.clock,
    )
    add_to(server, answers)
    screening.add_to(
        server,
        ScreeningRpc(
            channels=ground.channels,
            directory=ground.directory,
            kinds=ground.kinds,
            intake=ground.intake,
            blocked=MongoBlocked(parts.database, parts.clock),
            publisher=ground.publisher,
        ),
    )
    channels_answers = ChannelsRpc(
        desk=desk,
        kinds=ground.kinds,
        directory=ground.directory,
        activity=MongoActivity(parts.database, parts.clock),
        mailboxes=ground.mailboxes,
        paces=MongoPaces(parts.database),
        clock=parts.clock,
    )
    channels_rpc.add_to(server, channels_answers)
    receivers = mail_receivers(edge, settings, parts.metrics)
    components: list[run.Component] = [ground.publisher, edge.committer, server, http, *receivers]
    return roles.assembled(parts, components, ground.prepare)


def listen(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """Intake ids into facts; facts of tickets into the ledgers."""
    ground = ground_of(parts, settings)
    publisher = parts.publisher()
    reader = Reader(
        transport=parts.bus,
        publisher=publisher,
        database=parts.database,
        clock=parts.clock,
        intake=ground.intake,
        blocked=MongoBlocked(parts.database, parts.clock),
        files=ground.files,
        directory=ground.directory,
        outbox=parts.outbox(publisher),
        metrics=parts.metrics,
        takes=ground.takes,
        weights=settings.weights,
        prefetch=settings.reader_prefetch,
    )
    counts = ClosingCounts(parts.metrics)
    handed_back = MongoHandedBack(parts.database)
    listener = parts.listener(
        CONSUMES,
        lambda unit: LedgerPorts(unit, ground.intake, handed_back, ground.directory, counts),
        HANDLERS,
        knows_repeats=(CloseRow,),
        batch_max=settings.batch_max,
        linger=settings.linger,
        prefetch=settings.prefetch,
    )
    return roles.assembled(parts, [reader, listener], ground.prepare)


def work(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """Mail fetched from elsewhere, replies out, and what others left behind."""
    ground = ground_of(parts, settings)
    counts = SendCounts(parts.metrics)
    tickets = rpc.channel(settings.tickets_address, settings.internal_token, retried=LISTED)
    conversations = Conversations(tickets)
    paces = MongoPaces(parts.database)

    def ports() -> SendPorts:
        return SendPorts(
            ground.sends, ground.files, ground.directory, parts.clock, counts, conversations, paces
        )

    jobs = make_jobs(settings.broker_url, ports, parts.metrics)
    worker = JobWorker(jobs, threads=settings.send_threads)
    keeper = ClaimKeeper(ground.sends, settings.send_claim)
    gauges = LedgerGauges(ground.intake, ground.channels, ground.sends, ground.mailboxes, parts.metrics)
    place = Place(ground.edge, ground.mailboxes, parts.clock, Budget(IN_HAND, CHUNK_BYTES))
    fetcher = MailFetcher(place, parts.leases, ground.takes)
    sweep = IntakeSweep(ground.intake, ground.publisher, settings.sweep_after)
    orphans = ChunkSweep(Chunks(parts.database, parts.clock), ground.intake, ground.files)
    loops = [
        parts.loop(
            "sends", SendLoop(ground.sends, paces, parts.clock, jobs, ports).turn, every=settings.send_every
        ),
        parts.loop("intake-sweep", sweep.turn, every=settings.sweep_after / 5),
        parts.loop("chunk-sweep", orphans.turn, every=settings.chunk_sweep_every),
        # The lease outlasts two looks, or nobody would export between them.
        parts.loop(
            "ledger-gauges", gauges.measure, every=settings.measure_every, lasting=settings.measure_every * 4
        ),
        parts.outbox_sweep(),
    ]

    def prepare() -> None:
        ground.prepare()
        jobs.prepare()

    return roles.assembled(parts, [ground.publisher, keeper, worker, fetcher, *loops], prepare)


def prepare(parts: Parts) -> None:
    """Indexes, queues and bindings of every role. Raises Unavailable."""
    settings = parts.settings
    assert isinstance(settings, Settings)
    ground_of(parts, settings).prepare()
    make_jobs(settings.broker_url, _no_ports, parts.metrics).prepare()


def _no_ports() -> SendPorts:
    raise NotImplementedError("who only prepares runs no job")


ROLES: Mapping[str, Callable[[Parts, Settings], Sequence[run.Component]]] = {
    "serve": serve,
    "listen": listen,
    "work": work,
}


def main(words: Sequence[str]) -> int:
    """Run one role until told to stop; answers the exit code."""
    parser = roles.parser("ingest", ROLES)
    narrower = "only channels of this"
    parser.add_argument("--channel", action="append", default=[], help="only this channel; may be repeated")
    parser.add_argument("--lane", action="append", default=[], help=f"{narrower} lane; may be repeated")
    parser.add_argument("--kind", action="append", default=[], help=f"{narrower} kind; may be repeated")
    asked = parser.parse_args(words)

    def narrow(settings: Settings) -> Settings:
        # Told with all other mistakes of the environment, before anything is connected to.
        places_of(settings)
        return replace(
            settings,
            lanes=tuple(asked.lane) or settings.lanes,
            only_channels=tuple(asked.channel) or settings.only_channels,
            only_kinds=tuple(asked.kind) or settings.only_kinds,
        )

    return roles.start("ingest", asked.role, Settings, ROLES, prepare, prefix="relaydesk", narrow=narrow)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
