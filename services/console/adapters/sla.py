"""Policies, calendars and clocks from the sla service."""

from datetime import timedelta

import grpc

from chassis.errors import NotFound
from relaydesk.sla.v1 import insight_pb2, service_pb2
from relaydesk.sla.v1.insight_pb2_grpc import InsightServiceStub
from relaydesk.sla.v1.service_pb2_grpc import SlaServiceStub
from services.console.adapters.calendars import draft_of, draft_to_wire, year_of
from services.console.adapters.calls import Caller, moment, moment_or_none
from services.console.adapters.rules import condition_of
from services.console.domain.calendars import CalendarDraft, CalendarYear
from services.console.domain.sla import (
    AtRisk,
    AtRiskList,
    Calendar,
    ClockSegment,
    ExplainedClock,
    ExplainedTarget,
    OpenWindow,
    Pause,
    Policy,
    PolicyTarget,
    RiskCount,
    TargetState,
    TicketClock,
    worst_first,
)


class GrpcSla:
    """Implements the port Sla."""

    def __init__(self, channel: grpc.Channel, caller: Caller) -> None:
        self._stub = SlaServiceStub(channel)
        self._insight = InsightServiceStub(channel)
        self._caller = caller

    def list_policies(self) -> tuple[Policy, ...]:
        answer = self._caller.ask(self._stub.ListPolicies, service_pb2.ListPoliciesRequest())
        return tuple(_policy_of(policy) for policy in sorted(answer.policies, key=lambda p: p.position))

    def list_calendars(self) -> tuple[Calendar, ...]:
        answer = self._caller.ask(self._stub.ListCalendars, service_pb2.ListCalendarsRequest())
        return tuple(_calendar_of(calendar) for calendar in answer.calendars)

    def get_calendar(self, calendar_id: str) -> CalendarDraft:
        request = service_pb2.GetCalendarRequest(id=calendar_id)
        return draft_of(self._caller.ask(self._stub.GetCalendar, request).calendar)

    def calendar_year(self, calendar_id: str, year: int) -> CalendarYear:
        request = service_pb2.PreviewCalendarRequest(id=calendar_id, year=year)
        return year_of(self._caller.ask(self._stub.PreviewCalendar, request))

    def preview_calendar(self, draft: CalendarDraft) -> CalendarYear:
        request = service_pb2.PreviewCalendarRequest(
            calendar=draft_to_wire(draft), expected_version=draft.version
        )
        return year_of(self._caller.ask(self._stub.PreviewCalendar, request))

    def save_calendar(self, draft: CalendarDraft, agent_id: str) -> CalendarDraft:
        request = service_pb2.SaveCalendarRequest(
            calendar=draft_to_wire(draft), expected_version=draft.version
        )
        return draft_of(self._caller.ask(self._stub.SaveCalendar, request, agent_id=agent_id).calendar)

    def get_clock(self, ticket_id: str) -> TicketClock | None:
        request = service_pb2.GetClocksRequest(ticket_ids=[ticket_id])
        clocks = self._caller.ask(self._stub.GetClocks, request).clocks
        return _clock_of(clocks[0]) if clocks else None

    def explain_clock(self, ticket_id: str) -> ExplainedClock | None:
        request = insight_pb2.ExplainClockRequest(ticket_id=ticket_id)
        try:
            answer = self._caller.ask(self._insight.ExplainClock, request)
        except NotFound:
            return None
        targets = tuple(_explained_of(target) for target in answer.targets)
        return ExplainedClock(answer.policy_name, targets, tuple(answer.missing_versions))

    def list_at_risk(self, within: timedelta, page_size: int = 60) -> AtRiskList:
        return self._at_risk(
            service_pb2.ListAtRiskRequest(within_seconds=round(within.total_seconds()), page_size=page_size)
        )

    def count_at_risk(self, within: timedelta, page_size: int, group: str, channel: str) -> AtRiskList:
        return self._at_risk(
            service_pb2.ListAtRiskRequest(
                within_seconds=round(within.total_seconds()),
                page_size=page_size,
                groups=[group] if group else [],
                channels=[channel] if channel else [],
                with_counts=True,
            )
        )

    def _at_risk(self, request: service_pb2.ListAtRiskRequest) -> AtRiskList:
        answer = self._caller.ask(self._stub.ListAtRisk, request)
        tickets = tuple(
            AtRisk(row.ticket_id, row.target, moment(row.due_at), row.group, row.channel, row.is_breached)
            for row in answer.tickets
        )
        return AtRiskList(
            tickets,
            dict(answer.counts_by_group),
            by_group=worst_first(_count_of(count.group, count) for count in answer.counts),
            by_channel=worst_first(_count_of(count.channel, count) for count in answer.counts),
        )


def _count_of(place: str, wire: service_pb2.RiskCount) -> RiskCount:
    return RiskCount(place, wire.overdue, wire.within_15_minutes, wire.within_60_minutes)


def _policy_of(wire: service_pb2.Policy) -> Policy:
    return Policy(
        policy_id=wire.id,
        name=wire.name,
        position=wire.position,
        channels=tuple(wire.channels),
        groups=tuple(wire.groups),
        calendar_id=wire.calendar_id,
        targets=tuple(
            PolicyTarget(
                target.name,
                target.priority,
                timedelta(seconds=target.within_seconds),
                timedelta(seconds=target.warn_before_seconds),
                target.time,
                tuple(timedelta(seconds=lead) for lead in target.also_warn_before_seconds),
                tuple(target.pause_statuses),
            )
            for target in wire.targets
        ),
        pause_statuses=tuple(wire.pause_statuses),
        version=wire.version,
        condition=condition_of(wire.condition),
        counts=tuple(wire.counts),
        is_off=wire.is_off,
    )


def _calendar_of(wire: service_pb2.Calendar) -> Calendar:
    windows = tuple(OpenWindow(window.weekday, window.opens, window.closes) for window in wire.windows)
    return Calendar(wire.id, wire.name, wire.zone, windows, tuple(wire.holidays), wire.version)


def _clock_of(wire: service_pb2.TicketClock) -> TicketClock:
    return TicketClock(
        wire.ticket_id,
        wire.policy_id,
        wire.policy_name,
        tuple(_target_of(target) for target in wire.targets),
        tuple(wire.missing_versions),
    )


def _explained_of(wire: insight_pb2.ExplainedTarget) -> ExplainedTarget:
    segments = tuple(_segment_of(segment) for segment in wire.segments)
    return ExplainedTarget(_target_of(wire.state), wire.time, wire.zone, segments, wire.left_out)


def _segment_of(wire: insight_pb2.ClockSegment) -> ClockSegment:
    elapsed = timedelta(seconds=wire.elapsed_seconds)
    # `from` is a word of Python's own.
    return ClockSegment(moment(getattr(wire, "from")), moment(wire.to), wire.kind, wire.reason, elapsed)


def _target_of(wire: service_pb2.TargetState) -> TargetState:
    return TargetState(
        name=wire.name,
        state=wire.state,
        started_at=moment_or_none(wire.started_at, is_set=wire.HasField("started_at")),
        due_at=moment_or_none(wire.due_at, is_set=wire.HasField("due_at")),
        met_at=moment_or_none(wire.met_at, is_set=wire.HasField("met_at")),
        within=timedelta(seconds=wire.within_seconds),
        elapsed=timedelta(seconds=wire.elapsed_seconds),
        paused=timedelta(seconds=wire.paused_seconds),
        late=timedelta(seconds=wire.late_seconds),
        is_breached=wire.is_breached,
        pauses=tuple(_pause_of(pause) for pause in wire.pauses),
    )


def _pause_of(wire: service_pb2.Pause) -> Pause:
    # `from` is a word of Python's own.
    begins_at = moment(getattr(wire, "from"))
    return Pause(begins_at, moment_or_none(wire.to, is_set=wire.HasField("to")), wire.reason)
