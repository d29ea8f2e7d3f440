"""Questions about the past, asked of the sla service."""

from datetime import timedelta

import grpc

from chassis.errors import NotFound
from relaydesk.sla.v1 import service_pb2
from relaydesk.sla.v1 import what_if_pb2 as pb
from relaydesk.sla.v1.service_pb2_grpc import SlaServiceStub
from relaydesk.sla.v1.what_if_pb2_grpc import WhatIfServiceStub
from services.console.adapters.calls import Caller, moment, moment_or_none
from services.console.domain.calendars import hours_in as windows_in
from services.console.domain.what_if import Outcomes, Side, Sum, Turn, TurnPage, WhatIf, WhatIfDraft, hours_in


class GrpcWhatIfs:
    """Implements the port WhatIfs."""

    def __init__(self, channel: grpc.Channel, caller: Caller) -> None:
        self._stub = WhatIfServiceStub(channel)
        self._sla = SlaServiceStub(channel)
        self._caller = caller

    def start(self, draft: WhatIfDraft, agent_id: str) -> str:
        request = pb.StartWhatIfRequest()
        getattr(request, "from").FromDatetime(draft.begin)
        request.to.FromDatetime(draft.end)
        if draft.policy_id:
            request.policies.append(self._policy(draft))
        if draft.calendar_id:
            request.calendars.append(self._calendar(draft))
        return self._caller.ask(self._stub.StartWhatIf, request, agent_id=agent_id).what_if.id

    def get(self, what_if_id: str) -> WhatIf:
        request = pb.GetWhatIfRequest(id=what_if_id)
        return _what_if_of(self._caller.ask(self._stub.GetWhatIf, request).what_if)

    def list(self) -> tuple[WhatIf, ...]:
        answer = self._caller.ask(self._stub.ListWhatIfs, pb.ListWhatIfsRequest())
        return tuple(_what_if_of(one) for one in answer.what_ifs)

    def cancel(self, what_if_id: str, agent_id: str) -> None:
        self._caller.ask(self._stub.CancelWhatIf, pb.CancelWhatIfRequest(id=what_if_id), agent_id=agent_id)

    def turns(self, what_if_id: str, turn: str, target: str, page_token: str) -> TurnPage:
        request = pb.ListWhatIfTurnsRequest(id=what_if_id, turn=turn, target=target, page_token=page_token)
        answer = self._caller.ask(self._stub.ListWhatIfTurns, request)
        return TurnPage(tuple(_turn_of(one) for one in answer.turns), answer.next_page_token)

    def _policy(self, draft: WhatIfDraft) -> service_pb2.Policy:
        """The saved one, with the hours that were typed."""
        answer = self._caller.ask(self._sla.ListPolicies, service_pb2.ListPoliciesRequest())
        policy = next((one for one in answer.policies if one.id == draft.policy_id), None)
        if policy is None:
            raise NotFound(f"policy {draft.policy_id}")
        for place, (target, typed) in enumerate(zip(policy.targets, draft.within, strict=False)):
            within = hours_in(typed, f"policies[0].targets[{place}]")
            target.within_seconds = int(within.total_seconds())
            # Nobody is warned of the past, and a warning has to lie within its target.
            target.warn_before_seconds = 0
            del target.also_warn_before_seconds[:]
        policy.calendar_id = draft.counted_in
        return policy

    def _calendar(self, draft: WhatIfDraft) -> service_pb2.Calendar:
        """The saved one with the hours that were typed, all along."""
        request = service_pb2.GetCalendarRequest(id=draft.calendar_id)
        calendar = self._caller.ask(self._sla.GetCalendar, request).calendar
        windows = [
            service_pb2.OpenWindow(weekday=day, opens=opens, closes=closes)
            for day, text in enumerate(draft.weekdays, 1)
            for opens, closes in windows_in(text, f"calendars[0].windows ({day})")
        ]
        del calendar.windows[:]
        calendar.windows.extend(windows)
        calendar.valid_from = ""
        return calendar


def _what_if_of(wire: pb.WhatIf) -> WhatIf:
    return WhatIf(
        wire.id,
        wire.state,
        wire.reason,
        moment(getattr(wire, "from")),
        moment(wire.to),
        moment(wire.as_of),
        (*(one.name for one in wire.policies), *(one.name for one in wire.calendars)),
        wire.done,
        wire.total,
        wire.tickets,
        wire.incomplete,
        moment(wire.kept_until),
        tuple(_sum_of(one) for one in wire.sums),
    )


def _sum_of(wire: pb.WhatIfSum) -> Sum:
    return Sum(
        wire.target,
        wire.by,
        wire.value,
        _outcomes_of(wire.before),
        _outcomes_of(wire.after),
        wire.newly_breached,
        wire.no_longer_breached,
    )


def _outcomes_of(wire: pb.WhatIfOutcomes) -> Outcomes:
    return Outcomes(wire.met, wire.breached, wire.open, wire.cancelled)


def _turn_of(wire: pb.WhatIfTurn) -> Turn:
    return Turn(
        wire.ticket_id,
        wire.target,
        wire.turn,
        _side_of(wire.before) if wire.HasField("before") else None,
        _side_of(wire.after) if wire.HasField("after") else None,
        wire.channel,
        wire.group,
    )


def _side_of(wire: pb.WhatIfSide) -> Side:
    due_at = moment_or_none(wire.due_at, is_set=wire.HasField("due_at"))
    return Side(wire.outcome, due_at, timedelta(seconds=wire.spare_seconds))
