"""The part of IngestService that tells what was accepted and what became of it."""

# ruff: noqa: N802 - the methods have the names of the contract

from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.errors import InvalidField
from relaydesk.ingest.v1 import service_pb2 as pb
from services.ingest.adapters.mongo.channels import MongoChannels
from services.ingest.adapters.mongo.intake import MongoIntake
from services.ingest.adapters.places import page_size_of, place_of, token_of
from services.ingest.adapters.wire import stamp
from services.ingest.application.ports import LedgerCounts
from services.ingest.domain.intake import State
from services.ingest.domain.ledger import Entry, Line, Wanted, line_of, total_of

# On the wire a row that is accepted and not yet closed is what it is in the sum.
_IN_FLIGHT = "in_flight"
_OUTCOMES = {state.value: state for state in State if state is not State.ACCEPTED} | {
    _IN_FLIGHT: State.ACCEPTED
}
_NAMES = {state: name for name, state in _OUTCOMES.items()}


class LedgerRpc:
    """Whoever answers for the service is one too."""

    _channels: MongoChannels
    _intake: MongoIntake

    def GetLedger(self, request: pb.GetLedgerRequest, _: Any) -> pb.GetLedgerResponse:
        since, until = _span(request)
        ids = [request.channel_id] if request.channel_id else [one.channel_id for one in self._channels.all()]
        lines = [_line(counts) for counts in self._intake.ledger(ids, since, until)]
        return pb.GetLedgerResponse(
            total=_line_to_wire(total_of(lines)), channels=[_line_to_wire(one) for one in lines]
        )

    def ListLedgerRows(self, request: pb.ListLedgerRowsRequest, _: Any) -> pb.ListLedgerRowsResponse:
        if not request.channel_id:
            raise InvalidField("channel_id", "the id of a channel")
        size, (since, until) = page_size_of(request.page_size), _span(request)
        after = place_of(request.page_token) if request.page_token else None
        states = tuple(_state_of(outcome) for outcome in request.outcomes) or tuple(State)
        rows = self._intake.entries(Wanted(request.channel_id, since, until, states), size + 1, after)
        answer = pb.ListLedgerRowsResponse(rows=map(_row_to_wire, rows[:size]))
        if len(rows) > size:
            answer.next_page_token = token_of(rows[size - 1].received_at, rows[size - 1].intake_id)
        return answer


def _span(
    request: pb.GetLedgerRequest | pb.ListLedgerRowsRequest,
) -> tuple[datetime | None, datetime | None]:
    since = _moment(getattr(request, "from")) if request.HasField("from") else None
    return since, _moment(request.to) if request.HasField("to") else None


def _moment(moment: Timestamp) -> datetime:
    return moment.ToDatetime(tzinfo=UTC)


def _state_of(outcome: str) -> State:
    if outcome not in _OUTCOMES:
        raise InvalidField("outcomes", f"of {', '.join(_OUTCOMES)}", outcome)
    return _OUTCOMES[outcome]


def _row_to_wire(entry: Entry) -> pb.LedgerRow:
    row = pb.LedgerRow(
        intake_id=entry.intake_id,
        channel_id=entry.channel_id,
        outcome=_NAMES[entry.state],
        reason=entry.reason,
        size=entry.size,
        received_at=stamp(entry.received_at),
        closed_at=stamp(entry.closed_at) if entry.closed_at else None,
        ticket_id=entry.ticket_id,
        is_closed_twice=entry.is_closed_twice,
    )
    setattr(row, "from", entry.sender)
    return row


def _line(counts: LedgerCounts) -> Line:
    return line_of(counts.channel_id, counts.counts, counts.in_flight_over_60s, counts.closed_twice)


def _line_to_wire(line: Line) -> pb.LedgerLine:
    return pb.LedgerLine(
        channel_id=line.channel_id,
        accepted=line.accepted,
        ticketed=line.became[State.TICKETED],
        appended=line.became[State.APPENDED],
        applied=line.became[State.APPLIED],
        ignored=line.became[State.IGNORED],
        quarantined=line.became[State.QUARANTINED],
        in_flight=line.became[State.ACCEPTED],
        in_flight_over_60s=line.in_flight_over_60s,
        closed_twice=line.closed_twice,
    )
