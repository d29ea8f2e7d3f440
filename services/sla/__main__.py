"""The sla service: `python -m services.sla serve|listen|work|prepare`."""

import sys
from collections.abc import Callable, Mapping, Sequence

from chassis import roles, rpc, run
from chassis.rpc import RpcServer
from chassis.service import Parts
from chassis.tokens import CachedAuthenticator
from chassis.units import Unit
from services.sla.adapters.alarms import AlarmPoller, GapFiller
from services.sla.adapters.measures import Measures, StoreGauges
from services.sla.adapters.mongo import INDEXES, SHARDS, MongoPorts, Shelf
from services.sla.adapters.rpc import ACCESS, SlaRpc, register
from services.sla.adapters.tickets import RETRIED, Accounts, TicketsLog
from services.sla.adapters.wire import CONSUMES
from services.sla.application import HANDLERS
from services.sla.config import Settings
from services.sla.domain.record import GAP_PATIENCE


def serve(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """gRPC: policies, calendars and the clocks of tickets."""
    shelf = Shelf(parts.database)
    tickets = rpc.channel(settings.tickets_address, settings.internal_token, retried=RETRIED)
    authenticate = CachedAuthenticator(Accounts(tickets).check, internal_token=settings.internal_token)
    server = RpcServer(settings.grpc_port, parts.metrics, authenticate, ACCESS, host=settings.grpc_host)
    runner = parts.runner("sla.rpc", _ports(parts, shelf, Measures(parts.metrics)), HANDLERS)
    register(server, SlaRpc(parts.database, parts.clock, shelf, runner))
    return roles.assembled(parts, [server], lambda: prepare(parts))


def listen(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """Facts of tickets, into their clocks."""
    open_ports = _ports(parts, Shelf(parts.database), Measures(parts.metrics))
    listener = parts.listener(
        CONSUMES,
        open_ports,
        HANDLERS,
        batch_max=settings.batch_max,
        linger=settings.linger,
        prefetch=settings.prefetch,
    )
    return roles.assembled(parts, [listener], lambda: prepare(parts))


def work(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """Alarms, gaps, the outbox's sweep, the counts."""
    measures = Measures(parts.metrics)
    open_ports = _ports(parts, Shelf(parts.database), measures)
    tickets = rpc.channel(settings.tickets_address, settings.internal_token, retried=RETRIED)
    runner = parts.runner("sla.gaps", open_ports, HANDLERS)
    gaps = GapFiller(parts.database, parts.clock, runner, TicketsLog(tickets).read, GAP_PATIENCE)
    alarms = AlarmPoller(
        parts.database,
        parts.clock,
        parts.runner("sla.alarms", open_ports, HANDLERS),
        measures,
        batch=settings.alarm_batch,
    )
    gauges = StoreGauges(parts.metrics, parts.database, parts.clock)
    loops: list[run.Component] = [
        parts.shared_loop(
            "alarms",
            alarms.fire,
            parts=SHARDS,
            every=settings.alarm_every,
            lasting=settings.alarm_lease,
        ),
        parts.loop("gaps", gaps.fill, every=settings.gap_every),
        # The lease outlasts two looks, or nobody would export between them.
        parts.loop("counts", gauges.count, every=settings.count_every, lasting=settings.count_every * 4),
        parts.outbox_sweep(),
    ]
    return roles.assembled(parts, loops, lambda: prepare(parts))


def prepare(parts: Parts) -> None:
    """Indexes, queues and bindings. Raises Unavailable."""
    parts.prepare(INDEXES, CONSUMES)


def _ports(parts: Parts, shelf: Shelf, measures: Measures) -> Callable[[Unit], MongoPorts]:
    return lambda unit: MongoPorts(unit, shelf, measures.said)


ROLES: Mapping[str, Callable[[Parts, Settings], Sequence[run.Component]]] = {
    "serve": serve,
    "listen": listen,
    "work": work,
}


def main(words: Sequence[str]) -> int:
    """Run one role until told to stop; answers the exit code."""
    role = roles.parser("sla", ROLES).parse_args(words).role
    return roles.start("sla", role, Settings, ROLES, prepare, prefix="relaydesk")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
