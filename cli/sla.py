"""`relaydesk sla`: policies, what a change of one would turn, a ticket's clock explained, and whether all of it is true."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli import sla_calendars, sla_what_if
from cli.printing import one_line, table, when
from cli.sla_file import read
from cli.system import System
from relaydesk.sla.v1 import insight_pb2, service_pb2
from relaydesk.tickets.v1 import service_pb2 as tickets

# What a check found is told by the exit code; 1 and 2 are taken by failures and by wrong words.
DIFFERS = 3
_TURNS = ("newly_breached", "no_longer_breached", "due_moved", "newly_promised", "no_longer_promised")
# For one page, seconds: logs of long chats are read whole.
_PATIENCE = 300
_FILE = "YAML with `policy:` or `calendar:`, in the words of the API"


def add(words: Any) -> None:
    """Add the words to the command line."""
    group = words.add_parser(
        "sla", help="promises: policies, preview and apply a change, a ticket's clock, verify"
    ).add_subparsers(metavar="WORD", required=True)
    group.add_parser("policies", help="policies in the order in which they are asked").set_defaults(
        run=_policies
    )
    preview = group.add_parser(
        "preview", help="what saving a policy or a calendar would turn; nothing is saved"
    )
    preview.set_defaults(run=_preview)
    preview.add_argument("--limit", type=int, default=50, metavar="N", help="targets to list")
    apply = group.add_parser("apply", help="save a policy or a calendar")
    apply.set_defaults(run=_apply)
    for word in (preview, apply):
        word.add_argument("file", type=Path, help=_FILE)
        word.add_argument(
            "--to",
            choices=("running", "new"),
            required=True,
            help="what runs already too, or only what begins from now on",
        )
    sla_what_if.add(group)
    sla_calendars.add(group)
    clock = group.add_parser("clock", help="why a ticket's clock stands where it stands")
    clock.add_argument("ticket", help="number or id")
    clock.set_defaults(run=_clock)
    verify = group.add_parser(
        "verify",
        help="compute all clocks again from the tickets' log and compare",
        epilog="Exit code: 0 all agree, 1 something failed, 3 some ticket differs.",
    )
    verify.add_argument("--page-size", type=int, default=100, metavar="N", help="tickets a call")
    verify.add_argument("--quiet", action="store_true", help="no progress")
    verify.set_defaults(run=_verify)


def _policies(asked: argparse.Namespace, system: System) -> None:
    policies = system.sla.ListPolicies(service_pb2.ListPoliciesRequest()).policies
    table(
        ("POSITION", "STATE", "NAME", "TARGETS", "CALENDAR", "VERSION", "ID"),
        [
            (
                policy.position,
                "off" if policy.is_off else "on",
                policy.name,
                ",".join(dict.fromkeys(target.name for target in policy.targets)),
                policy.calendar_id,
                policy.version,
                policy.id,
            )
            for policy in policies
        ],
    )


def _preview(asked: argparse.Namespace, system: System) -> None:
    request = insight_pb2.PreviewChangeRequest()
    wire = _wanted(asked)
    if isinstance(wire, service_pb2.Policy):
        request.policy.CopyFrom(wire)
    else:
        request.calendar.CopyFrom(wire)
    request.expected_version = _version_of(wire, system)
    counts: Counter[str] = Counter()
    turned: list[insight_pb2.TurnedTarget] = []
    while True:
        page = system.insight.PreviewChange(request, timeout=_PATIENCE)
        counts.update({name: getattr(page, name) for name in ("checked", "incomplete", *_TURNS)})
        turned += page.targets[: max(0, asked.limit - len(turned))]
        request.page_token = page.next_page_token
        if not request.page_token:
            break
    print(
        f"{counts['checked']} open tickets, of which {counts['incomplete']} are left out as facts are missing"
    )
    table(("TARGETS", "TURN"), [(counts[name], name.replace("_", " ")) for name in _TURNS])
    if turned:
        print()
    table(
        ("TICKET", "TARGET", "TURN", "DUE", "WOULD BE DUE", "CHANNEL", "GROUP"),
        [
            (
                one.ticket_id,
                one.target,
                one.turn.replace("_", " "),
                when(one.due_before) or "-",
                when(one.due_after) or "-",
                one.channel,
                one.group,
            )
            for one in turned
        ],
    )


def _apply(asked: argparse.Namespace, system: System) -> None:
    wire = _wanted(asked)
    version = _version_of(wire, system)
    if isinstance(wire, service_pb2.Policy):
        request = service_pb2.SavePolicyRequest(policy=wire, expected_version=version)
        saved = system.sla.SavePolicy(request).policy.version
    else:
        saved = system.sla.SaveCalendar(
            service_pb2.SaveCalendarRequest(calendar=wire, expected_version=version)
        ).calendar.version
    whom = "what runs too" if asked.to == "running" else "what begins from now on"
    print(f"{wire.id} is at version {saved}, for {whom}")


def _wanted(asked: argparse.Namespace) -> service_pb2.Policy | service_pb2.Calendar:
    wire = read(asked.file)
    wire.applies_to = asked.to
    return wire


def _version_of(wire: service_pb2.Policy | service_pb2.Calendar, system: System) -> int:
    """What is there now; 0 where nothing is."""
    there: list[service_pb2.Policy] | list[service_pb2.Calendar]
    if isinstance(wire, service_pb2.Policy):
        there = list(system.sla.ListPolicies(service_pb2.ListPoliciesRequest()).policies)
    else:
        there = list(system.sla.ListCalendars(service_pb2.ListCalendarsRequest()).calendars)
    return next((one.version for one in there if one.id == wire.id), 0)


def _clock(asked: argparse.Namespace, system: System) -> None:
    ticket_id = asked.ticket
    number = ticket_id.removeprefix("#")
    if number.isdecimal() and len(number) < 16:
        found = system.tickets.GetTicket(tickets.GetTicketRequest(number=int(number)))
        ticket_id = found.ticket.id
    clock = system.insight.ExplainClock(insight_pb2.ExplainClockRequest(ticket_id=ticket_id))
    print(f"policy {clock.policy_name or '-'}, version {clock.policy_version}")
    if clock.missing_versions:
        print(f"incomplete: the facts of version {', '.join(map(str, clock.missing_versions))} have not come")
    for target in clock.targets:
        state = target.state
        due = f", due {when(state.due_at)}" if state.HasField("due_at") else ""
        used = f"{_length(state.elapsed_seconds)} of {_length(state.within_seconds)} {target.time} time"
        print(f"\n{state.name}: {state.state}{due}, {used} in {target.zone}")
        if target.left_out:
            print(f"  ({target.left_out} earlier spans)")
        table(
            ("FROM", "TO", "WHAT", "USED BY THEN"),
            [
                (
                    when(getattr(one, "from")),
                    when(one.to),
                    f"{one.kind}: {one.reason.replace('_', ' ')}" if one.reason else one.kind,
                    _length(one.elapsed_seconds),
                )
                for one in target.segments
            ],
        )


def _verify(asked: argparse.Namespace, system: System) -> int:
    checked = under_way = differing = 0
    for page in _pages(asked.page_size, system):
        checked += page.checked
        under_way += page.under_way
        differing += len(page.differences)
        for one in page.differences:
            print(f"#{one.ticket_number} {one.ticket_id}")
            for reason in one.reasons:
                print(f"  {one_line(reason)}", flush=True)
        if not asked.quiet:
            print(f"{checked} of about {page.total} clocks, {differing} differ", file=sys.stderr)
    print(f"{checked} tickets: {differing} differ, of {under_way} the newest facts are still on their way")
    return DIFFERS if differing else 0


def _pages(size: int, system: System) -> Iterator[insight_pb2.VerifyClocksResponse]:
    request = insight_pb2.VerifyClocksRequest(page_size=size)
    while True:
        page = system.insight.VerifyClocks(request, timeout=_PATIENCE)
        yield page
        request.page_token = page.next_page_token
        if not request.page_token:
            return


def _length(seconds: int) -> str:
    hours, rest = divmod(seconds, 3_600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"
