"""Reports on a real broker and a real store: facts counted once, queues sampled by one, exports written."""

import csv
import io
import random
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, product
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.batches import Outcome, Task
from chassis.bus import Bus, Outgoing, Publisher, declare_queue
from chassis.calendars import CalendarShelf
from chassis.errors import FailedPrecondition, InvalidFields, NotFound, Unavailable
from chassis.run import Component
from chassis.units import Unit
from chassis.web import ProbeServer
from relaydesk.reports.v1 import service_pb2 as pb
from relaydesk.reports.v1.service_pb2_grpc import ReportsServiceStub
from relaydesk.sla.v1 import events_pb2 as sla
from services.reports import __main__ as main
from services.reports.adapters.broker import ManagementBroker, PassiveBroker
from services.reports.adapters.calendars import calendar_of_bytes
from services.reports.adapters.mongo import MongoCounting
from services.reports.adapters.wire import CONSUMES
from services.reports.application import HANDLERS
from services.reports.config import Settings
from services.reports.domain.facts import CountChange, CountPromise
from services.reports.domain.figures import COUNTS, DURATIONS
from services.reports.domain.query import Query
from tests.fakes.reports import MemoryCounting
from tests.fakes.ticket_facts import MONDAY, TicketLife, Told, enveloped, stamp
from tests.integration.service_desk import ServiceDesk, common
from tests.waiting import wait_until

DAY = timedelta(days=1)
BEGIN = MONDAY.replace(hour=0)


@pytest.fixture
def settings(vhost: str, mongo_url: str, database_prefix: str, broker_management_url: str) -> Settings:
    return Settings(
        **common(vhost, mongo_url, database_prefix),
        broker_management_url=broker_management_url,
        linger=timedelta(milliseconds=20),
        sample_every=timedelta(milliseconds=500),
        export_every=timedelta(milliseconds=200),
        # Nobody is there.
        sla_address="127.0.0.1:1",
    )


@pytest.fixture
def desk(settings: Settings) -> Iterator[ServiceDesk]:
    desk = ServiceDesk(main, "reports", settings)
    yield desk
    desk.stop()


@pytest.fixture
def reports(desk: ServiceDesk) -> ReportsServiceStub:
    return ReportsServiceStub(desk.serve())


def asked(kind: type[Message], begin: datetime = BEGIN, end: datetime = BEGIN + 8 * DAY, **more: Any) -> Any:
    """A request with a span; `from` is a word of Python's own."""
    return kind(**{"from": stamp(begin), "to": stamp(end), **more})


def some_lives(count: int, seed: int) -> list[Told]:
    """Tickets that are opened, answered, solved, reopened and solved again, over two channels."""
    chance = random.Random(seed)
    told: list[Told] = []
    for number in range(count):
        life = TicketLife(f"life-{seed}-{number}", channel=f"c{number % 2}")
        at = chance.uniform(0, 500)
        life.opens(at, tags=["payment/refund"] if number % 3 else [])
        life.changes(at + 0.1, group=f"g{number % 4}")
        life.answers(at + chance.uniform(1, 90), by=f"a{number % 5}")
        life.changes(at + 100, status="solved")
        if number % 2:
            life.hears(at + chance.uniform(101, 2000))
            life.answers(at + 2100, status="solved")
        told += life.told
    return told


def expected_of(told: list[Told]) -> MemoryCounting:
    counted = MemoryCounting()
    commands = [CONSUMES[type(fact)](fact, envelope) for fact, envelope in told]
    counted.hear(*(command for command in commands if command is not None))
    return counted


def tallied(answer: pb.QueryReportResponse) -> dict[str, dict[str, float]]:
    """The sums of an answer by key."""
    found: dict[str, dict[str, float]] = {}
    for row in answer.rows:
        sums = found.setdefault(row.key, {})
        for name in COUNTS:
            sums[name] = sums.get(name, 0) + getattr(row, name)
        for name in DURATIONS:
            durations = getattr(row, name)
            sums[f"{name}.count"] = sums.get(f"{name}.count", 0) + durations.count
            sums[f"{name}.sum"] = round(sums.get(f"{name}.sum", 0) + durations.sum_seconds, 3)
    return found


def wanted(told: list[Told], by: str) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for key, figures in expected_of(told).buckets(Query(BEGIN, BEGIN + 8 * DAY, by)):
        if figures.is_zero:
            continue
        sums = found.setdefault(key.value if by else "", dict.fromkeys(_sums(), 0.0))
        for name in COUNTS:
            sums[name] += figures[name]
        for name in DURATIONS:
            durations = figures.duration(name)
            sums[f"{name}.count"] += durations.count
            sums[f"{name}.sum"] = round(sums[f"{name}.sum"] + durations.sum_milliseconds / 1000, 3)
    return found


def _sums() -> list[str]:
    return [*COUNTS, *(f"{name}.{what}" for name in DURATIONS for what in ("count", "sum"))]


def test_facts_count_once_though_doubled_shuffled_and_heard_by_two(
    desk: ServiceDesk, reports: ReportsServiceStub
) -> None:
    told = some_lives(40, seed=1)
    envelopes = [envelope for _, envelope in told] * 2
    random.Random(2).shuffle(envelopes)
    desk.role("listen")
    desk.role("listen")
    for start in range(0, len(envelopes), 30):
        desk.publish(*envelopes[start : start + 30])
    for by, minutes in product(("", "channel", "group", "agent", "tag"), (15, 60, 1440)):
        request = asked(pb.QueryReportRequest, by=by, bucket_minutes=minutes)
        wait_until(
            lambda request=request, by=by: tallied(reports.QueryReport(request)) == wanted(told, by),  # type: ignore[misc]
            timeout=60,
            describe=lambda request=request: tallied(reports.QueryReport(request)),  # type: ignore[misc]
        )
    assert desk.database["spells"].count_documents({}) == 0


def test_both_ends_of_a_spell_heard_at_once_by_two_replicas_are_measured_once(desk: ServiceDesk) -> None:
    life = TicketLife("t")
    life.opens(0)
    life.changes(10, status="solved")
    reopened, solved = (_command(told) for told in (life.hears(60), life.changes(90, status="solved")))
    races: list[list[Outcome]] = []

    def count_late(command: CountChange, ports: MongoCounting) -> object:
        """Another replica hears the other end after we have read and before we write."""
        if not races:
            races.append(_runner(desk, 1).run([Task("other", reopened)]))
        return HANDLERS[CountChange](command, ports)

    (outcome,) = _runner(desk, 0, {CountChange: count_late}).run([Task("one", solved)])
    assert outcome.error is None
    resolutions = [
        row["resolution"] for row in desk.database["buckets"].find({"resolution": {"$exists": True}})
    ]
    # One for each of channel, group and agent.
    assert [(found["n"], found["s"]) for found in resolutions] == [(1, 30 * 60_000)] * 3
    assert desk.database["spells"].count_documents({}) == 0


def test_a_breach_and_its_taking_back_heard_at_once_by_two_replicas_leave_none(desk: ServiceDesk) -> None:
    breached, met = (_command(_of_target(kind, epoch)) for kind, epoch in PROMISE)
    races: list[list[Outcome]] = []

    def count_late(command: CountPromise, ports: MongoCounting) -> object:
        """Another replica hears that it was met after we have read and before we write."""
        if not races:
            races.append(_runner(desk, 1).run([Task("met", met)]))
        return HANDLERS[CountPromise](command, ports)

    (outcome,) = _runner(desk, 0, {CountPromise: count_late}).run([Task("breached", breached)])
    assert outcome.error is None
    assert _sum(desk, "met") == 1
    assert _sum(desk, "breached") == 0


def test_a_breach_that_is_kept_is_taken_back_later(desk: ServiceDesk) -> None:
    for number, (kind, epoch) in enumerate(PROMISE):
        (outcome,) = _runner(desk, number).run([Task(str(number), _command(_of_target(kind, epoch)))])
        assert outcome.error is None
    assert (_sum(desk, "breached"), _sum(desk, "met")) == (0, 1)


PROMISE: Sequence[tuple[type[sla.TimerBreached | sla.TimerMet], int]] = (
    (sla.TimerBreached, 1),
    (sla.TimerMet, 2),
)


def _of_target(kind: type[sla.TimerBreached | sla.TimerMet], epoch: int) -> Told:
    target = sla.Target(ticket_id="t", name="first_reply", channel="c", started_at=stamp(MONDAY), epoch=epoch)
    fact = kind(target=target)
    return fact, enveloped(fact, f"t:first_reply:{epoch}", MONDAY)


def _sum(desk: ServiceDesk, figure: str) -> int:
    """Over one dimension."""
    rows = desk.database["buckets"].find({"_id": {"$regex": "^channel:"}})
    return sum(row.get(figure, 0) for row in rows)


def _command(told: Told) -> object:
    fact, envelope = told
    return CONSUMES[type(fact)](fact, envelope)


def _runner(desk: ServiceDesk, slot: int, handlers: Any = HANDLERS) -> Any:
    def open_ports(unit: Unit) -> MongoCounting:
        return MongoCounting(unit, slot, CalendarShelf(unit.database, calendar_of_bytes))

    return desk.parts("listen").runner("reports", open_ports, handlers)


def test_the_board_tells_the_last_minutes(desk: ServiceDesk, reports: ReportsServiceStub) -> None:
    life = TicketLife(channel="support")
    told = [life.opens(1), life.hears(2), life.answers(4), life.changes(5, status="solved")]
    desk.role("listen")
    desk.publish(*(envelope for _, envelope in told))
    request = pb.GetBoardRequest(end=stamp(MONDAY + timedelta(minutes=15)))
    wait_until(lambda: reports.GetBoard(request).solved == 1)
    board = reports.GetBoard(request)
    assert (board.opened, board.messages_in, board.messages_out) == (1, 2, 1)
    assert board.message_to_ticket.count == 2
    assert [point.arrived for point in board.points] == [0, 1, 1, *[0] * 12]
    (channel,) = board.channels
    assert (channel.channel_id, list(channel.spark[:3])) == ("support", [0, 1, 1])
    assert channel.in_per_minute == pytest.approx(2 / 15)


def test_wrong_questions_are_refused_by_the_name_of_the_field(reports: ReportsServiceStub) -> None:
    with pytest.raises(InvalidFields) as refusal:
        reports.QueryReport(asked(pb.QueryReportRequest, BEGIN + DAY, BEGIN, by="colour", bucket_minutes=5))
    assert [field.field for field in refusal.value.fields] == ["to", "by", "bucket_minutes"]
    with pytest.raises(InvalidFields, match="span_seconds"):
        reports.GetBoard(pb.GetBoardRequest(span_seconds=7))
    with pytest.raises(InvalidFields, match="at most 400 days"):
        reports.StartExport(
            pb.StartExportRequest(query=asked(pb.QueryReportRequest, BEGIN, BEGIN + 500 * DAY))
        )
    with pytest.raises(InvalidFields, match="end"):
        reports.GetBoard(pb.GetBoardRequest(end=Timestamp(seconds=10**15)))
    with pytest.raises(NotFound):
        reports.GetExport(pb.GetExportRequest(export_id="none"))


def fill_queues(settings: Settings) -> None:
    """Four messages wait in a channel's queue, two lie dead."""
    bus = Bus(settings.broker_url, settings.exchange)
    connection = bus.connect()
    channel = connection.channel()
    for queue in ("intake.vk", "intake.vk.dead"):
        declare_queue(channel, queue)
    connection.close()
    publisher = Publisher(bus)
    publisher.publish(
        [Outgoing("", queue, b"x", "t", "m") for queue in ["intake.vk"] * 4 + ["intake.vk.dead"] * 2]
    )
    publisher.close()


Replica = Sequence[Component]


@pytest.fixture
def sampling(desk: ServiceDesk) -> Iterator[tuple[Replica, Replica]]:
    """Two replicas of `work` without their jobs, of which a process can have one."""
    replicas = [
        [part for part in main.work(desk.parts("work"), desk.settings) if part.name != "jobs"]  # type: ignore[arg-type]
        for _ in range(2)
    ]
    for part in chain(*replicas):
        part.start()
    yield replicas[0], replicas[1]
    for part in chain(*replicas):
        part.stop(timedelta(seconds=5))


def scraped(replica: Replica) -> str:
    (probes,) = (part for part in replica if isinstance(part, ProbeServer))
    with urllib.request.urlopen(f"http://127.0.0.1:{probes.port}/metrics", timeout=60) as answer:
        return str(answer.read().decode())


def test_one_replica_samples_the_queues_and_all_of_it_is_seen(
    settings: Settings, reports: ReportsServiceStub, sampling: tuple[Replica, Replica]
) -> None:
    fill_queues(settings)

    def seen() -> list[pb.QueueLoad]:
        now = datetime.now(UTC)
        request = asked(pb.ListQueueLoadRequest, now - timedelta(minutes=5), now + timedelta(minutes=1))
        return [
            row for row in reports.ListQueueLoad(request).rows if row.queue == "intake.vk" and row.ready == 4
        ]

    # The broker tells what lies in a queue some seconds late.
    wait_until(seen)
    expositions = [scraped(replica) for replica in sampling]
    exporters = [text for text in expositions if "relaydesk_queue_scrape_success 1.0" in text]
    assert len(exporters) == 1
    assert 'relaydesk_queue_messages{queue="intake.vk",state="ready"} 4.0' in exporters[0]
    assert 'relaydesk_queue_consumers{queue="reports.email"} 0.0' in exporters[0]
    assert 'relaydesk_queue_drain_seconds{queue="intake.vk"} +Inf' in exporters[0]
    assert "relaydesk_queue_scrape_last_success_timestamp_seconds" in exporters[0]
    wait_until(
        lambda: 'relaydesk_dead_letters{queue="intake.vk.dead"} 2.0' in "".join(map(scraped, sampling)),
    )
    silent = next(text for text in expositions if text not in exporters)
    assert "relaydesk_queue" not in silent
    assert "relaydesk_dead_letters{" not in silent
    board = reports.GetBoard(pb.GetBoardRequest())
    (channel,) = board.channels
    assert (channel.channel_id, channel.ready, channel.dead_letters) == ("vk", 4, 2)
    assert channel.drain_seconds == -1
    assert board.dead_letters == 2
    quarters = reports.ListQueueLoad(
        asked(
            pb.ListQueueLoadRequest,
            datetime.now(UTC) - timedelta(minutes=20),
            datetime.now(UTC) + timedelta(minutes=1),
            queue="intake.vk",
            bucket_minutes=15,
        )
    ).rows
    assert max(row.ready for row in quarters) == 4


def test_queues_are_asked_one_by_one_where_there_is_no_management_api(
    desk: ServiceDesk, settings: Settings
) -> None:
    fill_queues(settings)
    passive = PassiveBroker(desk.parts("work").bus, lambda: ["intake.vk", "not.there", "intake.vk.dead"])
    assert [(reading.queue, reading.ready) for reading in passive.readings()] == [
        ("intake.vk", 4),
        ("intake.vk.dead", 2),
    ]
    # Nobody listens on the discard port.
    with pytest.raises(Unavailable):
        ManagementBroker(settings.broker_url, "http://127.0.0.1:9").readings()


@pytest.mark.parametrize("minutes", [60, 1440])
def test_a_zones_hours_and_days_are_sums_of_the_kept_quarters_also_in_a_file(
    desk: ServiceDesk, reports: ReportsServiceStub, minutes: int
) -> None:
    told = some_lives(10, seed=6)
    desk.role("listen")
    desk.publish(*(envelope for _, envelope in told))
    query = asked(pb.QueryReportRequest, by="channel", bucket_minutes=minutes, time_zone="Asia/Kathmandu")
    wait_until(lambda: tallied(reports.QueryReport(query, timeout=60)) == wanted(told, "channel"), timeout=60)
    begins = {row.bucket_at.seconds // 60 for row in reports.QueryReport(query, timeout=60).rows}
    # Kathmandu is 5:45 ahead.
    assert {(minute + 345) % minutes for minute in begins} == {0}
    started = reports.StartExport(pb.StartExportRequest(query=query), timeout=60).export
    desk.role("work")

    def export() -> pb.Export:
        return reports.GetExport(pb.GetExportRequest(export_id=started.id), timeout=60).export

    wait_until(lambda: export().state == "done", timeout=60)
    body = b"".join(
        answer.piece for answer in reports.ReadExport(pb.ReadExportRequest(export_id=started.id), timeout=60)
    )
    moments = {datetime.fromisoformat(line.split(",")[0]) for line in body.decode().splitlines()[1:]}
    assert {int(moment.timestamp()) // 60 for moment in moments} == begins


def test_an_export_is_written_by_a_job_and_read_in_pieces(
    desk: ServiceDesk, reports: ReportsServiceStub
) -> None:
    told = some_lives(10, seed=5)
    desk.role("listen")
    desk.publish(*(envelope for _, envelope in told))
    query = asked(pb.QueryReportRequest, by="channel", bucket_minutes=1440)
    wait_until(lambda: tallied(reports.QueryReport(query)) == wanted(told, "channel"))
    request = pb.StartExportRequest(query=query, idempotency_key="once")
    started = reports.StartExport(request).export
    assert reports.StartExport(request).export.id == started.id
    with pytest.raises(FailedPrecondition):
        list(reports.ReadExport(pb.ReadExportRequest(export_id=started.id)))
    desk.role("work")

    def export() -> pb.Export:
        return reports.GetExport(pb.GetExportRequest(export_id=started.id)).export

    wait_until(lambda: export().state == "done")
    finished = export()
    body = b"".join(answer.piece for answer in reports.ReadExport(pb.ReadExportRequest(export_id=started.id)))
    assert len(body) == finished.size
    table = list(csv.DictReader(io.StringIO(body.decode())))
    assert len(table) == finished.rows == len(reports.QueryReport(query).rows)
    assert sum(int(row["opened"]) for row in table) == 10


def test_a_caller_without_a_token_is_refused(desk: ServiceDesk) -> None:
    server = next(part for part in desk.role("serve") if part.name == "rpc")
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:  # type: ignore[attr-defined]
        with pytest.raises(grpc.RpcError) as refusal:
            ReportsServiceStub(channel).GetBoard(pb.GetBoardRequest())
        assert refusal.value.code() == grpc.StatusCode.UNAUTHENTICATED
