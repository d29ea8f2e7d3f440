"""The reports service: `python -m services.reports serve|listen|work|prepare`."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta

from chassis import bus, roles, rpc, run
from chassis.calendars import CalendarAsker, CalendarShelf
from chassis.ids import new_id
from chassis.jobs import JobWorker
from chassis.listener import dead_name, queue_name
from chassis.rpc import RpcServer
from chassis.service import LANES, Parts
from chassis.tokens import CachedAuthenticator
from chassis.units import Unit
from services.reports.adapters.broker import EitherBroker, ManagementBroker, PassiveBroker
from services.reports.adapters.calendars import RETRIED as SLA_RETRIED
from services.reports.adapters.calendars import CalendarFacts, calendar_of_bytes
from services.reports.adapters.gauges import QueueGauges
from services.reports.adapters.jobs import ExportKeeper, export_jobs
from services.reports.adapters.mongo import INDEXES, MongoBuckets, MongoCounting, MongoExports, MongoLoads
from services.reports.adapters.rpc import ACCESS, ReportsRpc, register
from services.reports.adapters.sampler import QueueSampler
from services.reports.adapters.tickets import RETRIED, Accounts
from services.reports.adapters.wire import CONSUMES
from services.reports.application import HANDLERS
from services.reports.config import Settings
from services.reports.domain.facts import KeepCalendar
from services.reports.domain.queues import INTAKE

_SLOTS = 16


def serve(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """gRPC: reports, the board, the queues' load, exports."""
    tickets = rpc.channel(settings.tickets_address, settings.internal_token, retried=RETRIED)
    authenticate = CachedAuthenticator(Accounts(tickets).check, internal_token=settings.internal_token)
    server = RpcServer(settings.grpc_port, parts.metrics, authenticate, ACCESS, host=settings.grpc_host)
    register(
        server,
        ReportsRpc(
            MongoBuckets(parts.database),
            MongoLoads(parts.database),
            MongoExports(parts.database, parts.clock),
            parts.clock,
        ),
    )
    return roles.assembled(parts, [server], lambda: prepare(parts))


def listen(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """Facts, into counts; and under a lease a look at all calendars."""
    calendars = CalendarShelf(parts.database, calendar_of_bytes)
    slot = int(new_id()[-1], 16) % _SLOTS

    def open_ports(unit: Unit) -> MongoCounting:
        return MongoCounting(unit, slot, calendars)

    sla = rpc.channel(settings.sla_address, settings.internal_token, retried=SLA_RETRIED)
    asker = CalendarAsker(
        CalendarFacts(sla).page, KeepCalendar, parts.runner("reports.calendars", open_ports, HANDLERS)
    )
    looking = parts.loop("calendars", asker.look, every=settings.calendars_every)
    listener = parts.listener(
        CONSUMES,
        open_ports,
        HANDLERS,
        batch_max=settings.batch_max,
        linger=settings.linger,
        prefetch=settings.prefetch,
    )
    return roles.assembled(parts, [looking, listener], lambda: prepare(parts))


def work(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """The queues' load, exports."""
    loads, buckets = MongoLoads(parts.database), MongoBuckets(parts.database)
    exports = MongoExports(parts.database, parts.clock)
    broker = EitherBroker(
        ManagementBroker(settings.broker_url, settings.broker_management_url),
        PassiveBroker(parts.bus, lambda: _queues(parts, settings, loads, buckets)),
    )
    sampler = QueueSampler(broker, loads, QueueGauges(parts.metrics), parts.clock)
    jobs = export_jobs(settings.broker_url, parts.metrics, parts.clock, buckets, exports)
    loops = [
        # The lease outlasts two looks, or nobody would export between them.
        parts.loop(
            "queue-load", sampler.sample, every=settings.sample_every, lasting=settings.sample_every * 4
        ),
        parts.loop("exports", ExportKeeper(exports, jobs).keep, every=settings.export_every),
    ]
    worker = JobWorker(jobs, threads=settings.export_threads)
    return roles.assembled(parts, [*loops, worker], lambda: prepare(parts))


def prepare(parts: Parts) -> None:
    """Indexes, queues and bindings. Raises Unavailable."""
    parts.prepare(INDEXES, CONSUMES)


def _queues(parts: Parts, settings: Settings, loads: MongoLoads, buckets: MongoBuckets) -> Iterator[str]:
    """Every queue that there may be."""
    for consumer in settings.watched_consumers:
        yield dead_name(consumer)
        for lane in LANES:
            yield queue_name(consumer, lane)
    for name, _ in bus.DELAYS:
        yield f"delay.{name}"
    now = parts.clock.now()
    yield from loads.known(now - timedelta(days=1))
    for channel in buckets.channels(now - timedelta(days=1)):
        yield f"{INTAKE}{channel}"


ROLES: Mapping[str, Callable[[Parts, Settings], Sequence[run.Component]]] = {
    "serve": serve,
    "listen": listen,
    "work": work,
}


def main(words: Sequence[str]) -> int:
    """Run one role until told to stop; answers the exit code."""
    role = roles.parser("reports", ROLES).parse_args(words).role
    return roles.start("reports", role, Settings, ROLES, prepare, prefix="relaydesk")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
