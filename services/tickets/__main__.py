"""The tickets service: `python -m services.tickets serve|listen|work|prepare`."""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from chassis import roles, run
from chassis.group_commit import GroupCommitter
from chassis.rpc import RpcServer
from chassis.service import Parts
from chassis.tokens import CachedAuthenticator
from chassis.units import Unit
from services.tickets.adapters.gauges import OpenTickets
from services.tickets.adapters.measures import Measures
from services.tickets.adapters.mongo import INDEXES, MongoDirectory, MongoPorts, Numbers
from services.tickets.adapters.mongo.accounts import MongoAccounts
from services.tickets.adapters.mongo.bursts import Met
from services.tickets.adapters.mongo.customer_queries import MongoCustomerQueries
from services.tickets.adapters.mongo.log import MongoLog
from services.tickets.adapters.mongo.queries import MongoQueries
from services.tickets.adapters.mongo.sequence import Sequencer
from services.tickets.adapters.rpc import (
    ACCESS,
    ANSWERING,
    REFUSALS,
    AccountsRpc,
    CustomersRpc,
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
from services.tickets.domain.commands import RecordClock
from services.tickets.domain.storm import StormLimit

# A token that was withdrawn is refused here within this; other services remember for longer.
_TOKENS_REMEMBERED = timedelta(seconds=5)
# Between two slices of a count.
_SLICE_EVERY = timedelta(milliseconds=250)


def serve(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """gRPC: tickets, customers and accounts."""
    directory = MongoDirectory(parts.database)
    open_ports = _ports(parts, directory, settings.phone_region)
    runner = parts.runner("tickets.rpc", open_ports, ANSWERING)
    committer = GroupCommitter(runner.run, batch_max=settings.batch_max)
    accounts = RealAccounts(MongoAccounts(parts.database, parts.clock), parts.clock)
    log = MongoLog(parts.database)
    tailer = Tailer(log, every=settings.watch_every, heartbeat_every=settings.heartbeat_every)
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
    queries, callers = MongoQueries(parts.database), Callers(directory)
    tokens = PageTokens(settings.instance_key)
    register(
        server,
        TicketsRpc(queries, committer, callers, tokens, log, tailer),
        CustomersRpc(
            MongoCustomerQueries(parts.database, directory),
            queries,
            committer,
            callers,
            tokens,
            settings.phone_region,
        ),
        AccountsRpc(accounts, directory, callers),
    )
    return roles.assembled(parts, [committer, tailer, server], lambda: prepare(parts))


def listen(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """Messages, deliveries and clocks."""
    limit = StormLimit(settings.storm_tickets, settings.storm_window)
    open_ports = _ports(parts, MongoDirectory(parts.database), settings.phone_region, limit)
    listener = parts.listener(
        CONSUMES,
        open_ports,
        HANDLERS,
        knows_repeats=(RecordClock,),
        batch_max=settings.batch_max,
        prefetch=settings.prefetch,
    )
    return roles.assembled(parts, [listener], lambda: prepare(parts))


def work(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """The sequence, the outbox's sweep, the counts."""
    open_tickets = OpenTickets(parts.metrics, MongoQueries(parts.database), settings.count_every)
    # The lease outlasts two looks, or nobody would export between them.
    counting = parts.loop(
        "open-tickets", open_tickets.count, every=_SLICE_EVERY, lasting=settings.count_every * 4
    )
    counting.without = open_tickets.forget
    loops = [
        parts.loop("sequencer", Sequencer(parts.database, parts.clock).stamp, every=settings.sequence_every),
        parts.outbox_sweep(),
        counting,
    ]
    return roles.assembled(parts, loops, lambda: prepare(parts))


def prepare(parts: Parts) -> None:
    """Indexes, queues and bindings. Raises Unavailable."""
    parts.prepare(INDEXES, CONSUMES)


def _ports(
    parts: Parts,
    directory: MongoDirectory,
    phone_region: str,
    storm_limit: StormLimit = StormLimit(),  # noqa: B008 - frozen
) -> Callable[[Unit], MongoPorts]:
    numbers = Numbers(parts.database)
    measures = Measures(parts.metrics, parts.clock)
    met = Met()
    return lambda unit: MongoPorts(
        unit, numbers, directory, measures.committed, storm_limit, phone_region, met
    )


ROLES: Mapping[str, Callable[[Parts, Settings], Sequence[run.Component]]] = {
    "serve": serve,
    "listen": listen,
    "work": work,
}


def main(words: Sequence[str]) -> int:
    """Run one role until told to stop; answers the exit code."""
    role = roles.parser("tickets", ROLES).parse_args(words).role
    return roles.start("tickets", role, Settings, ROLES, prepare, prefix="relaydesk")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
