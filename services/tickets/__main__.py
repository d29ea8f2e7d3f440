"""The tickets service: `python -m services.tickets serve|listen|work|prepare`."""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from chassis import run
from chassis.batches import GroupCommitter
from chassis.config import ConfigError, load
from chassis.errors import Unavailable
from chassis.preparation import Preparation
from chassis.rpc import RpcServer
from chassis.service import Parts
from chassis.tokens import CachedAuthenticator
from chassis.units import Unit
from chassis.web import Heartbeat, ProbeServer
from services.tickets.adapters.gauges import OpenTickets
from services.tickets.adapters.measures import Measures
from services.tickets.adapters.mongo import INDEXES, MongoDirectory, MongoPorts, Numbers
from services.tickets.adapters.mongo.accounts import MongoAccounts
from services.tickets.adapters.mongo.log import MongoLog
from services.tickets.adapters.mongo.queries import MongoQueries
from services.tickets.adapters.mongo.sequence import Sequencer
from services.tickets.adapters.rpc import (
    ACCESS,
    ANSWERING,
    REFUSALS,
    AccountsRpc,
    PageTokens,
    Tailer,
    TicketsRpc,
    register,
)
from services.tickets.adapters.rpc.accounts import RealAccounts
from services.tickets.adapters.rpc.callers import Callers
from services.tickets.adapters.wire import CONSUMES
from services.tickets.application import HANDLERS
from services.tickets.config import Settings

# A token that was withdrawn is refused here within this; other services remember for longer.
_TOKENS_REMEMBERED = timedelta(seconds=5)


def serve(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """gRPC: tickets and accounts."""
    directory = MongoDirectory(parts.database)
    runner = parts.runner("tickets.rpc", _ports(parts, directory), ANSWERING)
    committer = GroupCommitter(runner.run, batch_max=settings.batch_max)
    accounts = RealAccounts(MongoAccounts(parts.database), parts.clock)
    tailer = Tailer(
        MongoLog(parts.database), every=settings.watch_every, heartbeat_every=settings.heartbeat_every
    )
    server = RpcServer(
        settings.grpc_port,
        parts.metrics,
        CachedAuthenticator(
            accounts.authenticate, internal_token=settings.internal_token, ttl=_TOKENS_REMEMBERED
        ),
        ACCESS,
        refusals=REFUSALS,
        host=settings.grpc_host,
    )
    register(
        server,
        TicketsRpc(
            MongoQueries(parts.database),
            committer,
            Callers(directory),
            PageTokens(settings.instance_key),
            tailer,
        ),
        AccountsRpc(accounts, directory),
    )
    preparation = Preparation(lambda: prepare(parts))
    beats = [Heartbeat("rpc"), Heartbeat("tailer")]
    server.heartbeat, tailer.heartbeat = (beat.beat for beat in beats)
    ready = {"rpc": server.is_ready, "preparation": preparation.is_ready}
    return [_probes(parts, settings, beats, ready), preparation, committer, tailer, server]


def listen(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """Messages, deliveries and clocks."""
    open_ports = _ports(parts, MongoDirectory(parts.database))
    listener = parts.listener(
        CONSUMES, open_ports, HANDLERS, batch_max=settings.batch_max, prefetch=settings.prefetch
    )
    preparation = Preparation(lambda: prepare(parts))
    beat = Heartbeat("listener")
    listener.heartbeat = beat.beat
    ready = {"listener": listener.is_ready, "preparation": preparation.is_ready}
    return [_probes(parts, settings, [beat], ready), preparation, listener]


def work(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """The sequence, the outbox's sweep, the counts."""
    open_tickets = OpenTickets(parts.metrics, MongoQueries(parts.database), settings.count_every)
    loops = [
        parts.loop("sequencer", Sequencer(parts.database, parts.clock).stamp, every=settings.sequence_every),
        parts.outbox_sweep(),
        parts.loop("open-tickets", open_tickets.count, every=settings.count_every),
    ]
    beats = []
    for loop in loops:
        beat = Heartbeat(loop.name)
        loop.heartbeat = beat.beat
        beats.append(beat)
    preparation = Preparation(lambda: prepare(parts))
    probes = _probes(parts, settings, beats, {"preparation": preparation.is_ready})
    return [probes, preparation, *loops]


def prepare(parts: Parts) -> None:
    """Indexes, queues and bindings. Raises Unavailable."""
    parts.prepare(INDEXES, CONSUMES)


def _ports(parts: Parts, directory: MongoDirectory) -> Callable[[Unit], MongoPorts]:
    numbers = Numbers(parts.database)
    measures = Measures(parts.metrics, parts.clock)
    return lambda unit: MongoPorts(unit, numbers, directory, measures.committed)


def _probes(
    parts: Parts,
    settings: Settings,
    heartbeats: Sequence[Heartbeat],
    ready: Mapping[str, Callable[[], bool]],
) -> ProbeServer:
    return ProbeServer(
        settings.probe_port, parts.metrics, heartbeats=heartbeats, ready=ready, host=settings.probe_host
    )


ROLES: Mapping[str, Callable[[Parts, Settings], Sequence[run.Component]]] = {
    "serve": serve,
    "listen": listen,
    "work": work,
}


def main(words: Sequence[str]) -> int:
    """Run one role until told to stop; answers the exit code."""
    if len(words) != 1 or words[0] not in (*ROLES, "prepare"):
        print(f"usage: python -m services.tickets {'|'.join(ROLES)}|prepare", file=sys.stderr)  # noqa: T201
        return 2
    role = words[0]
    try:
        settings = load(Settings)
    except ConfigError as error:
        return run.refuse(error)
    parts = Parts("tickets", role, settings, prefix="relaydesk")
    try:
        if role == "prepare":
            prepare(parts)
            return 0
        return run.run([parts.telemetry, *ROLES[role](parts, settings)])
    except Unavailable as away:
        print(away, file=sys.stderr)  # noqa: T201
        return 1
    finally:
        parts.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
