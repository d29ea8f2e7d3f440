"""TimersService: requests become commands and queries, answers become messages of the contract."""

# ruff: noqa: N802 - the methods have the names of the contract

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.batches import BatchRunner, Task
from chassis.errors import InvalidField, Refused
from chassis.mongo import Document, Documents, named_failures
from chassis.rpc import Access, RpcServer
from chassis.service import LANES
from chassis.stamps import millisecond_of, stamp
from relaydesk.sla.v1 import timers_pb2 as pb
from relaydesk.sla.v1.timers_pb2_grpc import TimersServiceServicer, add_TimersServiceServicer_to_server
from services.sla.adapters.mongo.timers import timer_of_row
from services.sla.domain.commands import ArmTimer, CancelTimer
from services.sla.domain.timer import ARMED, Origin, Timer, TimerName

MOST_TIMERS = 1_000
_LARGEST_PAGE, _USUAL_PAGE = 200, 50
# Beyond this, about the year 6000, no moment is anybody's wish, and calendars end soon after.
_YEARS = 127_000_000_000
_SERVICE = "relaydesk.sla.v1.TimersService"
ACCESS: Access = {
    f"{_SERVICE}/ArmTimers": frozenset({"admin", "system"}),
    f"{_SERVICE}/CancelTimers": frozenset({"admin", "system"}),
    f"{_SERVICE}/ListTimers": frozenset({"admin", "agent", "system", "read_only"}),
}


class TimersRpc(TimersServiceServicer):
    """Answers in threads."""

    def __init__(self, database: Documents, runner: BatchRunner) -> None:
        self._timers = database["timers"]
        self._runner = runner

    def ArmTimers(self, request: pb.ArmTimersRequest, _: Any) -> pb.ArmTimersResponse:
        _bounded(request.timers)
        commands = [ArmTimer(timer_of_wire(timer, place)) for place, timer in enumerate(request.timers)]
        names = [command.timer.name for command in commands]
        return pb.ArmTimersResponse(outcomes=self._do(names, commands))

    def CancelTimers(self, request: pb.CancelTimersRequest, _: Any) -> pb.CancelTimersResponse:
        _bounded(request.timers)
        names = [TimerName(timer.owner, timer.key, timer.epoch) for timer in request.timers]
        return pb.CancelTimersResponse(outcomes=self._do(names, [CancelTimer(name) for name in names]))

    def ListTimers(self, request: pb.ListTimersRequest, _: Any) -> pb.ListTimersResponse:
        if not request.ticket_id and not (request.owner and request.key):
            raise InvalidField("ticket_id", "a ticket_id, or an owner with a key")
        if not 0 <= request.page_size <= _LARGEST_PAGE:
            raise InvalidField(
                "page_size", f"1 to {_LARGEST_PAGE}, or 0 for {_USUAL_PAGE}", str(request.page_size)
            )
        wanted: Document = {}
        if request.ticket_id:
            wanted["ticket_id"] = request.ticket_id
            wanted |= {name: getattr(request, name) for name in ("owner", "key") if getattr(request, name)}
        else:
            wanted["_id"] = TimerName(request.owner, request.key, 0).timer_id
        size = request.page_size or _USUAL_PAGE
        with named_failures():
            rows = list(self._timers.find({**wanted, "state": ARMED}).sort("due_at").limit(size))
            if len(rows) < size:
                over = self._timers.find({**wanted, "state": {"$ne": ARMED}}).sort("due_at", -1)
                rows += list(over.limit(size - len(rows)))
        return pb.ListTimersResponse(timers=[timer_to_wire(timer_of_row(row)) for row in rows])

    def _do(
        self, names: Sequence[TimerName], commands: Sequence[ArmTimer | CancelTimer]
    ) -> list[pb.TimerOutcome]:
        outcomes = []
        done = self._runner.run([Task("", command) for command in commands])
        for name, outcome in zip(names, done, strict=True):
            wire = pb.TimerOutcome(owner=name.owner, key=name.key)
            if outcome.error is None:
                wire.outcome = str(outcome.answer)
            elif isinstance(outcome.error, Refused):
                wire.outcome, wire.reason = "refused", str(outcome.error)
            else:
                # What became of the others would be lost with it; asked again they get the same answers.
                raise outcome.error
            outcomes.append(wire)
        return outcomes


def register(server: RpcServer, servicer: TimersRpc) -> None:
    """Serve it."""
    server.add(add_TimersServiceServicer_to_server, servicer)


def timer_of_wire(wire: pb.Timer, place: int) -> Timer:
    """A timer as somebody wants it. Raises InvalidField for a lane that nobody hears, and where no moment is named."""
    lane = wire.lane or "api"
    if lane not in LANES:
        raise InvalidField(f"timers[{place}].lane", f"one of {', '.join(LANES)}", wire.lane)
    if not wire.HasField("due_at"):
        raise InvalidField(f"timers[{place}].due_at", "a moment")
    return Timer(
        name=TimerName(wire.owner, wire.key, wire.epoch),
        due_at=_not_before(wire.due_at, f"timers[{place}].due_at"),
        ticket_id=wire.ticket_id,
        lane=lane,
        payload=wire.payload,
        origin=Origin(wire.chain_id, wire.cause_id, wire.depth),
    )


def _not_before(timestamp: Timestamp, field: str) -> datetime:
    """The first moment that the store can keep and that is not before this one. Raises InvalidField."""
    if not -_YEARS < timestamp.seconds < _YEARS:
        raise InvalidField(field, "at most ten years ahead", str(timestamp.seconds))
    cut = millisecond_of(timestamp)
    return cut + timedelta(milliseconds=1) if timestamp.nanos % 1_000_000 else cut


def timer_to_wire(timer: Timer) -> pb.Timer:
    wire = pb.Timer(
        owner=timer.name.owner,
        key=timer.name.key,
        epoch=timer.name.epoch,
        ticket_id=timer.ticket_id,
        lane=timer.lane,
        payload=timer.payload,
        chain_id=timer.origin.chain_id,
        cause_id=timer.origin.cause_id,
        depth=timer.origin.depth,
        state=timer.state,
    )
    stamp(wire.due_at, timer.due_at)
    return wire


def _bounded(timers: Sequence[object]) -> None:
    if len(timers) > MOST_TIMERS:
        raise InvalidField("timers", f"at most {MOST_TIMERS}", str(len(timers)))
