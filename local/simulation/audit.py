"""Holds the system's own counts against the generator's ledger: nothing lost, nothing doubled, nothing at a wrong moment."""

import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import grpc

from local.simulation.doors import Doors
from local.simulation.ledger import Kind, Ledger, by_day
from local.simulation.stage import Stage
from relaydesk.ingest.v1 import service_pb2 as ingest
from relaydesk.ingest.v1.service_pb2_grpc import IngestServiceStub
from relaydesk.reports.v1 import service_pb2 as reports
from relaydesk.reports.v1.service_pb2_grpc import ReportsServiceStub
from relaydesk.sla.v1 import insight_pb2 as insight
from relaydesk.sla.v1.insight_pb2_grpc import InsightServiceStub
from relaydesk.tickets.v1 import service_pb2 as tickets

_PATIENCE = 120
_DAY = timedelta(days=1)
_EFFECT = "relaydesk_sla_timer_effect_seconds"


@dataclass(frozen=True)
class Outcome:
    """What a season came to, as the system tells it."""

    tickets: int
    messages: int
    met: int
    breached: int
    alarms: int
    # A sentence for each count that differs; must be empty.
    faults: tuple[str, ...]

    @property
    def in_time(self) -> float:
        """Of all promises that were decided, the part that was kept."""
        return self.met / (self.met + self.breached) if self.met + self.breached else 1.0


def audit(stage: Stage, doors: Doors, ledger: Ledger, begin: datetime, end: datetime) -> Outcome:
    """Compare everything; to be called while all is still."""
    addresses = stage.endpoints
    rows = _days(ReportsServiceStub(grpc.insecure_channel(addresses.reports_address)), doors, begin, end)
    tickets_found, messages, entry_faults = _entries(doors, ledger)
    alarms, alarm_faults = _alarms(addresses.ports.probes["sla work"])
    faults = [
        *_intake(IngestServiceStub(grpc.insecure_channel(addresses.ingest_address)), doors, ledger),
        *entry_faults,
        *_reports(rows, ledger),
        *_clocks(InsightServiceStub(grpc.insecure_channel(addresses.sla_address)), doors),
        *alarm_faults,
    ]
    met, breached = sum(row.met for row in rows), sum(row.breached for row in rows)
    return Outcome(tickets_found, messages, met, breached, alarms, tuple(faults))


def _intake(stub: IngestServiceStub, doors: Doors, ledger: Ledger) -> Iterator[str]:
    """Each yes is one row, and each row is closed once, by what it became."""
    answer = stub.GetLedger(ingest.GetLedgerRequest(), metadata=doors.metadata, timeout=_PATIENCE)
    sent = ledger.by_channel()
    for line in answer.channels:
        yield from _differs(f"accepted by {line.channel_id}", line.accepted, sent[line.channel_id])
    total, kinds = answer.total, ledger.by_kind()
    opened = kinds[Kind.FIRST] + kinds[Kind.SPAM]
    appended = kinds[Kind.ANSWER] + kinds[Kind.AUTO_REPLY] + kinds[Kind.BOUNCE]
    yield from _differs("accepted", total.accepted, len(ledger.sent))
    yield from _differs("became tickets", total.ticketed, opened)
    yield from _differs("became entries of tickets", total.appended, appended)
    for what in ("applied", "ignored", "quarantined", "in_flight", "closed_twice"):
        yield from _differs(what.replace("_", " "), getattr(total, what), 0)


def _entries(doors: Doors, ledger: Ledger) -> tuple[int, int, list[str]]:
    """Every message that was sent is one message of one ticket, and there is no other."""
    found: Counter[str] = Counter()
    said = bounces = 0
    listed = doors.listed(tickets.ListTicketsRequest(page_size=200, order_by="created_at"))
    for ticket in listed:
        for message in doors.messages(ticket.id):
            if "bounce" in message.flags:
                # A note of what came, which has no name of its own.
                bounces += 1
            elif message.intake_id:
                found[message.external_id] += 1
            else:
                said += 1
    sent = {one.message_id for one in ledger.sent if one.kind is not Kind.BOUNCE}
    faults = [*_differs("bounces", bounces, len(ledger.of(Kind.BOUNCE)))]
    faults += [
        f"{message_id} was sent and is in {found[message_id]} places"
        for message_id in sorted(sent)
        if found[message_id] != 1
    ]
    faults += [f"{message_id} is there and was never sent" for message_id in sorted(found.keys() - sent)]
    return len(listed), found.total() + said + bounces, faults


def _days(stub: ReportsServiceStub, doors: Doors, begin: datetime, end: datetime) -> list[reports.ReportRow]:
    request = reports.QueryReportRequest(bucket_minutes=1440)
    getattr(request, "from").FromDatetime(begin.replace(hour=0, minute=0, second=0, microsecond=0))
    request.to.FromDatetime(end.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY)
    return list(stub.QueryReport(request, metadata=doors.metadata, timeout=_PATIENCE).rows)


def _reports(rows: list[reports.ReportRow], ledger: Ledger) -> Iterator[str]:
    """Each day's counts are the generator's of that day; spam is nobody's work and is in none of them."""
    people = ledger.of(Kind.FIRST, Kind.ANSWER, Kind.AUTO_REPLY)
    arrived = [*people, *ledger.of(Kind.BOUNCE)]
    begun = ledger.of(Kind.FIRST)
    wanted: dict[str, tuple[Counter[date], Callable[[reports.ReportRow], int]]] = {
        "arrived": (by_day(one.at for one in arrived), lambda row: row.arrived),
        "opened": (by_day(one.at for one in begun), lambda row: row.opened),
        "messages in": (by_day(one.at for one in people), lambda row: row.messages_in),
        "answered": (by_day(ledger.replied), lambda row: row.messages_out - row.messages_out_automatic),
        "solved": (by_day(ledger.solved), lambda row: row.solved),
        "reopened": (by_day(ledger.reopened), lambda row: row.reopened),
    }
    for what, (ours, counted) in wanted.items():
        theirs = {row.bucket_at.ToDatetime().date(): counted(row) for row in rows}
        for day in sorted(ours.keys() | theirs.keys()):
            yield from _differs(f"{what} on {day}", theirs.get(day, 0), ours[day])


def _clocks(stub: InsightServiceStub, doors: Doors) -> Iterator[str]:
    """The same as `relaydesk sla verify`."""
    request = insight.VerifyClocksRequest(page_size=200)
    while True:
        page = stub.VerifyClocks(request, metadata=doors.metadata, timeout=_PATIENCE)
        for one in page.differences:
            yield f"the clock of ticket {one.ticket_number}: {'; '.join(one.reasons)}"
        yield from _differs("clocks that wait for facts", page.under_way, 0)
        request.page_token = page.next_page_token
        if not request.page_token:
            return


def _alarms(port: int) -> tuple[int, list[str]]:
    """How many alarms took effect; between an alarm's moment and its effect the clock never moved."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=_PATIENCE) as answer:
        lines = answer.read().decode().splitlines()
    figures = {
        name.partition("{")[0]: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if line.startswith(_EFFECT))
    }
    late = figures.get(f"{_EFFECT}_sum", 0.0)
    return int(figures.get(f"{_EFFECT}_count", 0)), [f"alarms came {late} s late"] if late else []


def _differs(what: str, theirs: int, ours: int) -> Iterator[str]:
    if theirs != ours:
        yield f"{what}: {theirs}, but it should be {ours}"
