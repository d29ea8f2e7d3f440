"""SlaService: requests become commands and queries, answers become messages of the contract."""

# ruff: noqa: N802 - the methods have the names of the contract

from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.batches import BatchRunner, Task
from chassis.clock import Clock
from chassis.errors import InvalidField
from chassis.mongo import Document, Documents, named_failures
from chassis.rpc import Access, RpcServer
from relaydesk.sla.v1 import service_pb2 as pb
from relaydesk.sla.v1.service_pb2_grpc import add_SlaServiceServicer_to_server
from services.sla.adapters.calendars_rpc import CalendarRpc
from services.sla.adapters.feeds import Feeds
from services.sla.adapters.mongo.book import Shelf
from services.sla.adapters.mongo.documents import clock_of_row, clock_rows
from services.sla.adapters.policy_wire import policy_of_wire, policy_to_wire
from services.sla.adapters.risk import RiskCount, folded, risk_counts
from services.sla.domain import commands
from services.sla.domain.clock import evaluate
from services.sla.domain.policy import TARGETS, Policy
from services.sla.domain.target import TargetState

MOST_CLOCKS = 200
_READERS = frozenset({"admin", "agent", "system", "read_only"})
_WRITERS = frozenset({"admin", "system"})
_SERVICE = "relaydesk.sla.v1.SlaService"
ACCESS: Access = {
    f"{_SERVICE}/ListPolicies": _READERS,
    f"{_SERVICE}/SavePolicy": _WRITERS,
    f"{_SERVICE}/ListCalendars": _READERS,
    f"{_SERVICE}/GetCalendar": _READERS,
    f"{_SERVICE}/ListCalendarVersions": _READERS,
    f"{_SERVICE}/ListCalendarFacts": _READERS,
    f"{_SERVICE}/SaveCalendar": _WRITERS,
    # It reads feeds that whoever asks may name.
    f"{_SERVICE}/PreviewCalendar": _WRITERS,
    f"{_SERVICE}/GetClocks": _READERS,
    f"{_SERVICE}/ListAtRisk": _READERS,
}


class SlaRpc(CalendarRpc):
    """Answers in threads."""

    def __init__(
        self, database: Documents, clock: Clock, shelf: Shelf, runner: BatchRunner, feeds: Feeds
    ) -> None:
        super().__init__(clock, shelf, runner, feeds)
        self._database = database
        self._clocks = database["clocks"]

    def ListPolicies(self, request: pb.ListPoliciesRequest, _: Any) -> pb.ListPoliciesResponse:
        _, book = self._shelf.newest()
        return pb.ListPoliciesResponse(policies=[policy_to_wire(policy) for policy in book.newest.policies])

    def SavePolicy(self, request: pb.SavePolicyRequest, _: Any) -> pb.SavePolicyResponse:
        command = commands.SavePolicy(policy_of_wire(request.policy), request.expected_version)
        (outcome,) = self._runner.run([Task("", command)])
        if outcome.error is not None:
            raise outcome.error
        assert isinstance(outcome.answer, Policy)
        return pb.SavePolicyResponse(policy=policy_to_wire(outcome.answer))

    def GetClocks(self, request: pb.GetClocksRequest, _: Any) -> pb.GetClocksResponse:
        if len(request.ticket_ids) > MOST_CLOCKS:
            raise InvalidField("ticket_ids", f"at most {MOST_CLOCKS} ids", str(len(request.ticket_ids)))
        _, book = self._shelf.newest()
        names = {policy.policy_id: policy.name for policy in book.newest.policies}
        now = self._clock.now()
        with named_failures():
            rows = clock_rows(self._database).find({"_id": {"$in": list(request.ticket_ids)}})
            found = {row["_id"]: row for row in rows}
        answer = pb.GetClocksResponse()
        for ticket_id in dict.fromkeys(request.ticket_ids):
            if ticket_id not in found:
                continue
            history = clock_of_row(found[ticket_id]).history
            states = {state.name: state for state in evaluate(history, book, now)}
            chosen = book.at(now, history.snapshot.created_at).choose(history.snapshot, history.values())
            policy_id = chosen.policy_id if chosen is not None else ""
            answer.clocks.append(
                pb.TicketClock(
                    ticket_id=ticket_id,
                    policy_id=policy_id,
                    policy_name=names.get(policy_id, ""),
                    targets=[state_to_wire(states[name]) for name in TARGETS if name in states],
                    missing_versions=history.missing,
                )
            )
        return answer

    def ListAtRisk(self, request: pb.ListAtRiskRequest, _: Any) -> pb.ListAtRiskResponse:
        if request.within_seconds < 0:
            raise InvalidField("within_seconds", "0 or more", str(request.within_seconds))
        if not 0 <= request.page_size <= MOST_CLOCKS:
            raise InvalidField("page_size", f"1 to {MOST_CLOCKS}, or 0 for 50", str(request.page_size))
        now = self._clock.now()
        until = now + timedelta(seconds=min(request.within_seconds, 10 * 366 * 86_400))
        where: Document = {}
        if request.groups:
            where["group"] = {"$in": list(request.groups)}
        if request.channels:
            where["channel"] = {"$in": list(request.channels)}
        wanted: Document = {"due_at": {"$lte": until}, **where}
        fields = {"target": 1, "due_at": 1, "group": 1, "channel": 1, "is_breached": 1}
        with named_failures():
            # Overdue ones are due soonest of all.
            rows = list(self._clocks.find(wanted, fields).sort("due_at").limit(request.page_size or 50))
            counts = list(
                self._clocks.aggregate([{"$match": wanted}, {"$group": {"_id": "$group", "n": {"$sum": 1}}}])
            )
        counted = risk_counts(self._clocks, now, where) if request.with_counts else []
        return pb.ListAtRiskResponse(
            counts=[count_to_wire(count) for count in folded(counted, "group", "channel")],
            tickets=[
                pb.AtRisk(
                    ticket_id=row["_id"],
                    target=row["target"],
                    due_at=_timestamp(row["due_at"]),
                    group=row["group"],
                    channel=row["channel"],
                    is_breached=row["is_breached"] or row["due_at"] <= now,
                )
                for row in rows
            ],
            counts_by_group={row["_id"]: row["n"] for row in counts},
        )


def register(server: RpcServer, servicer: SlaRpc) -> None:
    """Serve it."""
    server.add(add_SlaServiceServicer_to_server, servicer)


def state_to_wire(state: TargetState) -> pb.TargetState:
    return pb.TargetState(
        name=state.name,
        state=state.state,
        started_at=_timestamp(state.started_at),
        due_at=_timestamp(state.due_at),
        met_at=_timestamp(state.ended_at),
        within_seconds=int(state.within.total_seconds()),
        elapsed_seconds=int(state.elapsed.total_seconds()),
        paused_seconds=int(state.paused.total_seconds()),
        late_seconds=int(state.late.total_seconds()),
        is_breached=state.is_breached,
        pauses=[_pause_to_wire(pause.since, pause.to, pause.reason) for pause in state.pauses],
    )


def count_to_wire(count: RiskCount) -> pb.RiskCount:
    return pb.RiskCount(
        group=count.group,
        channel=count.channel,
        overdue=count.overdue,
        within_15_minutes=count.soon,
        within_60_minutes=count.ahead,
    )


def _pause_to_wire(since: datetime, to: datetime | None, reason: str) -> pb.Pause:
    pause = pb.Pause(to=_timestamp(to), reason=reason)
    # `from` is a word of Python's own.
    getattr(pause, "from").FromDatetime(since)
    return pause


def _timestamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    wire = Timestamp()
    wire.FromDatetime(moment.astimezone(UTC))
    return wire
