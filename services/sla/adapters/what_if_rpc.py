"""WhatIfService: other promises for a past period are asked for, watched, cancelled and read."""

# ruff: noqa: N802 - the methods have the names of the contract

import hashlib
from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from chassis import rpc
from chassis.clock import Clock
from chassis.errors import InvalidField, InvalidFields, NotFound
from chassis.ids import new_id
from chassis.mongo import Documents, named_failures
from chassis.rpc import Access, RpcServer
from chassis.stamps import stamp
from relaydesk.sla.v1 import what_if_pb2 as pb
from relaydesk.sla.v1.what_if_pb2_grpc import WhatIfServiceServicer, add_WhatIfServiceServicer_to_server
from services.sla.adapters.calendar_wire import calendar_of_wire, calendar_to_wire
from services.sla.adapters.feeds import Feeds
from services.sla.adapters.mongo.book import Shelf, ShelfPolicies
from services.sla.adapters.mongo.indexes import CAME
from services.sla.adapters.mongo.what_ifs import WhatIf, WhatIfs
from services.sla.adapters.policy_wire import policy_of_wire, policy_to_wire
from services.sla.application.imagine import MOST_DRAFTS, Imagined, imagine
from services.sla.domain.policy import TARGETS
from services.sla.domain.preview import NEWLY_BREACHED, NO_LONGER_BREACHED
from services.sla.domain.what_if import BY, Outcomes

_LARGEST_PAGE, _USUAL_PAGE = 200, 50
_LONGEST_KEY = 200
_LISTED = 50
_TURNS = (NEWLY_BREACHED, NO_LONGER_BREACHED)
_READERS = frozenset({"admin", "agent", "system", "read_only"})
_WRITERS = frozenset({"admin", "system"})
_SERVICE = "relaydesk.sla.v1.WhatIfService"
ACCESS: Access = {
    # It reads feeds that whoever asks may name, and takes a core for a minute.
    f"{_SERVICE}/StartWhatIf": _WRITERS,
    f"{_SERVICE}/CancelWhatIf": _WRITERS,
    f"{_SERVICE}/GetWhatIf": _READERS,
    f"{_SERVICE}/ListWhatIfs": _READERS,
    f"{_SERVICE}/ListWhatIfTurns": _READERS,
}


class WhatIfRpc(WhatIfServiceServicer):
    """Answers in threads; the counting is done by `work`."""

    def __init__(self, database: Documents, clock: Clock, shelf: Shelf, feeds: Feeds) -> None:
        self._clocks = database["clocks"]
        self._clock = clock
        self._shelf = shelf
        self._feeds = feeds
        self._what_ifs = WhatIfs(database)

    def StartWhatIf(self, request: pb.StartWhatIfRequest, _: Any) -> pb.StartWhatIfResponse:
        if len(request.idempotency_key) > _LONGEST_KEY:
            raise InvalidField("idempotency_key", f"at most {_LONGEST_KEY} characters")
        token_id = rpc.call().principal.token_id
        what_if_id = new_id()
        if request.idempotency_key:
            own = f"{token_id}\0{request.idempotency_key}".encode()
            what_if_id = hashlib.sha256(own).hexdigest()[:32]
        kept = self._what_ifs.get(what_if_id)
        if kept is None:
            saved, now = ShelfPolicies(self._shelf), self._clock.now()
            wanted = imagine(self._wanted(request, saved), saved, self._first_at(), now)
            kept = self._what_ifs.add(what_if_id, wanted, token_id, now)
        return pb.StartWhatIfResponse(what_if=_to_wire(kept))

    def GetWhatIf(self, request: pb.GetWhatIfRequest, _: Any) -> pb.GetWhatIfResponse:
        return pb.GetWhatIfResponse(what_if=_to_wire(self._found(request.id)))

    def ListWhatIfs(self, request: pb.ListWhatIfsRequest, _: Any) -> pb.ListWhatIfsResponse:
        return pb.ListWhatIfsResponse(what_ifs=[_to_wire(one) for one in self._what_ifs.newest(_LISTED)])

    def CancelWhatIf(self, request: pb.CancelWhatIfRequest, _: Any) -> pb.CancelWhatIfResponse:
        cancelled = self._what_ifs.cancel(request.id, self._clock.now())
        if cancelled is None:
            raise _unknown(request.id)
        return pb.CancelWhatIfResponse(what_if=_to_wire(cancelled))

    def ListWhatIfTurns(self, request: pb.ListWhatIfTurnsRequest, _: Any) -> pb.ListWhatIfTurnsResponse:
        for field, known in (("turn", _TURNS), ("target", TARGETS)):
            got: str = getattr(request, field)
            if got and got not in known:
                raise InvalidField(field, f"one of {', '.join(known)}, or empty", got)
        if not 0 <= request.page_size <= _LARGEST_PAGE:
            raise InvalidField(
                "page_size", f"1 to {_LARGEST_PAGE}, or 0 for {_USUAL_PAGE}", str(request.page_size)
            )
        size = request.page_size or _USUAL_PAGE
        what_if = self._found(request.id)
        first, skipped = _token_of(request.page_token, what_if.what_if_id)
        answer = pb.ListWhatIfTurnsResponse()
        for piece_id, turned in self._what_ifs.turned(what_if, first):
            for place, row in enumerate(turned):
                if piece_id == first and place < skipped:
                    continue
                if len(answer.turns) == size:
                    answer.next_page_token = f"{piece_id}.{place}"
                    return answer
                if request.turn in ("", row[2]) and request.target in ("", row[1]):
                    answer.turns.append(_turn_to_wire(row))
        return answer

    def _found(self, what_if_id: str) -> WhatIf:
        found = self._what_ifs.get(what_if_id)
        if found is None:
            raise _unknown(what_if_id)
        return found

    def _wanted(self, request: pb.StartWhatIfRequest, saved: ShelfPolicies) -> Imagined:
        mistakes: list[InvalidField] = []
        for name, number in (("policies", len(request.policies)), ("calendars", len(request.calendars))):
            # Before a feed of any of them is read.
            if number > MOST_DRAFTS:
                raise InvalidField(name, f"at most {MOST_DRAFTS} drafts", str(number))
        calendars, policies = [], []
        for place, calendar in enumerate(request.calendars):
            try:
                draft = calendar_of_wire(calendar)
                calendars.append(self._feeds.filled(draft, saved.calendar(draft.calendar_id)))
            except InvalidField as error:
                mistakes.append(_at(error, "calendar", f"calendars[{place}]"))
        for place, policy in enumerate(request.policies):
            try:
                policies.append(policy_of_wire(policy))
            except InvalidField as error:
                mistakes.append(_at(error, "policy", f"policies[{place}]"))
        moments = []
        for field in ("from", "to"):
            try:
                moments.append(_moment(request, field))
            except InvalidField as error:
                mistakes.append(error)
        if mistakes:
            raise InvalidFields(mistakes)
        return Imagined(tuple(policies), tuple(calendars), *moments)

    def _first_at(self) -> datetime | None:
        """When the first ticket came that is kept."""
        with named_failures():
            row = self._clocks.find_one(
                {}, {"ticket.created_at": 1}, sort=[("ticket.created_at", 1)], hint=CAME
            )
        return row["ticket"]["created_at"] if row is not None else None


def register(server: RpcServer, servicer: WhatIfRpc) -> None:
    """Serve it."""
    server.add(add_WhatIfServiceServicer_to_server, servicer)


def _unknown(what_if_id: str) -> NotFound:
    return NotFound(f"no what-if {what_if_id[:64]!r}; each is kept for 7 days")


def _at(error: InvalidField, before: str, after: str) -> InvalidField:
    # Some fields are named from the draft on, some by themselves.
    inner = error.field.removeprefix(f"{before}.")
    return InvalidField(f"{after}.{inner}", error.expected, error.got)


def _moment(request: Message, field: str) -> datetime:
    if not request.HasField(field):
        raise InvalidField(field, "a moment")
    wire: Timestamp = getattr(request, field)
    try:
        moment = wire.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidField(field, "a moment of the years 1 to 9999", f"{wire.seconds} s") from error
    return moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)


def _token_of(token: str, what_if_id: str) -> tuple[str, int]:
    """The piece to begin with, and how many of its rows were told."""
    if not token:
        return "", 0
    piece_id, _, place = token.rpartition(".")
    if not (piece_id.startswith(f"{what_if_id}:") and place.isascii() and place.isdigit() and len(place) < 9):
        raise InvalidField("page_token", "the token of the page before, of the same what-if", token)
    return piece_id, int(place)


def _to_wire(what_if: WhatIf) -> pb.WhatIf:
    wire = pb.WhatIf(
        id=what_if.what_if_id,
        state=what_if.state,
        reason=what_if.reason,
        policies=[policy_to_wire(policy) for policy in what_if.policies],
        calendars=[calendar_to_wire(calendar) for calendar in what_if.calendars],
        done=what_if.done,
        total=what_if.total,
        tickets=what_if.tickets,
        incomplete=what_if.incomplete,
    )
    # `from` is a word of Python's own.
    stamp(getattr(wire, "from"), what_if.period.begin)
    stamp(wire.to, what_if.period.end)
    stamp(wire.as_of, what_if.period.as_of)
    stamp(wire.requested_at, what_if.requested_at)
    stamp(wire.kept_until, what_if.kept_until)
    if what_if.finished_at is not None:
        stamp(wire.finished_at, what_if.finished_at)
    for (target, by, value), sums in sorted(what_if.sums.items(), key=lambda one: _order(one[0])):
        wire.sums.add(
            target=target,
            by=by,
            value=value,
            before=_outcomes_to_wire(sums.before),
            after=_outcomes_to_wire(sums.after),
            newly_breached=sums.newly_breached,
            no_longer_breached=sums.no_longer_breached,
        )
    return wire


def _order(place: tuple[str, str, str]) -> tuple[int, int, str]:
    target, by, value = place
    return BY.index(by), TARGETS.index(target), value


def _outcomes_to_wire(outcomes: Outcomes) -> pb.WhatIfOutcomes:
    return pb.WhatIfOutcomes(
        met=outcomes.met, breached=outcomes.breached, open=outcomes.open, cancelled=outcomes.cancelled
    )


def _turn_to_wire(row: list[Any]) -> pb.WhatIfTurn:
    ticket_id, target, turn, started_at, before, after, channel, group, tags = row
    wire = pb.WhatIfTurn(
        ticket_id=ticket_id, target=target, turn=turn, channel=channel, group=group, tags=tags
    )
    stamp(wire.started_at, started_at)
    for side, told in ((wire.before, before), (wire.after, after)):
        if told is not None:
            side.policy_id, side.outcome, due_at, side.spare_seconds = told
            if due_at is not None:
                stamp(side.due_at, due_at)
    return wire
