"""The rules service: `python -m services.rules serve|listen|prepare`."""

import sys
from collections.abc import Callable, Mapping, Sequence

import grpc

from chassis import roles, rpc, run
from chassis.calendars import CalendarAsker, CalendarShelf
from chassis.rpc import RpcServer
from chassis.service import Parts
from chassis.tokens import CachedAuthenticator
from chassis.units import Unit
from services.rules.adapters.calendars import RETRIED as SLA_RETRIED
from services.rules.adapters.calendars import CalendarFacts, calendar_of_bytes
from services.rules.adapters.measures import Measures
from services.rules.adapters.mongo import INDEXES, MongoPorts, Shelf
from services.rules.adapters.rpc import ACCESS, RulesRpc, register
from services.rules.adapters.tickets import RETRIED, Accounts, Messages, PresentTickets, TicketCommands
from services.rules.adapters.wire import CONSUMES
from services.rules.application import HANDLERS
from services.rules.config import Settings
from services.rules.domain.commands import KeepCalendar


def serve(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """gRPC: rules, and why something did or did not happen."""
    shelf, calendars = Shelf(parts.database), CalendarShelf(parts.database, calendar_of_bytes)
    tickets = _tickets(settings)
    authenticate = CachedAuthenticator(Accounts(tickets).check, internal_token=settings.internal_token)
    server = RpcServer(settings.grpc_port, parts.metrics, authenticate, ACCESS, host=settings.grpc_host)
    runner = parts.runner("rules.rpc", _ports(parts, settings, shelf, calendars, tickets), HANDLERS)
    register(server, RulesRpc(parts.database, shelf, calendars, runner, Messages(tickets), parts.clock))
    return roles.assembled(parts, [server], lambda: prepare(parts))


def listen(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """Facts of tickets and calendars, and under leases the outbox's sweep and a look at all calendars."""
    calendars = CalendarShelf(parts.database, calendar_of_bytes)
    open_ports = _ports(parts, settings, Shelf(parts.database), calendars, _tickets(settings))
    listener = parts.listener(
        CONSUMES,
        open_ports,
        HANDLERS,
        # Commands go to tickets before the commit.
        acts_outside=True,
        batch_max=settings.batch_max,
        linger=settings.linger,
        prefetch=settings.prefetch,
    )
    sla = rpc.channel(settings.sla_address, settings.internal_token, retried=SLA_RETRIED)
    keeping = parts.runner("rules.calendars", open_ports, HANDLERS)
    asker = CalendarAsker(CalendarFacts(sla).page, KeepCalendar, keeping)
    loops: list[run.Component] = [
        parts.loop("calendars", asker.look, every=settings.calendars_every),
        parts.outbox_sweep(),
    ]
    return roles.assembled(parts, [*loops, listener], lambda: prepare(parts))


def prepare(parts: Parts) -> None:
    """Indexes, queues and bindings. Raises Unavailable."""
    parts.prepare(INDEXES, CONSUMES)


def _tickets(settings: Settings) -> grpc.Channel:
    return rpc.channel(settings.tickets_address, settings.internal_token, retried=RETRIED)


def _ports(
    parts: Parts, settings: Settings, shelf: Shelf, calendars: CalendarShelf, tickets: grpc.Channel
) -> Callable[[Unit], MongoPorts]:
    measures = Measures(parts.metrics, parts.clock)
    commands = TicketCommands(tickets, settings.tickets_deadline)
    reader = PresentTickets(tickets)
    return lambda unit: MongoPorts(unit, shelf, calendars, reader, commands, measures.applied)


ROLES: Mapping[str, Callable[[Parts, Settings], Sequence[run.Component]]] = {
    "serve": serve,
    "listen": listen,
}


def main(words: Sequence[str]) -> int:
    """Run one role until told to stop; answers the exit code."""
    role = roles.parser("rules", ROLES).parse_args(words).role
    return roles.start("rules", role, Settings, ROLES, prepare, prefix="relaydesk")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
