"""The reports service: `python -m services.reports serve|listen|work|prepare`."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta

from chassis import bus, rpc, run
from chassis.config import ConfigError, load
from chassis.errors import Unavailable
from chassis.ids import new_id
from chassis.jobs import JobWorker
from chassis.listener import dead_name, queue_name
from chassis.preparation import Preparation
from chassis.rpc import RpcServer
from chassis.service import LANES, Parts
from chassis.tokens import CachedAuthenticator
from chassis.web import Heartbeat, ProbeServer
from services.reports.adapters.broker import EitherBroker, ManagementBroker, PassiveBroker
from services.reports.adapters.gauges import QueueGauges
from services.reports.adapters.jobs import ExportKeeper, export_jobs
from services.reports.adapters.mongo import INDEXES, MongoBuckets, MongoCounting, MongoExports, MongoLoads
from services.reports.adapters.rpc import ACCESS, ReportsRpc, register
from services.reports.adapters.sampler import QueueSampler
from services.reports.adapters.tickets import RETRIED, Accounts
from services.reports.adapters.wire import CONSUMES
from services.reports.application import HANDLERS
from services.reports.config import Settings
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
    preparation = Preparation(lambda: prepare(parts))
    beat = Heartbeat("rpc")
    server.heartbeat = beat.beat
    ready = {"rpc": server.is_ready, "preparation": preparation.is_ready}
    return [_probes(parts, settings, [beat], ready), preparation, server]


def listen(parts: Parts, settings: Settings) -> Sequence[run.Component]:
    """Facts, into counts."""
    slot = int(new_id()[-1], 16) % _SLOTS
    listener = parts.listener(
        CONSUMES,
        lambda unit: MongoCounting(unit, slot),
        HANDLERS,
        batch_max=settings.batch_max,
        linger=settings.linger,
        prefetch=settings.prefetch,
    )
    preparation = Preparation(lambda: prepare(parts))
    beat = Heartbeat("listener")
    listener.heartbeat = beat.beat
    ready = {"listener": listener.is_ready, "preparation": preparation.is_ready}
    return [_probes(parts, settings, [beat], ready), preparation, listener]


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
    worker_beat = Heartbeat(worker.name)
    worker.heartbeat = worker_beat.beat
    beats = [worker_beat]
    for loop in loops:
        beat = Heartbeat(loop.name)
        loop.heartbeat = beat.beat
        beats.append(beat)
    preparation = Preparation(lambda: prepare(parts))
    probes = _probes(parts, settings, beats, {"preparation": preparation.is_ready})
    return [probes, preparation, *loops, worker]


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
        print(f"usage: python -m services.reports {'|'.join(ROLES)}|prepare", file=sys.stderr)  # noqa: T201
        return 2
    role = words[0]
    try:
        settings = load(Settings)
    except ConfigError as error:
        return run.refuse(error)
    parts = Parts("reports", role, settings, prefix="relaydesk")
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
