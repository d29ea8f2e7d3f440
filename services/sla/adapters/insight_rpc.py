"""InsightService: why a clock stands where it stands, whether the store has what the log says, what a change would turn."""

# ruff: noqa: N802 - the methods have the names of the contract

from datetime import datetime, timedelta
from typing import Any

from chassis.clock import Clock
from chassis.errors import InvalidField, NotFound
from chassis.mongo import Documents, named_failures
from chassis.rpc import Access, RpcServer
from chassis.stamps import stamp
from relaydesk.sla.v1 import insight_pb2 as pb
from relaydesk.sla.v1.insight_pb2_grpc import InsightServiceServicer, add_InsightServiceServicer_to_server
from services.sla.adapters.calendar_wire import calendar_of_wire
from services.sla.adapters.mongo.book import Shelf, ShelfPolicies
from services.sla.adapters.mongo.documents import clock_of_row, clock_rows
from services.sla.adapters.policy_wire import policy_of_wire
from services.sla.adapters.rpc import state_to_wire
from services.sla.adapters.tickets import ListedTicket, TicketsLog
from services.sla.application.save_calendar import next_calendar
from services.sla.application.save_policy import next_policy
from services.sla.domain.book import Book
from services.sla.domain.clock import evaluate
from services.sla.domain.commands import SaveCalendar, SavePolicy
from services.sla.domain.explanation import MOST_SEGMENTS, Segment, explained
from services.sla.domain.history import AT_REST
from services.sla.domain.policy import TARGETS, NamedCalendar, Policy
from services.sla.domain.preview import Turn, turns
from services.sla.domain.record import ClockRecord
from services.sla.domain.snapshot import Snapshot
from services.sla.domain.target import TargetState
from services.sla.domain.verification import differences

_LARGEST_PAGE, _USUAL_PAGE = 200, 50
_LARGEST_PREVIEW, _USUAL_PREVIEW = 1_000, 500
MOST_TURNED = 200
# Facts that are older than this are no more on their way.
_ARRIVED = timedelta(minutes=1)
_SERVICE = "relaydesk.sla.v1.InsightService"
_READERS = frozenset({"admin", "agent", "system", "read_only"})
_WRITERS = frozenset({"admin", "system"})
ACCESS: Access = {
    f"{_SERVICE}/ExplainClock": _READERS,
    f"{_SERVICE}/VerifyClocks": _WRITERS,
    f"{_SERVICE}/PreviewChange": _WRITERS,
}


class InsightRpc(InsightServiceServicer):
    """Answers in threads; nothing here writes."""

    def __init__(self, database: Documents, clock: Clock, shelf: Shelf, log: TicketsLog) -> None:
        self._clocks = clock_rows(database)
        self._clock = clock
        self._shelf = shelf
        self._log = log

    def ExplainClock(self, request: pb.ExplainClockRequest, _: Any) -> pb.ExplainClockResponse:
        with named_failures():
            row = self._clocks.find_one({"_id": request.ticket_id})
        if row is None:
            raise NotFound("no clock of such a ticket")
        _, book = self._shelf.newest()
        now = self._clock.now()
        history = clock_of_row(row).history
        chosen = book.at(now, history.snapshot.created_at).choose(history.snapshot, history.values())
        states = {state.name: state for state in evaluate(history, book, now)}
        return pb.ExplainClockResponse(
            ticket_id=request.ticket_id,
            policy_id=chosen.policy_id if chosen else "",
            policy_name=chosen.name if chosen else "",
            policy_version=chosen.version if chosen else 0,
            targets=[_explained_to_wire(states[name]) for name in TARGETS if name in states],
            missing_versions=history.missing,
        )

    def VerifyClocks(self, request: pb.VerifyClocksRequest, _: Any) -> pb.VerifyClocksResponse:
        size = _size_of(request.page_size, _LARGEST_PAGE, _USUAL_PAGE)
        _, book = self._shelf.newest()
        listed, next_token = self._log.page(size, request.page_token)
        with named_failures():
            rows = self._clocks.find({"_id": {"$in": [one.ticket.ticket_id for one in listed]}})
            records = {row["_id"]: clock_of_row(row) for row in rows}
            total = self._clocks.estimated_document_count()
        answer = pb.VerifyClocksResponse(checked=len(listed), total=total, next_page_token=next_token)
        for one in listed:
            reasons, is_under_way = self._compared(one, records.get(one.ticket.ticket_id), book)
            answer.under_way += is_under_way
            if reasons:
                answer.differences.add(
                    ticket_id=one.ticket.ticket_id, ticket_number=one.number, reasons=reasons
                )
        return answer

    def PreviewChange(self, request: pb.PreviewChangeRequest, _: Any) -> pb.PreviewChangeResponse:
        size = _size_of(request.page_size, _LARGEST_PREVIEW, _USUAL_PREVIEW)
        now = self._clock.now()
        saved = ShelfPolicies(self._shelf)
        after = self._shelf.with_version(_version_of(request, saved, now))
        open_ones = {"_id": {"$gt": request.page_token}, "ticket.status": {"$nin": sorted(AT_REST)}}
        with named_failures():
            rows = list(self._clocks.find(open_ones).sort("_id").limit(size))
            total = self._clocks.estimated_document_count()
        answer = pb.PreviewChangeResponse(checked=len(rows), total=total)
        if len(rows) == size:
            answer.next_page_token = rows[-1]["_id"]
        for row in rows:
            history = clock_of_row(row).history
            if not history.is_whole:
                answer.incomplete += 1
                continue
            for turn in turns(history, saved.book, after, now):
                setattr(answer, turn.kind, getattr(answer, turn.kind) + 1)
                if len(answer.targets) < MOST_TURNED:
                    answer.targets.append(_turn_to_wire(row["_id"], turn, history.snapshot))
        return answer

    def _compared(self, one: ListedTicket, record: ClockRecord | None, book: Book) -> tuple[list[str], bool]:
        """What differs, and whether facts of the ticket are on their way still."""
        now = self._clock.now()
        is_late = now - one.updated_at > _ARRIVED
        if record is None:
            return (["no clock is kept of it"] if is_late else []), not is_late
        kept = record.history.snapshot.version
        is_behind = kept < one.ticket.version
        found: list[str] = []
        if is_behind and is_late:
            found.append(f"version {one.ticket.version} of the ticket was never heard, {kept} is kept")
        log = self._log.read(one.ticket.ticket_id)
        if log.seen_to < kept:
            return [*found, f"the log has no version {log.seen_to + 1}, and {kept} is kept"], False
        entries = tuple(entry for entry in log.entries if entry.version <= kept)
        ticket = one.ticket if one.ticket.version == kept else None
        if not record.history.is_whole and not is_late:
            return found, True
        return [*found, *differences(record, ticket, entries, book, now)], is_behind and not is_late


def register(server: RpcServer, servicer: InsightRpc) -> None:
    """Serve it."""
    server.add(add_InsightServiceServicer_to_server, servicer)


def _size_of(asked: int, largest: int, usual: int) -> int:
    if not 0 <= asked <= largest:
        raise InvalidField("page_size", f"1 to {largest}, or 0 for {usual}", str(asked))
    return asked or usual


def _version_of(
    request: pb.PreviewChangeRequest, saved: ShelfPolicies, now: datetime
) -> Policy | NamedCalendar:
    """What saving would make. Raises like saving it."""
    match request.WhichOneof("change"):
        case "policy":
            return next_policy(
                SavePolicy(policy_of_wire(request.policy), request.expected_version), saved, now
            )
        case "calendar":
            calendar = calendar_of_wire(request.calendar)
            return next_calendar(SaveCalendar(calendar, request.expected_version), saved, now)
        case _:
            raise InvalidField("change", "a policy or a calendar")


def _explained_to_wire(state: TargetState) -> pb.ExplainedTarget:
    segments = explained(state)
    shown = segments[-MOST_SEGMENTS:]
    return pb.ExplainedTarget(
        state=state_to_wire(state),
        time=state.line.time,
        zone=state.calendar.hours.zone,
        segments=[_segment_to_wire(segment) for segment in shown],
        left_out=len(segments) - len(shown),
    )


def _segment_to_wire(segment: Segment) -> pb.ClockSegment:
    wire = pb.ClockSegment(
        kind=segment.kind, reason=segment.reason, elapsed_seconds=int(segment.elapsed.total_seconds())
    )
    # `from` is a word of Python's own.
    stamp(getattr(wire, "from"), segment.since)
    stamp(wire.to, segment.to)
    return wire


def _turn_to_wire(ticket_id: str, turn: Turn, ticket: Snapshot) -> pb.TurnedTarget:
    wire = pb.TurnedTarget(
        ticket_id=ticket_id,
        target=turn.target,
        turn=turn.kind,
        policy_before=turn.before.policy_id if turn.before else "",
        policy_after=turn.after.policy_id if turn.after else "",
        channel=ticket.channel,
        group=ticket.group,
    )
    if turn.before is not None and turn.before.due_at is not None:
        stamp(wire.due_before, turn.before.due_at)
    if turn.after is not None and turn.after.due_at is not None:
        stamp(wire.due_after, turn.after.due_at)
    return wire
