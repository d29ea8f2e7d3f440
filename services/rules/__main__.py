"""The rules service: `python -m services.rules serve|listen|prepare`."""

import sys
from collections.abc import Callable, Mapping, Sequence

import grpc

from chassis import rpc, run
from chassis.config import ConfigError, load
from chassis.errors import Unavailable
from chassis.preparation import Preparation
from chassis.rpc import RpcServer
from chassis.service import Parts
from chassis.tokens import CachedAuthenticator
from chassis.units import Unit
from chassis.web import Heartbeat, ProbeServer
from services.rules.adapters.measures import Measures
from services.rules.adapters.mongo import INDEXES, MongoPorts, Shelf
from services.rules.adapters.rpc import ACCESS, RulesRpc, register
from services.rules.adapters.tickets import RETRIED, Accounts, Messages, TicketCommands
from services.rules.adapters.wire import CONSUMES
from services.rules.application import HANDLERS
from services.rules.config import Settings


def serve(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """gRPC: rules, and why something did or did not happen."""
    shelf = Shelf(parts.database)
    tickets = _tickets(settings)
    authenticate = CachedAuthenticator(Accounts(tickets).check, internal_token=settings.internal_token)
    server = RpcServer(settings.grpc_port, parts.metrics, authenticate, ACCESS, host=settings.grpc_host)
    runner = parts.runner("rules.rpc", _ports(parts, settings, shelf, tickets), HANDLERS)
    register(server, RulesRpc(parts.database, shelf, runner, Messages(tickets)))
    preparation = Preparation(lambda: prepare(parts))
    beat = Heartbeat("rpc")
    server.heartbeat = beat.beat
    ready = {"rpc": server.is_ready, "preparation": preparation.is_ready}
    return [_probes(parts, settings, [beat], ready), preparation, server]


def listen(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """Facts of tickets, and under a lease the outbox's sweep."""
    open_ports = _ports(parts, settings, Shelf(parts.database), _tickets(settings))
    listener = parts.listener(
        CONSUMES,
        open_ports,
        HANDLERS,
        batch_max=settings.batch_max,
        linger=settings.linger,
        prefetch=settings.prefetch,
    )
    sweep = parts.outbox_sweep()
    preparation = Preparation(lambda: prepare(parts))
    beats = [Heartbeat("listener"), Heartbeat("outbox-sweep")]
    listener.heartbeat, sweep.heartbeat = (beat.beat for beat in beats)
    ready = {"listener": listener.is_ready, "preparation": preparation.is_ready}
    return [_probes(parts, settings, beats, ready), preparation, sweep, listener]


def prepare(parts: Parts) -> None:
    """Indexes, queues and bindings. Raises Unavailable."""
    parts.prepare(INDEXES, CONSUMES)


def _tickets(settings: Settings) -> grpc.Channel:
    return rpc.channel(settings.tickets_address, settings.internal_token, retried=RETRIED)


def _ports(
    parts: Parts, settings: Settings, shelf: Shelf, tickets: grpc.Channel
) -> Callable[[Unit], MongoPorts]:
    measures = Measures(parts.metrics, parts.clock)
    commands = TicketCommands(tickets, settings.tickets_deadline)
    return lambda unit: MongoPorts(unit, shelf, commands, measures.applied)


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
}


def main(words: Sequence[str]) -> int:
    """Run one role until told to stop; answers the exit code."""
    if len(words) != 1 or words[0] not in (*ROLES, "prepare"):
        print(f"usage: python -m services.rules {'|'.join(ROLES)}|prepare", file=sys.stderr)  # noqa: T201
        return 2
    role = words[0]
    try:
        settings = load(Settings)
    except ConfigError as error:
        return run.refuse(error)
    parts = Parts("rules", role, settings, prefix="relaydesk")
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
