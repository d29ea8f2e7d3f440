"""The sla service: `python -m services.sla serve|listen|work|prepare`."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from ipaddress import ip_network

from chassis import roles, rpc, run
from chassis.fetch import fetch
from chassis.rpc import RpcServer
from chassis.service import Parts
from chassis.tokens import CachedAuthenticator
from chassis.units import Unit
from services.sla.adapters import insight_rpc, timers_rpc, what_if_rpc
from services.sla.adapters import rpc as sla_rpc
from services.sla.adapters.alarms import AlarmPoller
from services.sla.adapters.feeds import CalendarKeeper, Feeds
from services.sla.adapters.gaps import GapFiller
from services.sla.adapters.measures import Measures, StoreGauges
from services.sla.adapters.mongo import INDEXES, SHARDS, MongoPorts, Shelf
from services.sla.adapters.pages import PageTurner
from services.sla.adapters.tickets import RETRIED, Accounts, TicketsLog
from services.sla.adapters.what_if_counter import WhatIfCounter
from services.sla.adapters.wire import CONSUMES
from services.sla.application import HANDLERS
from services.sla.config import Settings
from services.sla.domain.commands import FireAlarm, FireTimer
from services.sla.domain.record import GAP_PATIENCE


def serve(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """gRPC: policies, calendars, the clocks of tickets, timers of others."""
    shelf = Shelf(parts.database)
    tickets = rpc.channel(settings.tickets_address, settings.internal_token, retried=RETRIED)
    authenticate = CachedAuthenticator(Accounts(tickets).check, internal_token=settings.internal_token)
    access = {**sla_rpc.ACCESS, **timers_rpc.ACCESS, **insight_rpc.ACCESS, **what_if_rpc.ACCESS}
    server = RpcServer(settings.grpc_port, parts.metrics, authenticate, access, host=settings.grpc_host)
    runner = parts.runner("sla.rpc", _ports(parts, shelf, Measures(parts.metrics)), HANDLERS)
    feeds = _feeds(parts, settings)
    sla_rpc.register(server, sla_rpc.SlaRpc(parts.database, parts.clock, shelf, runner, feeds))
    timers_rpc.register(server, timers_rpc.TimersRpc(parts.database, runner))
    insight = insight_rpc.InsightRpc(parts.database, parts.clock, shelf, TicketsLog(tickets))
    insight_rpc.register(server, insight)
    what_if_rpc.register(server, what_if_rpc.WhatIfRpc(parts.database, parts.clock, shelf, feeds))
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
    """Alarms, gaps, what-ifs, the outbox's sweep, the counts."""
    measures = Measures(parts.metrics)
    shelf = Shelf(parts.database)
    open_ports = _ports(parts, shelf, measures)
    tickets = rpc.channel(settings.tickets_address, settings.internal_token, retried=RETRIED)
    runner = parts.runner("sla.gaps", open_ports, HANDLERS)
    gaps = GapFiller(parts.database, parts.clock, runner, TicketsLog(tickets).read, GAP_PATIENCE)
    turning = parts.runner("sla.pages", open_ports, HANDLERS)
    pages = PageTurner(parts.database, parts.clock, shelf, turning, batch=settings.page_batch)
    keeping = parts.runner("sla.calendars", open_ports, HANDLERS)
    calendars = CalendarKeeper(parts.clock, shelf, _feeds(parts, settings), keeping)
    gauges = StoreGauges(parts.metrics, parts.database, parts.clock)
    loops: list[run.Component] = [
        *_pollers(parts, settings, open_ports, measures),
        parts.loop("gaps", gaps.fill, every=settings.gap_every),
        parts.loop("pages", pages.turn, every=settings.page_every),
        # A step is far shorter; what was begun with a dead one goes on as late as this.
        parts.loop(
            "what-ifs",
            WhatIfCounter(parts.database, parts.clock, shelf).count,
            every=settings.what_if_every,
            lasting=settings.what_if_lease,
        ),
        # Its lease outlasts a look at feeds each of which hangs until the end.
        parts.loop("calendars", calendars.look, every=settings.feed_every, lasting=settings.feed_every * 2),
        # The lease outlasts two looks, or nobody would export between them.
        parts.loop("counts", gauges.count, every=settings.count_every, lasting=settings.count_every * 4),
        parts.outbox_sweep(),
    ]
    return roles.assembled(parts, loops, lambda: prepare(parts))


def _pollers(
    parts: Parts, settings: Settings, open_ports: Callable[[Unit], MongoPorts], measures: Measures
) -> Iterator[run.Component]:
    """Of clocks and of timers, each in a thread of its own: many reminders at nine o'clock hold up no breach."""
    for name, fires in (("clocks", FireAlarm), ("timers", FireTimer)):
        poller = AlarmPoller(
            parts.database[name],
            fires,
            parts.clock,
            parts.runner(f"sla.{name}", open_ports, HANDLERS),
            measures,
            batch=settings.alarm_batch,
        )
        yield parts.shared_loop(
            f"alarms of {name}",
            poller.fire,
            parts=SHARDS,
            every=settings.alarm_every,
            lasting=settings.alarm_lease,
        )


def prepare(parts: Parts) -> None:
    """Indexes, queues and bindings. Raises Unavailable."""
    parts.prepare(INDEXES, CONSUMES)


def _feeds(parts: Parts, settings: Settings) -> Feeds:
    allowed = [ip_network(one) for one in settings.feed_networks]
    return Feeds(
        parts.database,
        parts.clock,
        partial(fetch, seconds=settings.feed_patience.total_seconds(), allowed=allowed),
    )


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
